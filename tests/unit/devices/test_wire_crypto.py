# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What the crypto stage reads from a configuration, what it decides by the devices' rules, and what it tells strongSwan."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from typing import Any

import pytest
from devices import Device
from devices.wire import cryptochanges, cryptorules
from devices.wire.crypto import EVERYBODY, Crypto, Entry, Keepalive, Key, Policy, Transform, read_crypto
from devices.wire.cryptomarks import Live, Pair, compile_marks
from devices.wire.cryptorules import Proxies, Selector, compile_crypto, secret_for, starters, takes, verdict
from devices.wire.ike import Attempts, missing_route
from devices.wire.names import Joint
from devices.wire.reading import Rule
from devices.wire.trap import Packet, parse
from hypothesis import given, settings
from hypothesis import strategies as st

PIX_ADDRESSES = {"outside": ("172.16.1.1", 24), "inside": ("10.1.1.2", 24)}
IOS_ADDRESSES = {"Ethernet0/0": ("192.168.1.2", 24), "FastEthernet1/0": ("10.2.1.1", 24)}
DES = Transform("DYN-TS", "des", "md5")
Network = ipaddress.IPv4Network


def pix(text: str, *edits: tuple[str, str]) -> Crypto:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return read_crypto(Device.from_text("pix-7.2", text, secrets={"pre_shared_keys": {"192.168.1.2": "cisco123"}}))


def ios(text: str, *edits: tuple[str, str]) -> Crypto:
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    return read_crypto(Device.from_text("ios-12.4", text))


def offer(local: str, remote: str) -> Proxies:
    return Proxies(Selector(Network(local)), Selector(Network(remote)))


# -- reading


def test_the_reference_initiator(golden: Callable[[str], str]) -> None:
    crypto = pix(golden("pix-7.2-running-config.cfg"))
    assert crypto.policies == (
        Policy(10, "des", "md5", "pre-share", 1, 86400),
        Policy(65535, "3des", "sha", "pre-share", 2, 86400),
    )
    assert crypto.keys == (Key("192.168.1.2/32", "cisco123"),)
    assert "cisco123" not in repr(crypto)
    entry = crypto.entries("outside")[0]
    assert (entry.peers, entry.acl, entry.transforms, entry.pfs) == (("192.168.1.2",), "IPSec-traffic", (DES,), None)
    assert (entry.lifetime, entry.kilobytes, entry.complete) == (28800, 4608000, True)
    assert crypto.listens == {"outside"}
    assert not crypto.nat_t
    assert crypto.keepalives["192.168.1.2/32"] == Keepalive(10, 2)


def test_the_reference_responder(golden: Callable[[str], str]) -> None:
    crypto = ios(golden("ios-12.4-running-config.cfg"))
    assert crypto.policies == (Policy(10, "des", "md5", "pre-share", 1, 86400),)
    assert crypto.keys == (Key(EVERYBODY, "cisco123"),)
    entry = crypto.entries("Ethernet0/0")[0]
    assert (entry.dynamic, entry.dynamic_sequence, entry.rules, entry.complete) == ("DYN", 10, None, True)
    assert entry.lifetime == 3600
    assert crypto.nat_t
    assert crypto.keepalives == {}
    assert "Ethernet0/0" in crypto.listens


def test_values_that_are_not_defaults(golden: Callable[[str], str]) -> None:
    crypto = pix(
        golden("pix-7.2-running-config.cfg"),
        ("crypto map IPSEC 10 set peer", "crypto map IPSEC 10 set pfs group5\ncrypto map IPSEC 10 set peer"),
        ("esp-des esp-md5-hmac", "esp-aes-256 esp-sha-hmac"),
        ("crypto isakmp policy 65535", "crypto isakmp nat-traversal  20\ncrypto isakmp policy 65535"),
        (" pre-shared-key *", " pre-shared-key *\n isakmp keepalive disable"),
        ("crypto isakmp enable outside\n", ""),
    )
    entry = crypto.entries("outside")[0]
    assert (entry.pfs, entry.transforms) == (5, (Transform("DYN-TS", "aes256", "sha"),))
    assert crypto.nat_t
    assert "192.168.1.2/32" not in crypto.keepalives
    assert crypto.listens == frozenset()
    crypto = ios(
        golden("ios-12.4-running-config.cfg"),
        (" hash md5\n", " encr aes 256\n group 5\n lifetime 3600\n"),
        ("esp-des esp-md5-hmac", "esp-aes 256 esp-sha-hmac"),
        (" set transform-set DYN-TS\n", " set security-association lifetime seconds 900\n set transform-set DYN-TS\n"),
        ("address 0.0.0.0 0.0.0.0", "address 10.9.0.0 255.255.0.0\ncrypto isakmp keepalive 20 3"),
    )
    assert crypto.policies == (Policy(10, "aes256", "sha", "pre-share", 5, 3600),)
    assert crypto.entries("Ethernet0/0")[0].transforms == (Transform("DYN-TS", "aes256", "sha"),)
    assert crypto.entries("Ethernet0/0")[0].lifetime == 900
    assert crypto.keys[0].peers == "10.9.0.0/16"
    assert crypto.keepalives == {EVERYBODY: Keepalive(20, 3)}


def test_a_key_is_for_its_addresses_unless_they_have_one_of_their_own_or_are_ours(golden: Callable[[str], str]) -> None:
    line = "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0"
    more = f"crypto isakmp key a address 172.16.1.1\ncrypto isakmp key b address 172.16.0.0 255.255.0.0\n{line}"
    plan = compile_crypto(ios(golden("ios-12.4-running-config.cfg"), (line, more)), IOS_ADDRESSES, ["Ethernet0/0"])
    covered = {name: [Network(each) for each in owners] for name, (owners, _) in plan.keys.items()}
    ours = {Network(address) for address, _ in IOS_ADDRESSES.values()}
    # each address is in one of them, once
    everything = [net for nets in covered.values() for net in nets]
    assert sum(net.num_addresses for net in everything) + len(ours) == 2**32
    assert list(ipaddress.collapse_addresses([*everything, *ours])) == [Network("0.0.0.0/0")]
    assert plan.keys["172.16.1.1/32"] == (("172.16.1.1",), "a")
    assert sum(net.num_addresses for net in covered["172.16.0.0/16"]) == 2**16 - 1


def test_a_router_without_a_bound_map_does_not_listen(golden: Callable[[str], str]) -> None:
    crypto = ios(golden("ios-12.4-running-config.cfg"), (" half-duplex\n crypto map IPSEC\n", " half-duplex\n"))
    assert crypto.listens == frozenset()
    assert crypto.entries("Ethernet0/0") == ()


def test_the_reference_of_strongswan(golden: Callable[[str], str]) -> None:
    plan = compile_crypto(pix(golden("pix-7.2-running-config.cfg")), PIX_ADDRESSES, ["outside"])
    own = plan.connections["outside:192.168.1.2/32"]
    # `total length : 144` of the seed's first message: two transforms
    assert own["proposals"] == ["des-md5-modp768", "3des-sha1-modp1024"]
    # the sum is what is offered; `P1 rekey timer: 82080 seconds`
    assert (own["reauth_time"], own["over_time"]) == ("82080", "4320")
    child = own["children"]["IPSEC:10/1"]
    assert child["esp_proposals"] == ["des-md5-modpnone-modp768-modp1024-modp1536"]
    assert (child["local_ts"], child["remote_ts"], child["life_time"]) == (["10.1.1.0/24"], ["10.2.1.0/24"], "28800s")
    assert plan.helpers == {"10.1.1.0/24": "10.1.1.2"}
    plan = compile_crypto(ios(golden("ios-12.4-running-config.cfg")), IOS_ADDRESSES, ["Ethernet0/0"])
    own = plan.connections["Ethernet0/0:0.0.0.0/0"]
    assert list(own["children"]) == ["IPSEC:10:DYN:10/any"]
    assert "dpd_delay" not in own


# -- the devices' rules

LIST = (Rule("permit", "ip", "10.2.1.0/24", None, "10.1.1.0/24"),)
STATIC = Entry("M", 10, peers=("192.0.2.1",), acl="A", rules=LIST, transforms=(DES,))
DYNAMIC = Entry("M", 20, "D", 10, acl="A", rules=LIST, transforms=(DES,))
OPEN = Entry("M", 30, "D", 20, transforms=(DES,))
NARROW, EXACT, WIDE = (
    offer("10.2.1.0/25", "10.1.1.0/24"),
    offer("10.2.1.0/24", "10.1.1.0/24"),
    offer("10.2.1.0/24", "10.1.0.0/16"),
)


@pytest.mark.parametrize(
    ("entry", "platform", "narrow", "exact", "wide"),
    [
        (STATIC, "pix", False, True, False),
        (STATIC, "ios", True, True, False),
        (DYNAMIC, "pix", True, True, False),
        (DYNAMIC, "ios", True, True, False),
        (OPEN, "ios", True, True, True),
    ],
)
def test_what_an_entry_takes(entry: Entry, platform: str, narrow: bool, exact: bool, wide: bool) -> None:
    assert [takes(entry, each, platform, {}) for each in (NARROW, EXACT, WIDE)] == [narrow, exact, wide]


def test_a_denied_network_goes_to_the_next_entry() -> None:
    deny = Entry("M", 5, "D", 5, rules=(Rule("deny", "ip", "10.2.1.0/24", None, "10.1.1.0/24"), Rule("permit", "ip")),
                 transforms=(DES,))  # fmt: skip
    assert verdict([deny, OPEN], None, EXACT, "ios", {}) is OPEN
    assert verdict([deny, OPEN], None, offer("10.9.0.0/16", "10.8.0.0/16"), "ios", {}) is deny


def test_the_first_entry_in_order_answers_and_incomplete_ones_are_skipped() -> None:
    assert verdict([STATIC, DYNAMIC, OPEN], "192.0.2.1", EXACT, "ios", {}) is STATIC
    assert verdict([STATIC, DYNAMIC, OPEN], "192.0.2.9", EXACT, "ios", {}) is DYNAMIC
    assert verdict([STATIC, DYNAMIC, OPEN], "192.0.2.9", WIDE, "ios", {}) is OPEN
    incomplete = Entry("M", 1, peers=("192.0.2.1",), rules=LIST)
    assert not incomplete.complete
    assert verdict([incomplete, STATIC], "192.0.2.1", EXACT, "ios", {}) is STATIC
    missing = Entry("M", 1, "D", 1, acl="NONE", rules=(), transforms=(DES,))
    assert verdict([missing], None, EXACT, "ios", {}) is None


def test_the_key_of_a_host_before_that_of_its_network_before_that_of_everybody() -> None:
    keys = (Key(EVERYBODY, "all"), Key("192.0.2.1/32", "one"), Key("192.0.2.0/24", "net"))
    crypto = Crypto("ios", keys=keys)
    assert [secret_for(crypto, peer) for peer in ("192.0.2.1", "192.0.2.9", "198.51.100.1")] == ["one", "net", "all"]
    assert secret_for(Crypto("ios", keys=keys[1:]), "198.51.100.1") is None


# -- strongSwan's choice, made with what it is given, is the device's


def _range(text: str) -> tuple[int, int]:
    text = text.partition("[")[0]
    if "-" in text:
        first, _, last = text.partition("-")
        return int(ipaddress.IPv4Address(first)), int(ipaddress.IPv4Address(last))
    found = Network(text)
    return int(found[0]), int(found[-1])


def _fit(given: list[str], wanted: Network) -> int:
    """strongSwan's measure (peer_cfg.c, get_ts_match): equal 5, overlapping 1, summed over the selectors."""
    low, high = int(wanted[0]), int(wanted[-1])
    count = 0
    for first, last in map(_range, given):
        if (first, last) == (low, high):
            count += 5
        elif first <= high and low <= last:
            count += 1
    return count


def chosen(connection: dict[str, Any], wanted: Proxies) -> str | None:
    """The child that strongSwan takes for a peer's offer: the first of the best."""
    best, name = 0, None
    for child, values in connection["children"].items():
        local = _fit(values["local_ts"], wanted.local.network)
        remote = _fit(values["remote_ts"], wanted.remote.network)
        if local and remote and local + remote > best:
            best, name = local + remote, child
    return name


def answers(connection: dict[str, Any], wanted: Proxies) -> str | None:
    """The same, None where it refuses: where no child fits, or one does that has nothing to agree on."""
    name = chosen(connection, wanted)
    if name is None or connection["children"][name]["esp_proposals"] == [cryptorules._IMPOSSIBLE]:
        return None
    return name.partition("/")[0]


def crypto_of(platform: str, entries: tuple[Entry, ...]) -> Crypto:
    return Crypto(
        "pix" if platform == "pix" else "ios",
        (Policy(10, "des", "md5", "pre-share", 1, 86400),),
        (Key(EVERYBODY, "k"),),
        {"M": entries},
        {"outside": "M"},
        listens=frozenset({"outside"}),
        ports={"outside": "Ethernet0"},
    )


def networks(first: int) -> st.SearchStrategy[Network]:
    """Networks that often hold each other."""
    base = int(ipaddress.IPv4Address(f"10.{first}.0.0"))
    return (
        st.integers(16, 32)
        .filter(lambda length: length != 31)
        .flatmap(
            lambda length: st.sampled_from([0, 1, 255, 256, 1024]).map(
                lambda step: Network((base + step * (1 << max(0, 32 - length)) % 65536, length), strict=False)
            )
        )
    )


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_strongswan_takes_and_refuses_what_the_device_would(data: st.DataObject) -> None:
    platform = data.draw(st.sampled_from(["pix", "ios"]))
    dynamic = data.draw(st.booleans())
    pairs = data.draw(st.lists(st.tuples(networks(2), networks(1)), min_size=1, max_size=1))
    rules = tuple(Rule("permit", "ip", str(local), None, str(remote)) for local, remote in pairs)
    peers = () if dynamic else ("192.0.2.1",)
    entry = Entry("M", 10, "D" if dynamic else "", 1 if dynamic else 0, peers, "A", rules, (DES,))
    wanted = data.draw(st.tuples(networks(2), networks(1)) | st.sampled_from(pairs), label="offer")
    proxies = Proxies(Selector(wanted[0]), Selector(wanted[1]))
    plan = compile_crypto(crypto_of(platform, (entry,)), {"outside": ("198.51.100.1", 24)}, ["outside"])
    name = "outside:0.0.0.0/0" if dynamic else "outside:192.0.2.1/32"
    expected = verdict([entry], None if dynamic else "192.0.2.1", proxies, platform, {})
    assert (answers(plan.connections[name], proxies) is not None) == (expected is not None)


def test_several_entries_of_a_list_each_take_their_own() -> None:
    pairs = [("10.2.1.0/24", "10.1.1.0/24"), ("10.2.1.0/24", "10.1.0.0/16"), ("10.2.0.0/16", "10.1.1.0/24")]
    rules = tuple(Rule("permit", "ip", local, None, remote) for local, remote in pairs)
    entry = Entry("M", 10, "", 0, ("192.0.2.1",), "A", rules, (DES,))
    plan = compile_crypto(crypto_of("pix", (entry,)), {"outside": ("198.51.100.1", 24)}, ["outside"])
    own = plan.connections["outside:192.0.2.1/32"]
    for number, (local, remote) in enumerate(pairs, 1):
        assert chosen(own, offer(local, remote)) == f"M:10/{number}"
    assert answers(own, offer("10.2.1.0/24", "10.1.1.0/25")) is None
    assert answers(own, offer("10.2.0.0/16", "10.1.0.0/16")) is None


def test_a_dynamic_entry_before_a_static_one_captures_its_peer() -> None:
    """ios-crypto.md B5.2: the static tunnel then comes up with the dynamic entry's parameters, or from our side."""
    strong = Transform("S", "aes256", "sha")
    early = Entry("M", 5, "D", 1, transforms=(DES,))
    late = Entry("M", 10, peers=("192.0.2.1",), acl="A", rules=LIST, transforms=(strong,))
    plan = compile_crypto(crypto_of("ios", (early, late)), {"outside": ("198.51.100.1", 24)}, ["outside"])
    own = plan.connections["outside:192.0.2.1/32"]
    assert answers(own, EXACT) == "M:5:D:1"
    connection, child = starters(plan, "outside", late, LIST[0], {})[0]
    assert plan.connections[connection]["children"][child]["esp_proposals"][0].startswith("aes256-sha1")


def test_pfs() -> None:
    def proposals(pfs: int | None) -> list[str]:
        return cryptorules.esp_proposals(Entry("M", 1, transforms=(DES, Transform("A", "aes256", "sha")), pfs=pfs))

    assert proposals(None) == [
        "des-md5-modpnone-modp768-modp1024-modp1536",
        "aes256-sha1-modpnone-modp768-modp1024-modp1536",
    ]
    assert proposals(5) == ["des-md5-modp1536", "aes256-sha1-modp1536"]
    assert cryptorules.esp_proposals(Entry("M", 1, transforms=(Transform("AH", ah="md5"),))) == ["null-sha512"]


def test_no_connection_where_no_policy_has_a_shared_key() -> None:
    crypto = crypto_of("ios", (OPEN,))
    signed = Crypto(**{**crypto.__dict__, "policies": (Policy(10, "des", "md5", "rsa-sig", 1, 86400),)})
    assert compile_crypto(signed, {"outside": ("198.51.100.1", 24)}, ["outside"]).connections == {}


def test_a_pix_answers_peers_without_a_tunnel_group_and_a_router_those_without_a_key_not() -> None:
    addresses = {"outside": ("198.51.100.1", 24)}
    for platform, names in (
        ("pix", ["outside:192.0.2.1/32", "outside:0.0.0.0/0"]),
        ("ios", ["outside:192.0.2.1/32"]),
    ):
        crypto = crypto_of(platform, (STATIC, OPEN))
        crypto = Crypto(**{**crypto.__dict__, "keys": (Key("192.0.2.1/32", "k"),)})
        plan = compile_crypto(crypto, addresses, ["outside"])
        assert list(plan.connections) == names
        if platform == "pix":
            assert plan.connections["outside:0.0.0.0/0"]["children"] == {}


# -- marks

JOINTS = {"outside": Joint("et0")}
MARKS = """table ip crypto {}
delete table ip crypto
table ip crypto {
\tchain hit_et0_0 {
\t\tip saddr 10.2.1.0/24 ip daddr 10.1.1.0/24 meta mark set 65536 accept
\t\tip daddr { 10.1.1.0/24 } meta mark set 131072 accept
\t\tmeta mark set 262144 accept
\t}
\tchain acl_et0_0 {
\t\tip saddr 10.2.1.0/24 ip daddr 10.1.1.0/24 goto hit_et0_0 comment ""
\t}
\tchain out_et0 {
\t\tjump acl_et0_0 comment "M 10"
\t}
\tchain in_et0 {
\t\tip daddr 198.51.100.1 udp dport { 500, 4500 } accept
\t\tip saddr 10.1.1.0/24 ip daddr 10.2.1.0/24 counter drop comment ""
\t}
\tchain classify {
\t\ttype filter hook prerouting priority mangle + 5; policy accept;
\t\tiifname "n-et0" goto out_et0
\t\tiifname "et0" goto in_et0
\t}
}
"""


def test_marks_of_a_static_entry_with_an_sa() -> None:
    live = Live(frozenset({Pair("outside", STATIC.place, "10.2.1.0/24", "10.1.1.0/24")}))
    addresses = {"outside": ("198.51.100.1", 24)}
    assert compile_marks(crypto_of("ios", (STATIC,)), addresses, JOINTS, live) == MARKS


def test_without_a_list_nothing_is_trapped_and_only_what_was_negotiated_is_encrypted() -> None:
    addresses = {"outside": ("198.51.100.1", 24), "inside": ("10.2.1.1", 24)}
    idle = compile_marks(crypto_of("ios", (OPEN,)), addresses, JOINTS, Live())
    assert "262144" not in idle
    assert "131072" not in idle
    live = Live(frozenset({Pair("outside", OPEN.place, "10.2.1.0/24", "10.1.1.0/24")}))
    busy = compile_marks(crypto_of("ios", (OPEN,)), addresses, JOINTS, live)
    assert "ip saddr 10.2.1.0/24 ip daddr 10.1.1.0/24 meta mark set 65536 accept" in busy
    # in clear it is not taken any more
    assert "ip saddr 10.1.1.0/24 ip daddr 10.2.1.0/24 counter drop" in busy


def test_ike_that_is_off_is_not_heard() -> None:
    crypto = Crypto(**{**crypto_of("pix", (STATIC,)).__dict__, "listens": frozenset()})
    text = compile_marks(crypto, {"outside": ("198.51.100.1", 24)}, JOINTS, Live())
    assert 'iifname "et0" udp dport { 500, 4500 } drop' in text


def test_a_pix_drops_what_comes_in_clear_for_an_sa_alone() -> None:
    addresses = {"outside": ("198.51.100.1", 24)}
    assert "counter drop" not in compile_marks(crypto_of("pix", (STATIC,)), addresses, JOINTS, Live())
    live = Live(frozenset({Pair("outside", STATIC.place, "10.2.1.0/24", "10.1.1.0/24")}))
    assert "counter drop" in compile_marks(crypto_of("pix", (STATIC,)), addresses, JOINTS, live)


# -- what a change ends


def test_each_change_has_a_row_and_each_row_a_change(golden: Callable[[str], str]) -> None:
    seed_pix, seed_ios = golden("pix-7.2-running-config.cfg"), golden("ios-12.4-running-config.cfg")
    first, router = pix(seed_pix), ios(seed_ios)
    bind, match = "crypto map IPSEC interface outside\n", "crypto map IPSEC 10 match address IPSec-traffic\n"
    aes = ("esp-des esp-md5-hmac", "esp-aes 256 esp-sha-hmac")
    cases: dict[str, list[str]] = {
        cryptochanges.UNBOUND: _names(first, pix(seed_pix, (bind, ""))),
        cryptochanges.REPLACED: _names(
            first, pix(seed_pix, (bind, f"{match.replace('IPSEC', 'NEW')}crypto map NEW interface outside\n"))
        ),
        cryptochanges.AGAIN: _names(first, first, bind),
        cryptochanges.DOWN: _names(
            router, ios(seed_ios, (" half-duplex\n crypto", " shutdown\n half-duplex\n crypto"))
        ),
        cryptochanges.IKE_OFF: _names(first, pix(seed_pix, ("crypto isakmp enable outside\n", ""))),
        cryptochanges.SET_PIX: _names(first, first, "crypto ipsec transform-set DYN-TS esp-aes esp-sha-hmac"),
        cryptochanges.SET_IOS: _names(router, ios(seed_ios, aes)),
        cryptochanges.SETTINGS: _names(
            router, ios(seed_ios, (" set transform-set DYN-TS\n", " set transform-set DYN-TS\n set pfs group2\n"))
        ),
        cryptochanges.TRAFFIC: _names(
            first,
            pix(seed_pix, ("IPSec-traffic extended permit ip 10.1.1.0", "IPSec-traffic extended permit ip 10.9.1.0")),
        ),
        cryptochanges.GONE: _names(
            first, pix(seed_pix, (match, match.replace("10 match", "20 match")), *_moved_lines(seed_pix))
        ),
        cryptochanges.KEY: _names(router, ios(seed_ios, ("key cisco123", "key other"))),
        cryptochanges.POLICY: _names(router, ios(seed_ios, (" hash md5\n", " hash md5\n group 2\n"))),
        cryptochanges.OPTIONS: _names(
            router, ios(seed_ios, ("crypto isakmp key", "crypto isakmp keepalive 10\ncrypto isakmp key"))
        ),
    }
    assert {name: found for name, found in cases.items() if found != [name]} == {}
    assert {*cases, cryptochanges.ADDRESS} == set(cryptochanges.CONSEQUENCES)
    assert cryptochanges.ended([], ["192.0.2.1"]).addresses == {"192.0.2.1"}


def _names(before: Crypto, after: Crypto, *events: str) -> list[str]:
    return [change.name for change in cryptochanges.changes(before, after, events)]


def _moved_lines(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.startswith("crypto map IPSEC 10 set")]
    return [(line, line.replace("IPSEC 10", "IPSEC 20")) for line in lines]


def test_nothing_changes_nothing(golden: Callable[[str], str]) -> None:
    crypto = pix(golden("pix-7.2-running-config.cfg"))
    assert list(cryptochanges.changes(crypto, crypto)) == []
    assert not cryptochanges.ended([])


# -- what strongSwan's log and the trap say


def test_how_far_a_main_mode_came() -> None:
    attempts = Attempts(lambda: 0.0)
    for line in (
        "initiating Main Mode IKE_SA outside:192.168.1.2/32[1] to 192.168.1.2",
        "generating ID_PROT request 0 [ SA V V V V ]",
        "sending packet: from 172.16.1.1[500] to 192.168.1.2[500] (192 bytes)",
        "parsed ID_PROT response 0 [ SA V V V ]",
        "generating ID_PROT request 0 [ KE No NAT-D NAT-D ]",
        "giving up after 3 retransmits",
    ):
        attempts.line(1, line)
    found = attempts.get(1)
    assert found
    assert (found.local, found.remote, found.initiator, found.step) == ("172.16.1.1", "192.168.1.2", True, 3)
    assert (found.reason, found.state) == ("no answer", "connecting")
    attempts.line(2, "172.16.1.1 is initiating a Main Mode IKE_SA")
    attempts.line(2, "generating ID_PROT response 0 [ SA V V V ]")
    found = attempts.get(2)
    assert found
    assert (found.initiator, found.step) == (False, 2)
    attempts.forget()
    assert list(attempts) == []


def test_the_network_that_strongswan_needs_an_address_of() -> None:
    line = "error installing route with policy 10.5.0.0/16 === 10.1.1.0/24 out"
    assert missing_route(line) == "10.5.0.0/16"
    assert missing_route("sending packet") is None


def test_packets_in_the_trap() -> None:
    head = bytes.fromhex("4500002800000000400600000a01010a0a02010a")
    assert parse(head + bytes.fromhex("c0000050")) == Packet(
        ipaddress.IPv4Address("10.1.1.10"), ipaddress.IPv4Address("10.2.1.10"), 6, 0xC000, 80
    )
    assert parse(b"\x60" + bytes(39)) is None
    assert parse(head[:12]) is None
    assert threading.active_count() >= 1
