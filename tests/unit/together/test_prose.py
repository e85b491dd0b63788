# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the reference document prints in its text, typed as it stands: the devices show it in their own spelling, and the
core reads both alike.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.asa import parse, render
from conftest import Site, comparable, seed

#: Typed at the PIX → the lines that it shows for them.
PROSE: dict[str, tuple[list[str], list[str]]] = {
    "exemption": (
        [
            # The document's text as it stands, its 10.2.2.0 included.
            "access-list nonat permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0",
            "nat (inside) 0 access-list nonat",
            "nat (inside) 1 10.1.1.0 255.255.255.0 0 0",
        ],
        [
            "access-list nonat extended permit ip 10.1.1.0 255.255.255.0 10.2.2.0 255.255.255.0",
            "nat (inside) 0 access-list nonat",
            "nat (inside) 1 10.1.1.0 255.255.255.0",
        ],
    ),
    "phase 1": (
        [
            "isakmp enable outside",
            "isakmp policy 10 authentication pre-share",
            "isakmp policy 10 encryption des",
            "isakmp policy 10 hash md5",
            "isakmp policy 10 group 1",
            "isakmp policy 10 lifetime 86400",
        ],
        [
            "crypto isakmp enable outside",
            "crypto isakmp policy 10",
            " authentication pre-share",
            " encryption des",
            " hash md5",
            " group 1",
            " lifetime 86400",
        ],
    ),
}


def typed(lines: list[str]) -> Site:
    site = Site("asa", seed("pix-7.2-start.cfg"))
    shell = site.device.open_shell(privileged=True)
    shell.start()
    for line in ("configure terminal", *lines, "end"):
        answer = shell.feed(f"{line}\r")
        assert "ERROR" not in answer, answer
    return site


def meaning(text: str) -> dict[str, Any]:
    config = parse.parse(text)
    return render.owned_data(config, None, parse.for_version(config.version))


@pytest.mark.parametrize("name", PROSE)
def test_what_is_typed_as_printed_is_shown_in_the_devices_spelling(name: str) -> None:
    lines, shown = PROSE[name]
    start = comparable(seed("pix-7.2-start.cfg"))
    more = [row for row in comparable(typed(lines).text) if row not in start]
    assert more == [row for row in shown if row not in start]
    assert more


@pytest.mark.parametrize("name", PROSE)
def test_what_is_typed_as_printed_is_read_from_the_device_and_means_what_was_printed(name: str) -> None:
    lines, _shown = PROSE[name]
    start = seed("pix-7.2-start.cfg")
    printed = start.replace("pager lines 24\n", "".join(f"{line}\n" for line in lines) + "pager lines 24\n")
    assert printed != start
    held = meaning(typed(lines).session().read())
    assert held == meaning(printed)
    assert held != meaning(start)


def test_a_device_that_was_configured_from_the_text_alone_is_adopted_as_it_is() -> None:
    """All lines of the document without ``extended`` and with ``isakmp`` for ``crypto isakmp``: nothing is left to send."""
    site = typed(
        [
            "access-list IPSec-traffic permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
            "access-list NO-NAT permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0",
            "global (outside) 1 interface",
            "nat (inside) 0 access-list NO-NAT",
            "nat (inside) 1 0 0",
            "crypto ipsec transform-set DYN-TS esp-des esp-md5-hmac",
            "crypto map IPSEC 10 match address IPSec-traffic",
            "crypto map IPSEC 10 set peer 192.168.1.2",
            "crypto map IPSEC 10 set transform-set DYN-TS",
            "crypto map IPSEC interface outside",
            *PROSE["phase 1"][0],
            "tunnel-group 192.168.1.2 type ipsec-l2l",
            "tunnel-group 192.168.1.2 ipsec-attributes",
            "pre-shared-key cisco123",
        ]
    )
    assert comparable(site.text) == comparable(seed("pix-7.2-running-config.cfg"))
    assert site.run()["commands"] == []
