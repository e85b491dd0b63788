# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What devices log while they negotiate for real: each success and each failure in its platform's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .mistakes import KEPT_LOGS, MISTAKES, Found, keep_logs
from .sites import CONFIGURED, SECRET, Site, changed

#: Two branches of the hub, one that it has no key for, one that has no tunnel group, and one that another PIX does not know.
#: Beside them two routers that begin themselves, one of them without a key.
BRANCHES = {
    name: (f"172.16.{n}", f"10.1.{n}") for n, name in enumerate(("pix-a", "pix-b", "pix-c", "pix-d", "pix-e"), 1)
}
LOGGED = "logging enable\nlogging timestamp\nlogging buffered debugging\nmtu inside 1500\n"
KEY = "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n"


def branch(name: str, *edits: tuple[str, str]) -> str:
    outside, inside = BRANCHES[name]
    text = changed(CONFIGURED["pix515e"], ("mtu inside 1500\n", LOGGED), *edits)
    return text.replace("172.16.1.", f"{outside}.").replace("10.1.1.", f"{inside}.")


def hub(*edits: tuple[str, str]) -> str:
    deny = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
    wide = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.0.0 0.0.255.255\n"
    return changed(CONFIGURED["hub"], (deny, wide), *edits)


def calling(number: int, *edits: tuple[str, str]) -> str:
    """A router with a static entry for the hub."""
    entry = "crypto map IPSEC 10 ipsec-isakmp\n set peer 192.168.1.2\n set transform-set DYN-TS\n match address 120\n"
    deny = "access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n"
    ours = f"access-list 120 permit ip 10.1.{number}.0 0.0.0.255 10.2.1.0 0.0.0.255\n"
    text = changed(
        CONFIGURED["hub"],
        ("crypto map IPSEC 10 ipsec-isakmp dynamic DYN\n", entry),
        (deny, f"access-list 100 deny   ip 10.1.{number}.0 0.0.0.255 10.2.1.0 0.0.0.255\n"),
        ("permit ip 10.2.1.0 0.0.0.255 any\n", f"permit ip 10.1.{number}.0 0.0.0.255 any\n{ours}"),
        (" ip address 192.168.1.2 255", f" ip address 172.16.{number}.1 255"),
        (" ip address 10.2.1.1 255", f" ip address 10.1.{number}.2 255"),
        ("0.0.0.0 0.0.0.0 192.168.1.1\n", f"0.0.0.0 0.0.0.0 172.16.{number}.2\n"),
    )
    return changed(text, *edits)


def configs() -> dict[str, str]:
    tunnel_group = (
        "tunnel-group 192.168.1.2 type ipsec-l2l\ntunnel-group 192.168.1.2 ipsec-attributes\n pre-shared-key *\n"
    )
    answers = (
        (" ip address dhcp\n", " ip address 172.16.6.1 255.255.255.0\n"),
        ("0.0.0.0 0.0.0.0 172.16.1.2 1", "0.0.0.0 0.0.0.0 172.16.6.2 1"),
    )
    return {
        "hub": hub((KEY, f"crypto isakmp keepalive 10\n{KEY}"), ("boot-end-marker\n", "boot-end-marker\n!\nlogging buffered 400000\n")),
        "pix-a": branch("pix-a"),
        "pix-b": branch("pix-b"),
        # hub2 has a key for another peer alone
        "hub2": hub(
            (KEY, "crypto isakmp key cisco123 address 203.0.113.1\n"),
            ("192.168.1.2 255", "192.168.2.2 255"), ("192.168.1.1\n", "192.168.2.1\n"),
        ),
        "pix-c": branch("pix-c", ("192.168.1.2", "192.168.2.2")),
        "pix-d": branch("pix-d", (tunnel_group, "")),
        # pix-r has a tunnel group for nobody, and answers pix-e
        "pix-r": changed(
            branch("pix-e", *answers), (tunnel_group, ""), ("10.1.5.2 ", "10.3.1.2 "),
            ("set peer 192.168.1.2", "set peer 172.16.5.1"),
        ),
        "pix-e": branch("pix-e", ("192.168.1.2", "172.16.6.1")),
        "ios-i": calling(7),
        "ios-n": calling(8, (KEY, "crypto isakmp key cisco123 address 203.0.113.1\n")),
    }  # fmt: skip


def topology() -> dict[str, Any]:
    links: dict[str, Any] = {
        "isp-hub": {"port": "hub Ethernet0/0", "gateway": "192.168.1.1/24"},
        "isp-hub2": {"port": "hub2 Ethernet0/0", "gateway": "192.168.2.1/24"},
        "isp-pix-r": {"port": "pix-r Ethernet0", "gateway": "172.16.6.2/24"},
    }
    lans: dict[str, Any] = {
        "lan-hub": {"port": "hub FastEthernet1/0", "address": "10.2.1.10/24", "gateway": "10.2.1.1"},
        "lan-hub2": {"port": "hub2 FastEthernet1/0", "address": "10.2.1.10/24", "gateway": "10.2.1.1"},
        "lan-pix-r": {"port": "pix-r Ethernet1", "address": "10.3.1.10/24", "gateway": "10.3.1.2"},
    }
    for number, name in ((7, "ios-i"), (8, "ios-n")):
        links[f"isp-{name}"] = {"port": f"{name} Ethernet0/0", "gateway": f"172.16.{number}.2/24"}
        lans[f"lan-{name}"] = {
            "port": f"{name} FastEthernet1/0",
            "address": f"10.1.{number}.10/24",
            "gateway": f"10.1.{number}.2",
        }
    for name, (outside, inside) in BRANCHES.items():
        links[f"isp-{name}"] = {"port": f"{name} Ethernet0", "gateway": f"{outside}.2/24", "lease": f"{outside}.1"}
        lans[f"lan-{name}"] = {"port": f"{name} Ethernet1", "address": f"{inside}.10/24", "gateway": f"{inside}.2"}
    return {"links": links, "lans": lans}


@pytest.fixture(scope="module")
def site(start_shared: Callable[..., Site]) -> Site:
    texts = configs()
    like = {name: "pix515e" if name.startswith("pix") else "hub" for name in texts}
    keys = dict.fromkeys(("192.168.1.2", "192.168.2.2", "172.16.6.1"), SECRET)
    return start_shared(topology(), texts, keys, like)


def log(site: Site, device: str, channel: str) -> str:
    return "\n".join(site.world.history(device)[channel])


def in_order(text: str, *parts: str) -> None:
    """All of them are in the text, each behind the one before."""
    place = 0
    for part in parts:
        found = re.compile(part).search(text, place)
        assert found, f"{part!r} is not behind {place} in\n{text[max(0, place - 3000) :]}"
        place = found.end()


def no_faults(site: Site) -> bool:
    return not any(device["faults"] for device in site.world.status()["devices"].values())


# -- what comes up, what is renewed, what goes

PIX_STAGES = (
    "received a key acquire message", "IKE Initiator: New Phase 1, Intf inside, IKE Peer 192.168.1.2",
    r"SENDING Message \(msgid=0\) with payloads : HDR \+ SA", r"RECEIVED Message \(msgid=0\) with payloads : HDR \+ SA",
    "Oakley proposal is acceptable", r"SENDING .* HDR \+ KE", r"RECEIVED .* HDR \+ KE", r"SENDING .* HDR \+ ID",
    r"RECEIVED .* HDR \+ ID", "PHASE 1 COMPLETED", "IKE got SPI from key engine", "Transmitting Proxy Id",
    "Responder forcing change of IPSec rekeying duration from 28800 to 3600 seconds",
    "Security negotiation complete for LAN-to-LAN Group", "PHASE 2 COMPLETED",
)  # fmt: skip
HUB_STAGES = (
    "New State = IKE_R_MM1", "atts are acceptable. Next payload is 3", "New State = IKE_R_MM2",
    "New State = IKE_R_MM3", "New State = IKE_R_MM4", "New State = IKE_R_MM5",
    "SA has been authenticated with 172.16.1.1", "New State = IKE_P1_COMPLETE", "Checking IPSec proposal 1",
    "atts are acceptable", "New State = IKE_QM_SPI_STARVE", "Creating IPSec SAs", "New State = IKE_QM_R_QM2",
    "New State = IKE_QM_PHASE2_COMPLETE",
)  # fmt: skip


def test_both_ends_log_the_same_negotiation_with_the_same_identifiers(site: Site) -> None:
    site.bring_up("lan-pix-a")
    site.until(lambda: "PHASE2_COMPLETE" in log(site, "hub", "isakmp"), "the hub's log")
    pix, there = log(site, "pix-a", "isakmp"), log(site, "hub", "isakmp")
    in_order(pix, *PIX_STAGES)
    in_order(there, *HUB_STAGES)
    pair = site.world.sas("pix-a")["children"][0]
    assert f"Inbound SPI = 0x{pair['spi_in']:08x}, Outbound SPI = 0x{pair['spi_out']:08x}" in pix
    assert f"has spi 0x{pair['spi_out']:X} and conn_id 0 and flags 2" in there
    assert f"has spi {pair['spi_in']} and conn_id 0 and flags A" in there
    ipsec = log(site, "hub", "ipsec")
    assert f"spi= 0x{pair['spi_out']:X}({pair['spi_out']})" in ipsec
    assert f"enable SA with spi {pair['spi_in']}/50" in ipsec
    assert f"New outbound encrypt rule, SPI 0x{pair['spi_out']:08X}" in log(site, "pix-a", "ipsec")
    message = int(re.findall(r"PHASE 2 COMPLETED \(msgid=(\w+)\)", pix)[0], 16)
    assert f"message ID = {message - (1 << 32) if message >> 31 else message}" in there
    assert no_faults(site)


def test_the_log_is_kept_for_people_and_other_tools(site: Site) -> None:
    site.bring_up("lan-pix-a")
    keep_logs("none", {"pix": site.world.history("pix-a"), "hub": site.world.history("hub")})
    assert "PHASE 2 COMPLETED" in (KEPT_LOGS / "none-pix-syslog.txt").read_text(encoding="utf-8")


def test_a_router_under_a_condition_shows_one_of_two_peers(site: Site) -> None:
    world = site.world
    terminal = site.terminal("hub")
    for line in ("debug crypto condition peer ipv4 172.16.2.1", "debug crypto isakmp", "terminal monitor"):
        terminal.send_command(line)

    def counted() -> list[int]:
        return [log(site, "hub", "isakmp").count(f"authenticated with 172.16.{number}.1") for number in (1, 2)]

    # both start at once
    before = counted()
    for name in ("pix-a", "pix-b"):
        site.show(name, "clear crypto isakmp sa")
    asking = [world.start(f"lan-{name}", "ping", "-n", "-i", "0.1", "10.2.1.10") for name in ("pix-a", "pix-b")]
    seen = ""

    def completed() -> bool:
        nonlocal seen
        seen += str(terminal.read_channel())
        return "PHASE2_COMPLETE" in seen and all(now > then for now, then in zip(counted(), before, strict=True))

    site.until(completed, "both peers, and the debug of pix-b")
    for ping in asking:
        ping.finish()
    assert "172.16.2.1" in seen
    # A message of the log is no debug line: what comes late for an SA that was cleared is told whatever the condition.
    assert "172.16.1.1" not in "".join(row for row in seen.splitlines() if "%CRYPTO-4-IKMP_NO_SA" not in row)
    keep_logs("two-peers", {"hub": world.history("hub"), "pix": world.history("pix-b")})
    # the session is whole: what it types is answered
    assert terminal.send_command("undebug all") == "All possible debugging has been turned off"
    for line in ("debug crypto condition reset", "terminal no monitor"):
        terminal.send_command(line)
    assert "OFF" in site.show("hub", "show crypto debug-condition")


def test_a_pix_shows_debugs_to_the_session_that_asked(site: Site) -> None:
    site.bring_up("lan-pix-b")
    terminal = site.terminal("pix-b")
    terminal.send_command("debug crypto isakmp 7")
    site.show("hub", "clear crypto sa peer 172.16.2.1")
    seen = ""

    def told() -> bool:
        nonlocal seen
        seen += str(terminal.read_channel())
        return "Reason: Peer Terminate" in seen

    site.until(told, "the debug of a delete")
    assert re.search(r"^\w{3} \d\d [\d:]{8} \[IKEv1 DEBUG\]: .*processing delete payload", seen, re.MULTILINE)
    terminal.send_command("undebug all")
    assert terminal.send_command("show debug") == ""


def test_the_buffers_hold_what_happened(site: Site) -> None:
    site.bring_up("lan-pix-b")
    shown = site.show("pix-b", "show logging")
    in_order(shown, r"Buffer logging: level debugging", r"%PIX-5-713119: .*PHASE 1 COMPLETED|%PIX-5-713120")
    site.show("hub", "debug crypto ipsec")
    site.show("pix-b", "clear crypto ipsec sa")
    site.bring_up("lan-pix-b")
    in_order(
        site.show("hub", "show logging"),
        r"Log Buffer \(400000 bytes\)",
        r"key_engine_delete_sas",
        r"IPSEC\(create_sa\)",
    )
    site.show("hub", "undebug all")


def test_a_delete_is_told_on_both_ends(site: Site) -> None:
    site.bring_up("lan-pix-a")
    pair = site.world.sas("pix-a")["children"][-1]
    site.show("hub", "clear crypto sa peer 172.16.1.1")
    gone = f"SA (SPI= 0x{pair['spi_in']:08X}) between 172.16.1.1 and 192.168.1.2 (user= 192.168.1.2) has been deleted."
    site.until(lambda: gone in log(site, "pix-a", "syslog"), "the delete")
    in_order(
        log(site, "pix-a", "syslog").partition(f"0x{pair['spi_in']:08x}")[2],
        r"713236: .*HDR \+ HASH \(8\) \+ DELETE \(12\)",
        r"%PIX-5-713050: .*Reason: Peer Terminate  Remote Proxy 10.2.1.0, Local Proxy 10.1.1.0",
        r"%PIX-6-602304: IPSEC: An outbound",
    )
    in_order(
        log(site, "hub", "ipsec"), rf"delete_sa\): deleting SA,\n.*192.168.1.2.*\n    sa_spi= 0x{pair['spi_out']:X}"
    )
    site.show("pix-a", "clear crypto isakmp sa")
    site.until(lambda: "New State = IKE_DEST_SA" in log(site, "hub", "isakmp"), "the end of phase 1")


def test_a_rekey_is_logged_as_a_new_pair_and_the_old_one_goes(site: Site) -> None:
    site.bring_up("lan-pix-a")
    before = site.world.sas("pix-a")["children"][-1]["spi_in"]
    assert site.world.event("rekey", "pix-a", "child") == 1
    gone = f"(SPI= 0x{before:08X}) between 172.16.1.1 and 192.168.1.2 (user= 192.168.1.2) has been deleted."
    site.until(lambda: gone in log(site, "pix-a", "syslog"), "the old pair's end")
    text = log(site, "pix-a", "isakmp")
    rest = text[text.rindex("Transmitting Proxy Id") :]
    in_order(rest, "Security negotiation complete", "PHASE 2 COMPLETED", "IKE Deleting SA: Remote Proxy 10.2.1.0")
    # nobody's connection ended
    assert "Connection terminated" not in rest
    count = log(site, "pix-a", "syslog").count("PHASE 1 COMPLETED")
    assert site.world.event("rekey", "pix-a", "ike") == 1
    site.until(lambda: log(site, "pix-a", "syslog").count("PHASE 1 COMPLETED") > count, "a new phase 1")


def test_keepalives_and_a_peer_that_is_gone_are_logged(site: Site) -> None:
    world = site.world
    site.bring_up("lan-pix-b")
    world.event("dpd", "pix-b")
    in_order(log(site, "pix-b", "isakmp"), r"R-U-THERE \(seq number 0x(\w+)\)", r"R-U-THERE-ACK \(seq number 0x\w+\)")
    site.bring_up("lan-pix-b")
    site.world.event("filter", "isp-pix-b", "udp/500", "udp/4500")
    assert world.event("dpd", "pix-b") == 1
    site.until(lambda: "IKE lost contact" in log(site, "pix-b", "syslog"), "the loss on pix-b")
    in_order(
        log(site, "pix-b", "syslog"),
        r"%PIX-3-713123: .*deleting connection \(keepalive type: DPD\)",
        r"%PIX-4-113019: Group = 192.168.1.2, .*Session Type: IPSecLAN2LAN, .*Reason: Lost Service",
    )
    world.event("dpd", "hub", "172.16.2.1")
    site.until(lambda: "peer 172.16.2.1 not responding!" in log(site, "hub", "isakmp"), "the loss on the hub")
    world.event("filter", "isp-pix-b")
    keep_logs("dpd", {"hub": world.history("hub"), "pix": world.history("pix-b")})


def test_what_a_peer_does_not_know_of_is_logged_when_it_comes(site: Site) -> None:
    """The notifies of two clears are lost: the other end goes on with what is no more."""
    world = site.world
    site.bring_up("lan-pix-a")
    pair = world.sas("pix-a")["children"][-1]
    world.event("filter", "isp-pix-a", "udp/500", "udp/4500")
    site.show("hub", "clear crypto sa peer 172.16.1.1")
    world.event("filter", "isp-pix-a")
    world.ping("lan-pix-a", "10.2.1.10", 1)
    spi = pair["spi_out"]
    said = f"has invalid spi for destaddr=192.168.1.2, prot=50, spi=0x{spi:X}({spi}), srcaddr=172.16.1.1"
    site.until(lambda: said in log(site, "hub", "syslog"), "the unknown SPI")
    world.event("filter", "isp-pix-a", "udp/500", "udp/4500")
    site.show("hub", "clear crypto isakmp")
    world.event("filter", "isp-pix-a")
    no_sa = "%CRYPTO-4-IKMP_NO_SA: IKE message from 172.16.1.1 has no SA and is not an initialization offer"
    site.until(lambda: no_sa in log(site, "hub", "syslog"), "the unknown phase 1")
    site.show("pix-a", "clear crypto isakmp sa")
    assert no_faults(site)


ROUTER_STAGES = (
    "refcount 1 for isakmp_initiator", "New State = IKE_I_MM1", r"\(I\) MM_NO_STATE", "New State = IKE_I_MM2",
    "Checking ISAKMP transform 1 against priority 10 policy", "atts are acceptable. Next payload is 0",
    "New State = IKE_I_MM3", "New State = IKE_I_MM4", "New State = IKE_I_MM5", "SA has been authenticated with 192.168.1.2",
    "New State = IKE_I_MM6", "New State = IKE_P1_COMPLETE", "beginning Quick Mode exchange, M-ID of ",
    "New State = IKE_QM_I_QM1", "Creating IPSec SAs", "New State = IKE_QM_PHASE2_COMPLETE",
)  # fmt: skip


def test_a_router_that_begins_logs_its_side(site: Site) -> None:
    site.bring_up("lan-ios-i")
    keep_logs("router-begins", {"begins": site.world.history("ios-i")})
    in_order(log(site, "ios-i", "isakmp"), *ROUTER_STAGES)
    ipsec = log(site, "ios-i", "ipsec")
    in_order(
        ipsec,
        r"IPSEC\(sa_request\): ,\n.*OUTBOUND local= 172.16.7.1, remote= 192.168.1.2",
        "initialize_sas",
        "enable SA with spi",
    )
    pair = site.world.sas("ios-i")["children"][0]
    assert f"sa_spi= 0x{pair['spi_in']:X}({pair['spi_in']})" in ipsec


# -- what never comes up


def test_a_router_that_begins_without_a_key_sends_nothing(site: Site) -> None:
    site.world.ping("lan-ios-n", "10.2.1.10", seconds=0.5)
    site.until(lambda: "No pre-shared key" in log(site, "ios-n", "isakmp"), "the message")
    in_order(
        log(site, "ios-n", "isakmp"),
        "No pre-shared key with 192.168.1.2!",
        "No Cert or pre-shared address key.",
        "construct_initial_message: Can not start Main mode",
    )
    assert "sending packet" not in log(site, "ios-n", "isakmp")
    assert "172.16.8.1" not in log(site, "hub", "isakmp")


def test_a_router_without_a_key_for_the_peer_says_so(site: Site) -> None:
    site.world.ping("lan-pix-c", "10.2.1.10", seconds=0.5)
    site.until(lambda: "RECEIVED" in log(site, "pix-c", "isakmp"), "the answer")
    in_order(
        log(site, "hub2", "isakmp"),
        "No pre-shared key with 172.16.3.1!",
        "Preshared authentication offered but does not match policy!",
        "atts are not acceptable. Next payload is 0",
        "no offers accepted!",
        r"phase 1 SA policy not acceptable! \(local 192.168.2.2 remote 172.16.3.1\)",
    )
    keep_logs("no-key", {"pix": site.world.history("pix-c"), "hub": site.world.history("hub2")})
    in_order(log(site, "pix-c", "isakmp"), "un-encrypted NO_PROPOSAL_CHOSEN notify message, dropping", "PeerTblEntry")


def test_a_pix_without_a_tunnel_group_says_so_as_the_one_that_asks(site: Site) -> None:
    site.world.ping("lan-pix-d", "10.2.1.10", seconds=0.5)
    site.until(lambda: "713138" in log(site, "pix-d", "syslog"), "the message")
    assert "Group 192.168.1.2 not found and BASE GROUP default preshared key not configured" in log(
        site, "pix-d", "isakmp"
    )
    assert "172.16.4.1" not in log(site, "hub", "isakmp")


def test_a_pix_without_a_tunnel_group_says_so_as_the_one_that_answers(site: Site) -> None:
    site.world.ping("lan-pix-e", "10.2.1.10", seconds=0.5)
    site.until(lambda: "PeerTblEntry" in log(site, "pix-e", "isakmp"), "the end")
    in_order(
        log(site, "pix-r", "isakmp"),
        r"RECEIVED Message \(msgid=0\) with payloads : HDR \+ SA",
        "IKE SA Proposal # 1, Transform # 1 acceptable",
        r"RECEIVED Message \(msgid=0\) with payloads : HDR \+ KE",
        "Can't find a valid tunnel group, aborting...!",
        "Removing peer from peer table failed, no match!",
        "Error: Unable to remove PeerTblEntry",
    )
    assert no_faults(site)
    keep_logs("no-tunnel-group", {"pix": site.world.history("pix-e"), "answering": site.world.history("pix-r")})


def test_a_pix_that_answers_logs_what_it_refuses_and_what_it_takes(site: Site) -> None:
    """The pair of the last test: with a tunnel group, then with a list that mirrors, then with another transform set."""
    world = site.world
    site.type(
        "pix-r",
        "tunnel-group 172.16.5.1 type ipsec-l2l",
        "tunnel-group 172.16.5.1 ipsec-attributes",
        f"pre-shared-key {SECRET}",
    )
    world.ping("lan-pix-e", "10.2.1.10", seconds=0.5)
    site.until(lambda: "QM FSM error" in log(site, "pix-e", "isakmp"), "the refusal")
    in_order(
        log(site, "pix-r", "isakmp"),
        "PHASE 1 COMPLETED",
        "Received remote IP Proxy Subnet data in ID Payload: Address 10.1.5.0, Mask 255.255.255.0, Protocol 0, Port 0",
        "Rejecting IPSec tunnel: no matching crypto map entry for remote proxy 10.1.5.0/255.255.255.0/0/0 "
        "local proxy 10.2.1.0/255.255.255.0/0/0 on interface outside",
        "QM FSM error",
        "Removing peer from correlator table failed, no match!",
        "Session is being torn down. Reason: crypto map policy not found",
    )
    site.until(
        lambda: "Reason: crypto map policy not found" in log(site, "pix-r", "syslog").rpartition("113019")[2], "its end"
    )
    site.type("pix-r", "access-list IPSec-traffic extended permit ip 10.2.1.0 255.255.255.0 10.1.5.0 255.255.255.0")
    world.ping("lan-pix-e", "10.2.1.10", seconds=0.5)
    site.until(lambda: "PHASE 2 COMPLETED" in log(site, "pix-e", "isakmp"), "phase 2")
    pair = world.sas("pix-r")["children"][0]
    in_order(
        log(site, "pix-r", "isakmp"),
        r"Security negotiation complete for LAN-to-LAN Group \(172.16.5.1\) Responder, "
        rf"Inbound SPI = 0x{pair['spi_in']:08x}, Outbound SPI = 0x{pair['spi_out']:08x}",
        "PHASE 2 COMPLETED",
    )
    site.type("pix-e", "crypto ipsec transform-set DYN-TS esp-3des esp-sha-hmac")
    site.show("pix-e", "clear crypto ipsec sa")
    world.ping("lan-pix-e", "10.2.1.10", seconds=0.5)
    site.until(lambda: "All IPSec SA proposals found unacceptable!" in log(site, "pix-r", "isakmp"), "the refusal")
    assert no_faults(site)
    keep_logs("answering-pix", {"pix": world.history("pix-e"), "answering": world.history("pix-r")})


#: Mistake → what the initiator's and the responder's logs say in this order, by channel.
SAID: dict[str, tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]] = {
    "wrong-key": (
        {"isakmp": (r"RESENDING Message \(msgid=0\) with payloads : HDR \+ ID \(5\)", "PeerTblEntry")},
        {"isakmp": ("reserved not zero on ID payload!",),
         "syslog": (r"%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 172.16.\d+.1 failed its sanity check",)},
    ),
    "no-ike-policy": (
        {"isakmp": ("un-encrypted NO_PROPOSAL_CHOSEN notify", "Information Exchange processing failed")},
        {"isakmp": ("default group 5", "Diffie-Hellman group offered does not match policy!",
                    "atts are not acceptable. Next payload is 0", "no offers accepted!", "phase 1 SA policy not acceptable!")},
    ),
    "no-transform-set": (
        {"isakmp": ("PHASE 1 COMPLETED", r"Received non-routine Notify message: No proposal chosen \(14\)", "QM FSM error")},
        {"isakmp": ("ESP_AES", "key length is 256", "invalidated proposal with error 256", "phase 2 SA policy not acceptable!",
                    'reason "QM rejected"'),
         "ipsec": ("transform proposal not supported for identity:", "{esp-aes 256 esp-sha-hmac }")},
    ),
    "no-mirror": (
        {"isakmp": ("Local subnet: 10.1.0.0 mask 255.255.0.0", "No proposal chosen", "QM FSM error",
                    "Removing peer from correlator table failed")},
        {"isakmp": ("invalidated proposal with error 32", "phase 2 SA policy not acceptable!"),
         "ipsec": (r"remote_proxy= 10.1.0.0/255.255.0.0/0/0 \(type=4\)", "map_db_find_best did not find matching map",
                   "proxy identities not supported")},
    ),
    "pfs-mismatch": (
        {"isakmp": ("PHASE 1 COMPLETED", "No proposal chosen", "QM FSM error")},
        {"isakmp": ("SA life duration .basic. of 28800", "phase 2 SA policy not acceptable!")},
    ),
    "static-over-exemption": ({"isakmp": ("PHASE 2 COMPLETED",)}, {"isakmp": ("IKE_QM_PHASE2_COMPLETE",)}),
    "wrong-peer": ({"isakmp": (r"RESENDING .*HDR \+ SA \(1\)", "Removing peer from peer table failed")}, {}),
    "udp-500-filtered": ({"isakmp": (r"RESENDING .*HDR \+ SA \(1\)", "Removing peer from peer table failed")}, {}),
    # no interesting traffic, or nothing that may start: no log
    "no-exemption": ({}, {}),
    "exemption-of-another-network": ({}, {}),
    "map-not-bound": ({}, {}),
    "isakmp-not-enabled": ({}, {}),
    "missing-route": ({}, {}),
}  # fmt: skip
SILENT = {name for name, (here, _) in SAID.items() if not here}
UNHEARD = {"wrong-peer", "udp-500-filtered", *SILENT}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_logged_in_the_words_of_the_sheet(name: str, found_mistakes: dict[str, Found]) -> None:
    found = found_mistakes[name]
    for end, channels in zip(("pix", "hub"), SAID[name], strict=True):
        for channel, parts in channels.items():
            in_order(found.log(end, channel), *parts)
    if name in SILENT:
        assert not any(found.logs[0].values())
    if name in UNHEARD:
        assert not any(found.logs[1].values())
    phase = MISTAKES[name].phase
    assert ("PHASE 1 COMPLETED" in found.log("pix", "syslog")) == (phase >= 1)
    assert ("PHASE 2 COMPLETED" in found.log("pix", "syslog")) == (phase >= 2)


@pytest.mark.parametrize("name", MISTAKES)
def test_no_log_names_a_key(name: str, found_mistakes: dict[str, Found]) -> None:
    text = "\n".join(
        found_mistakes[name].log(end, channel) for end in ("pix", "hub") for channel in ("isakmp", "ipsec", "syslog")
    )
    assert SECRET not in text
    assert MISTAKES[name].key not in text


@pytest.mark.usefixtures("found_mistakes")
def test_each_log_of_a_mistake_is_kept_for_people_and_other_tools() -> None:
    for name in MISTAKES:
        for end in ("pix", "hub"):
            for channel in ("isakmp", "ipsec", "syslog"):
                assert (KEPT_LOGS / f"{name}-{end}-{channel}.txt").is_file()
