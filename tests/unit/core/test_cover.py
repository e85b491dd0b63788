# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy identities a configuration accepts: against looking at the entries one by one."""

from __future__ import annotations

from _core.acl import AccessList, Ace, Opaque
from _core.asa.model import AsaConfig
from _core.asa.model import MapEntry as AsaEntry
from _core.associations.cover import Cover
from _core.associations.sa import Identity, IpsecSa
from _core.ios.model import DynamicEntry, Interface, IosConfig, MapEntry
from _core.prefixes import Prefix
from hypothesis import given
from hypothesis import strategies as st

#: Networks of a small address space, so that one often holds another.
prefixes = st.integers(28, 32).flatmap(
    lambda length: st.integers(0, 15).map(lambda n: Prefix(n & (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF, length))
)
peers = st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"])
aces = st.builds(Ace.between, st.sampled_from(["permit", "deny"]), prefixes, prefixes)


def pix(entries: list[tuple[list[Ace], list[str]]], bound: bool = True) -> AsaConfig:
    return AsaConfig(
        access_lists={f"A{at}": AccessList(f"A{at}", tuple(found)) for at, (found, _peers) in enumerate(entries)},
        entries={
            ("M", at): AsaEntry("M", at, acl=f"A{at}", peers=tuple(given)) for at, (_found, given) in enumerate(entries)
        },
        bindings={"outside": "M"} if bound else {},
    )


def hub(acl: str | None, entries: tuple[Ace | Opaque, ...] = ()) -> IosConfig:
    return IosConfig(
        interfaces={"Ethernet0/0": Interface("Ethernet0/0", crypto_map="M")},
        access_lists={"L": AccessList("L", entries)},
        dynamic_entries={("D", 10): DynamicEntry("D", 10, acl=acl)},
        entries={("M", 10): MapEntry("M", 10, dynamic="D")},
    )


def sa(local: Prefix, remote: Prefix, peer: str = "192.0.2.1") -> IpsecSa:
    return IpsecSa(peer, local=Identity.of(local), remote=Identity.of(remote))


@given(
    st.lists(st.tuples(st.lists(aces, max_size=5), st.lists(peers, max_size=2)), max_size=3), prefixes, prefixes, peers
)
def test_the_table_says_what_the_entries_say(
    entries: list[tuple[list[Ace], list[str]]], local: Prefix, remote: Prefix, peer: str
) -> None:
    expected = any(
        peer in given_peers
        and ace.action == "permit"
        and ace.source.prefix.contains(local)
        and ace.destination.prefix.contains(remote)
        for found, given_peers in entries
        for ace in found
    )
    assert Cover(pix(entries)).lists(sa(local, remote, peer)) == expected
    assert not Cover(pix(entries, bound=False)).lists(sa(local, remote, peer))


NEAR, FAR = Prefix.parse("10.1.1.0/24"), Prefix.parse("10.2.1.0/24")


def test_a_dynamic_entry_takes_its_list_from_anybody_and_without_a_list_anything() -> None:
    listed = Cover(hub("L", (Ace.between("permit", FAR, NEAR),)))
    assert (listed.open, bool(listed)) == (False, True)
    assert listed.lists(sa(FAR, NEAR, "203.0.113.77"))
    assert not listed.lists(sa(NEAR, FAR))
    anything = Cover(hub(None))
    assert (anything.open, bool(anything)) == (True, True)
    assert not anything.lists(sa(FAR, NEAR))
    assert not Cover(hub("MISSING"))


def test_a_range_that_is_no_prefix_is_within_what_holds_both_its_ends() -> None:
    listed = Cover(hub("L", (Ace.between("permit", FAR, NEAR),)))
    within = IpsecSa("192.0.2.1", local=Identity.of(FAR), remote=Identity(NEAR.network + 3, NEAR.network + 9))
    beyond = IpsecSa("192.0.2.1", local=Identity.of(FAR), remote=Identity(NEAR.network + 3, NEAR.last + 1))
    assert listed.lists(within)
    assert not listed.lists(beyond)


def test_what_is_not_understood_holds_everything() -> None:
    # Nothing is cleared that an entry may still mean.
    opaque = Cover(hub("L", (Opaque("permit ip object-group SITES any"),)))
    assert opaque.lists(sa(NEAR, FAR))
    assert opaque.lists(IpsecSa("192.0.2.1"))
    named = Cover(pix([([Ace.between("permit", FAR, NEAR)], ["hub-of-tokyo"])]))
    assert named.lists(sa(FAR, NEAR, "203.0.113.5"))
