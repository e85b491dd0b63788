# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit of one end: what it finds, with which packet, and that its lines mend it without a packet in clear."""

from __future__ import annotations

from typing import Any

import pytest
from _core.asa import parse as asa_parse
from _core.audit import audit
from _core.errors import CoreError
from _core.ios import parse as ios_parse
from _core.prefixes import parse_address
from _core.steps import Finding
from _core.treatment import fate_of
from core_support import asa_worlds, golden, ios_worlds
from core_support.asa_device import AsaDevice
from core_support.effort import calls
from core_support.faults import FAULTS, IOS_DENY, LISTED, PIX_EXEMPT, Fault
from core_support.ios_device import IosDevice
from core_support.packets import Packet, changes
from core_support.scenario import KEY, intent, options, plan_asa, plan_ios, replay, responder, tunnel
from hypothesis import given

FILES = {"asa": "pix-7.2-running-config.cfg", "ios": "ios-12.4-running-config.cfg"}
HOSTS = {"asa": "pix", "ios": "hub"}
NAMES = {"ids": lambda value: value.name if isinstance(value, Fault) else None}


def reference(platform: str) -> str:
    return golden.seed(FILES[platform])


def read(platform: str, text: str) -> Any:
    return asa_parse.parse(text) if platform == "asa" else ios_parse.parse(text)


def judged(platform: str, text: str, **given: Any) -> tuple[Finding, ...]:
    wanted = given.pop("wanted", None) or intent()
    return audit(read(platform, text), wanted, HOSTS[platform], options(**given))


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return list(dict.fromkeys(finding.code for finding in findings))


def only(findings: tuple[Finding, ...], code: str) -> Finding:
    (found,) = (finding for finding in findings if finding.code == code)
    return found


# --- the reference --------------------------------------------------------------------------------------------------


def test_the_references_initiator_has_exactly_these_findings() -> None:
    assert [(finding.code, finding.level) for finding in judged("asa", reference("asa"))] == [
        ("idle-timeout-on-initiator", "note"),
        ("static-default-on-dhcp", "warning"),
        *[("weak-algorithm", "warning")] * 5,
        ("weak-built-in-policy", "note"),
    ]


def test_the_references_responder_has_exactly_these_findings() -> None:
    assert [(finding.code, finding.level) for finding in judged("ios", reference("ios"))] == [
        ("clear-without-sa", "warning"),
        ("any-proxy-accepted", "warning"),
        ("wildcard-key", "note"),
        ("no-dpd-on-responder", "note"),
        *[("weak-algorithm", "warning")] * 5,
    ]


@pytest.mark.parametrize("platform", ["asa", "ios"])
def test_without_an_intent_the_devices_own_entries_are_what_was_meant(platform: str) -> None:
    text = reference(platform)
    assert codes(audit(read(platform, text))) == codes(judged(platform, text))


@pytest.mark.parametrize("platform", ["asa", "ios"])
def test_the_findings_of_the_reference_are_as_they_were(platform: str, same_as_golden: golden.Compare) -> None:
    rows = [f"{f.code} ({f.level})\n{_told(f)}" for f in judged(platform, reference(platform))]
    same_as_golden(f"{platform}-audit.txt", "\n".join(rows) + "\n")


def _told(finding: Finding) -> str:
    packet = [f"packet: {finding.packet}"] if finding.packet else []
    rows = [finding.message, *(f"at fault: {line}" for line in finding.lines), *packet]
    return "\n".join(f"  {row}" for row in (*rows, *(f"type: {line}" for line in finding.commands)))


def test_the_slip_of_the_document_is_an_exemption_that_is_missing() -> None:
    text = reference("asa").replace(PIX_EXEMPT, PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0"))
    found = only(judged("asa", text), "exemption-missing")
    assert found.packet
    assert (found.packet.source, found.packet.destination) == ("10.1.1.1", "10.2.1.1")
    assert "nat (inside) 1 0.0.0.0 0.0.0.0" in found.lines


# --- each fault -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS, **NAMES)
def test_a_fault_is_found_with_its_packet_and_its_lines(fault: Fault) -> None:
    found = only(judged(fault.platform, fault.made(reference(fault.platform))), fault.code)
    assert found.commands == fault.commands
    packet = found.packet
    assert (packet and (packet.enters, packet.source, packet.destination)) == fault.packet
    assert " " in found.message
    assert found.as_dict()["commands"] == list(fault.commands)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.walk], **NAMES)
def test_its_lines_mend_it_and_nothing_is_in_clear_on_the_way(fault: Fault) -> None:
    text = fault.made(reference(fault.platform))
    device: Any = AsaDevice(text) if fault.platform == "asa" else IosDevice(text)
    tunnels = {"asa": Packet("10.1.1.9", "10.2.1.9"), "ios": Packet("10.2.1.9", "10.1.1.9")}
    internet = Packet(tunnels[fault.platform].source, "198.51.100.1")
    seen = _seen(device, tunnels[fault.platform])
    others = _seen(device, internet)
    for command in fault.commands:
        device.type(command.replace("********", KEY))
        seen += _seen(device, tunnels[fault.platform])
        others += _seen(device, internet)
    assert tuple(changes(seen)) == fault.walk
    # What is nobody's tunnel keeps its treatment.
    assert len(set(others)) == 1
    assert fault.code not in codes(judged(fault.platform, device.text()))


def _seen(device: Any, packet: Packet) -> list[str]:
    return [device.fate(packet)] if isinstance(device, IosDevice) else [device.fate(packet, incomplete="pass")]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.packet], **NAMES)
def test_the_packet_really_suffers(fault: Fault) -> None:
    """By the treatment model; the live devices' tests send it."""
    if fault.code in ("never-initiates", "idle-timeout-on-initiator", "no-dpd-on-responder", "any-proxy-accepted"):
        return
    config = read(fault.platform, fault.made(reference(fault.platform)))
    found = only(judged(fault.platform, fault.made(reference(fault.platform))), fault.code)
    assert found.packet
    packet = (1, parse_address(found.packet.source), 0, parse_address(found.packet.destination), 0)
    letters = "".join(sorted(letter.value for letter in fate_of(config, found.packet.enters, packet).letters))
    expected = {
        "exemption-missing": "T",
        "exemption-shadowed": "T",
        "static-nat-shadows-exemption": "T",
        "map-not-bound": "X",
        "exempt-but-unprotected": "X",
        "isakmp-not-enabled": "D",
        "tunnel-group-missing": "D",
        "key-missing": "D",
        "clear-without-sa": "V",
        "dynamic-entry-before-static": "E",
    }
    assert letters == expected[fault.code]


# --- what one fault has to do with another --------------------------------------------------------------------------


def test_an_exemption_alone_would_send_in_clear_what_no_map_protects_so_it_has_no_lines_yet() -> None:
    text = reference("asa").replace(PIX_EXEMPT, PIX_EXEMPT.replace("10.2.1.0", "10.2.2.0"))
    text = text.replace("crypto map IPSEC interface outside\n", "")
    found = judged("asa", text)
    assert only(found, "map-not-bound").commands == ("crypto map IPSEC interface outside",)
    missing = only(found, "exemption-missing")
    assert missing.commands == ()
    assert "only once the crypto map protects it" in missing.message


def test_the_same_on_a_router() -> None:
    text = reference("ios").replace(IOS_DENY, "").replace(" crypto map IPSEC\n", "")
    missing = only(judged("ios", text), "exemption-missing")
    assert missing.commands == ()
    assert "only once the crypto map protects it" in missing.message


def test_a_map_with_entries_of_others_is_not_bound_by_a_line_of_ours() -> None:
    text = reference("asa").replace(
        "crypto map IPSEC interface outside\n", "crypto map IPSEC 20 set peer 203.0.113.9\n"
    )
    found = only(judged("asa", text), "map-not-bound")
    assert found.commands == ()
    assert "would bring crypto map IPSEC 20 to life" in found.message


def test_a_policy_that_others_use_keeps_its_idle_time() -> None:
    shared = (
        "group-policy HUB internal\ngroup-policy HUB attributes\n vpn-idle-timeout 5\n"
        "tunnel-group 203.0.113.9 type ipsec-l2l\ntunnel-group 203.0.113.9 general-attributes\n default-group-policy HUB\n"
        "tunnel-group 192.168.1.2 general-attributes\n default-group-policy HUB\n"
    )
    text = reference("asa").replace("telnet timeout 5\n", f"{shared}telnet timeout 5\n")
    found = only(judged("asa", text), "idle-timeout-on-initiator")
    assert found.commands == ()
    assert "203.0.113.9" in found.message
    assert found.lines == ("group-policy HUB attributes", " vpn-idle-timeout 5")


def test_tunnels_that_never_idle_out_are_no_finding() -> None:
    policy = "group-policy DfltGrpPolicy attributes\n vpn-idle-timeout none\n"
    text = reference("asa").replace("telnet timeout 5\n", f"{policy}telnet timeout 5\n")
    assert "idle-timeout-on-initiator" not in codes(judged("asa", text))


def test_a_filter_that_drops_tunnel_traffic_is_named() -> None:
    text = reference("asa").replace(
        "route outside",
        "access-list IN extended deny ip any 10.2.0.0 255.255.0.0\naccess-list IN extended permit ip any any\n"
        "access-group IN in interface inside\nroute outside",
    )
    found = only(judged("asa", text), "not-protected")
    assert "is dropped, because of 'access-group IN in interface inside'" in found.message
    assert found.commands == ()


def test_an_entry_in_front_that_takes_the_tunnels_traffic_is_named() -> None:
    text = reference("asa").replace(
        "crypto map IPSEC 10 match address",
        "crypto map IPSEC 5 match address IPSec-traffic\ncrypto map IPSEC 5 set peer 203.0.113.9\n"
        "crypto map IPSEC 5 set transform-set DYN-TS\ncrypto map IPSEC 10 match address",
    )
    text = text.replace("telnet timeout 5\n", "tunnel-group 203.0.113.9 type ipsec-l2l\n"
                        "tunnel-group 203.0.113.9 ipsec-attributes\n pre-shared-key *\ntelnet timeout 5\n")  # fmt: skip
    found = only(judged("asa", text), "not-protected")
    assert "is protected by 203.0.113.9, not by 192.168.1.2" in found.message


def test_a_line_that_is_not_understood_is_a_note_and_names_it() -> None:
    text = reference("ios").replace(
        " ip address 10.2.1.1 255.255.255.0\n", " ip address 10.2.1.1 255.255.255.0\n ip policy route-map ELSEWHERE\n"
    )
    found = only(judged("ios", text), "not-judged")
    assert found.level == "note"
    assert "ip policy route-map ELSEWHERE" in found.lines[0]


def test_a_network_of_the_intent_that_no_route_reaches_is_named() -> None:
    for platform, where, kept in (("asa", {"tunnels": [tunnel(networks=["10.99.1.0/24"])]}, "outside"),
                                  ("ios", {"responders": [responder(networks=["10.99.1.0/24"])]}, "Ethernet0/0")):  # fmt: skip
        found = only(judged(platform, reference(platform), wanted=intent(**where)), "not-protected")
        assert f"10.99.1.0/24 lies behind {kept}" in found.message


def test_a_static_default_route_behind_the_lease_is_a_way_of_last_resort() -> None:
    text = reference("asa").replace("ip address dhcp", "ip address dhcp setroute")
    assert "static-default-on-dhcp" in codes(judged("asa", text))
    spare = text.replace("0.0.0.0 0.0.0.0 172.16.1.2 1", "0.0.0.0 0.0.0.0 172.16.1.2 250")
    assert "static-default-on-dhcp" not in codes(judged("asa", spare))


def test_an_identity_that_is_no_address_is_named_on_both_platforms() -> None:
    text = reference("asa").replace("crypto isakmp enable", "crypto isakmp identity hostname\ncrypto isakmp enable")
    assert "identity-not-address" in codes(judged("asa", text))
    text = reference("ios").replace("crypto isakmp key", "crypto isakmp identity hostname\ncrypto isakmp key")
    assert "identity-not-address" in codes(judged("ios", text))


def test_the_start_configurations_lack_the_whole_entry() -> None:
    for platform, name in (("asa", "pix-7.2-start.cfg"), ("ios", "ios-12.4-start.cfg")):
        found = only(judged(platform, golden.seed(name)), "no-crypto-entry")
        assert found.packet
        assert "state: present" in found.message


def test_a_device_without_tunnels_has_next_to_nothing_to_say() -> None:
    assert codes(audit(read("asa", golden.seed("pix-7.2-start.cfg")))) == ["weak-built-in-policy"]
    assert audit(read("ios", golden.seed("ios-12.4-start.cfg"))) == ()
    gone = audit(read("ios", golden.seed("ios-12.4-start.cfg")), intent(), "hub", options(), absent=True)
    assert gone == ()


def test_no_finding_holds_a_key() -> None:
    for fault in FAULTS:
        text = fault.made(reference(fault.platform)).replace("pre-shared-key *", f"pre-shared-key {KEY}")
        assert KEY not in str([finding.as_dict() for finding in judged(fault.platform, text)])


# --- no noise -------------------------------------------------------------------------------------------------------

RIGHT = responder(
    suite="aes256-sha-g5", allow_weak_crypto="legacy", match_address=True, dpd={"interval": 20, "retry": 3}
)


def test_a_device_that_is_right_has_notes_only() -> None:
    wanted = intent([RIGHT])
    leased = golden.seed("pix-7.2-start.cfg").replace("ip address dhcp", "ip address dhcp setroute")
    pix = AsaDevice(leased.replace("route outside 0.0.0.0 0.0.0.0 172.16.1.2 1\n", ""))
    router = IosDevice(golden.seed("ios-12.4-start.cfg"))
    chosen = options({}, pat="present")
    replay(pix, plan_asa(pix, wanted, chosen).steps)
    replay(router, plan_ios(router, wanted, chosen).steps)
    found = audit(read("asa", pix.text()), wanted, "pix", chosen)
    assert {(f.code, f.level) for f in found} == {
        ("idle-timeout-on-initiator", "note"),
        ("weak-algorithm", "note"),
        ("weak-built-in-policy", "note"),
    }
    found = audit(read("ios", router.text()), wanted, "hub", chosen)
    assert {(f.code, f.level) for f in found} == {("wildcard-key", "note"), ("weak-algorithm", "note")}


def test_tunnels_of_others_are_no_findings_of_ours() -> None:
    device = asa_worlds.start(asa_worlds.PAT + asa_worlds.OTHERS_EXEMPT + asa_worlds.EXEMPTION + asa_worlds.OTHERS)
    replay(device, plan_asa(device, intent([RIGHT]), options({})).steps)
    found = audit(read("asa", device.text()), intent([RIGHT]), "pix", options({}))
    assert not any("203.0.113.9" in str(finding.as_dict()) or "10.9." in str(finding.as_dict()) for finding in found)


def test_a_deny_for_a_network_that_is_not_the_hubs_is_nobodys_business_here() -> None:
    other = "access-list 100 deny   ip 10.99.0.0 0.0.255.255 10.98.0.0 0.0.255.255\n"
    text = reference("ios").replace(IOS_DENY, IOS_DENY + other)
    assert "exempt-but-unprotected" not in codes(judged("ios", text))


#: What says that tunnel traffic is not protected.
_BROKEN = {"no-crypto-entry", "map-not-bound", "isakmp-not-enabled", "tunnel-group-missing", "key-missing",
           "exemption-missing", "exemption-shadowed", "not-protected", "not-judged"}  # fmt: skip


@given(asa_worlds.worlds(), asa_worlds.intents())
def test_after_any_plan_of_an_initiator_no_tunnel_is_called_unprotected(device: AsaDevice, given_: Any) -> None:
    wanted = intent(*given_)
    chosen = options({"crypto_acl": "L2L-{tunnel}"})
    try:
        plan = plan_asa(device, wanted, chosen)
    except CoreError:
        return
    replay(device, plan.steps)
    found = audit(read("asa", device.text()), wanted, "pix", chosen)
    assert not [finding.message for finding in found if finding.code in _BROKEN]


@given(ios_worlds.worlds(), ios_worlds.intents())
def test_after_any_plan_of_a_responder_no_tunnel_is_called_unprotected(device: IosDevice, given_: Any) -> None:
    wanted = intent(*given_)
    try:
        plan = plan_ios(device, wanted, options())
    except CoreError:
        return
    replay(device, plan.steps)
    found = audit(ios_parse.parse(device.text(), device.show_access_lists()), wanted, "hub", options())
    assert not [finding.message for finding in found if finding.code in _BROKEN]
    listed = wanted.responders[0].match_address
    assert ("clear-without-sa" in codes(found)) is not listed


def test_a_hub_of_two_thousand_sites_is_judged_by_no_more_work_than_reading_it_takes_some_times() -> None:
    tunnels = [
        tunnel(name=f"t{i}", initiator=f"pix{i}", networks=[f"10.{100 + i // 256}.{i % 256}.0/24"]) for i in range(2000)
    ]
    denies = "".join(
        f"access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.{100 + i // 256}.{i % 256}.0 0.0.0.255\n" for i in range(2000)
    )
    permits = denies.replace("access-list 100 deny  ", " permit")
    text = reference("ios").replace(IOS_DENY, denies)
    for old, new in LISTED:
        text = text.replace(old, new.replace(" permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\n", permits))
    wanted = intent([RIGHT], tunnels)
    config = read("ios", text)
    found = audit(config, wanted, "hub", options())
    # To search all by all takes a hundred times as much.
    assert calls(lambda: audit(config, wanted, "hub", options())) < 10 * calls(lambda: read("ios", text))
    assert "exemption-missing" not in codes(found)
    assert "exempt-but-unprotected" not in codes(found)
