# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is typed at a device that carries traffic: pings from its interfaces, clears, counts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from .sites import CONFIGURED, INTERNET, SECRET, Site, spis


@pytest.fixture(scope="module")
def site(start_shared: Callable[..., Site]) -> Site:
    return start_shared(configs=CONFIGURED, keys={"192.168.1.2": SECRET})


def encaps(site: Site, name: str) -> int:
    return int(re.findall(r"#pkts encaps: (\d+)", site.show(name, "show crypto ipsec sa"))[0])


def counted(text: str) -> int:
    return int(text.split()[0])


def test_a_ping_of_the_pix_from_its_inside_brings_the_tunnel_up(site: Site) -> None:
    assert spis(site.show("pix515e", "show crypto ipsec sa")) == set()
    # the first packets are lost while it comes up
    site.until(lambda: "!" in site.show("pix515e", "ping inside 10.2.1.1"), "an answer")
    assert len(spis(site.show("pix515e", "show crypto ipsec sa"))) == 2
    assert site.show("pix515e", "ping inside 10.2.1.10").count("!") == 5


def test_a_ping_of_the_router_from_its_inside_goes_through_the_tunnel(site: Site) -> None:
    site.bring_up()
    before = encaps(site, "hub")
    assert "Success rate is 100 percent (5/5)" in site.show("hub", "ping 10.1.1.10 source FastEthernet1/0")
    assert encaps(site, "hub") == before + 5


def test_counters_are_cleared_and_the_association_stays(site: Site) -> None:
    site.bring_up()
    pair = spis(site.show("pix515e", "show crypto ipsec sa"))
    for name, command in (("pix515e", "clear crypto ipsec sa counters"), ("hub", "clear crypto sa counters")):
        site.world.ping("lan-pix", "10.2.1.10", 2)
        assert encaps(site, name) >= 2
        site.show(name, command)
        assert encaps(site, name) == 0
        assert site.world.ping("lan-pix", "10.2.1.10", 2) == 2
        assert encaps(site, name) == 2
    assert spis(site.show("pix515e", "show crypto ipsec sa")) == pair


@pytest.mark.parametrize("end", ["pix515e", "hub"])
def test_one_entry_is_cleared_by_its_spi(end: str, site: Site) -> None:
    site.bring_up()
    pair = site.world.sas(end)["children"][-1]
    command = {
        "pix515e": f"clear crypto ipsec sa entry {pair['peer']} esp {pair['spi_out']:08X}",
        "hub": f"clear crypto sa entry {pair['peer']} esp {pair['spi_out']}",
    }[end]
    other = command.replace(f"{pair['spi_out']:08X}", "1").replace(str(pair["spi_out"]), "1")
    site.show(end, other)
    assert pair["spi_in"] in spis(site.show(end, "show crypto ipsec sa"))
    site.show(end, command)
    assert pair["spi_in"] not in spis(site.show(end, "show crypto ipsec sa"))


def test_a_session_that_is_logged_off_loses_both_phases(site: Site) -> None:
    site.bring_up()
    shown = site.show("pix515e", "show vpn-sessiondb detail l2l")
    assert "Session Type: LAN-to-LAN Detailed" in shown
    said = site.show("pix515e", "vpn-sessiondb logoff ipaddress 192.168.1.2 noconfirm")
    assert said == 'INFO: Number of sessions with ipaddress "192.168.1.2" logged off : 1'
    assert "no isakmp sas" in site.show("pix515e", "show crypto isakmp sa")
    assert "no active sessions" in site.show("pix515e", "show vpn-sessiondb l2l")


def test_translations_are_counted_and_cleared(site: Site) -> None:
    for name, lan, count, clear in (
        ("pix515e", "lan-pix", "show xlate count", "clear xlate"),
        ("hub", "lan-hub", "show ip nat translations", "clear ip nat translation *"),
    ):
        flow = site.world.flow(lan, INTERNET, protocol="tcp", interval=0.05)
        flow.wait_for("\n3 ")

        def there(name: str = name, count: str = count) -> int:
            text = site.show(name, count)
            return counted(text) if name == "pix515e" else text.count("tcp ")

        assert there() == 1
        if name == "hub":
            assert site.show("hub", "show ip nat translations total") == "Total number of translations: 1"
            assert "Total active translations: 1 (0 static, 1 dynamic; 1 extended)" in site.show(
                "hub", "show ip nat statistics"
            )
        else:
            assert counted(site.show("pix515e", "show conn count")) >= 1
        flow.finish()
        site.show(name, clear)
        assert there() == 0
