# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prefixes against ``ipaddress``, regions against sets of packets that are counted one by one."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from _core.errors import InputError
from _core.prefixes import ANY, EVERYTHING, Prefix, Region, dotted, longest_match, merge, parse_address
from hypothesis import given
from hypothesis import strategies as st

addresses = st.integers(0, 2**32 - 1)
lengths = st.integers(0, 32)


def networks() -> st.SearchStrategy[ipaddress.IPv4Network]:
    return st.builds(lambda a, n: ipaddress.IPv4Network((a, n), strict=False), addresses, lengths)


def close_networks() -> st.SearchStrategy[ipaddress.IPv4Network]:
    """Networks of one /24: they overlap often."""
    base = int(ipaddress.IPv4Address("10.1.1.0"))
    return st.builds(
        lambda a, n: ipaddress.IPv4Network((base + a, n), strict=False), st.integers(0, 255), st.integers(23, 32)
    )


def prefix(network: ipaddress.IPv4Network) -> Prefix:
    return Prefix(int(network.network_address), network.prefixlen)


@given(networks())
def test_a_prefix_is_what_ipaddress_says(network: ipaddress.IPv4Network) -> None:
    mine = Prefix.parse(str(network))
    assert mine == prefix(network)
    assert str(mine) == str(network)
    assert mine.address == str(network.network_address)
    assert mine.netmask == str(network.netmask)
    assert mine.wildcard == str(network.hostmask)
    assert dotted(mine.last) == str(network.broadcast_address)
    assert Prefix.from_mask(mine.address, mine.netmask) == mine
    assert Prefix.from_wildcard(mine.address, mine.wildcard) == mine


@given(addresses, lengths)
def test_from_mask_clears_host_bits_as_the_devices_do(address: int, length: int) -> None:
    interface = ipaddress.IPv4Interface((address, length))
    assert Prefix.from_mask(str(interface.ip), str(interface.netmask)) == prefix(interface.network)


@given(addresses)
def test_an_address_survives_the_way_to_text_and_back(address: int) -> None:
    assert dotted(address) == str(ipaddress.IPv4Address(address))
    assert parse_address(dotted(address)) == address


@given(close_networks(), close_networks())
def test_containing_and_overlapping_are_what_ipaddress_says(
    one: ipaddress.IPv4Network, two: ipaddress.IPv4Network
) -> None:
    assert prefix(one).contains(prefix(two)) is two.subnet_of(one)
    assert prefix(one).overlaps(prefix(two)) is one.overlaps(two)


@given(st.lists(close_networks(), max_size=6))
def test_merging_gives_the_fewest_prefixes_with_the_same_addresses(given_: list[ipaddress.IPv4Network]) -> None:
    expected = sorted(ipaddress.collapse_addresses(given_))
    assert list(merge(prefix(network) for network in given_)) == [prefix(network) for network in expected]


@given(st.lists(close_networks(), max_size=6), st.integers(0, 255))
def test_the_longest_match_wins_and_of_equals_the_first(given_: list[ipaddress.IPv4Network], host: int) -> None:
    address = int(ipaddress.IPv4Address("10.1.1.0")) + host
    hits = [n for n in given_ if ipaddress.IPv4Address(address) in n]
    best = max(hits, key=lambda n: n.prefixlen, default=None)
    table = [(prefix(network), f"{index}") for index, network in enumerate(given_)]
    assert longest_match(address, table) == (None if best is None else str(given_.index(best)))


@pytest.mark.parametrize(
    "text", ["", "10.1.1", "10.1.1.256", "10.1.1.1.1", "a.b.c.d", "10.1.1.-1", "10.1.1.٣", " 10.1.1.1", "10.1.1.0001"]
)
def test_only_four_decimal_octets_are_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="not an IPv4 address"):
        parse_address(text)


@pytest.mark.parametrize("mask", ["255.0.255.0", "0.0.0.1", "255.255.255.253"])
def test_a_mask_with_holes_is_refused(mask: str) -> None:
    with pytest.raises(ValueError, match="contiguous"):
        Prefix.from_mask("10.0.0.0", mask)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.1.1.5/24", "Did you mean 10.1.1.0/24"),
        ("2001:db8::/64", "IPv6"),
        ("nonsense", "not an IPv4 network"),
        ("", "not an IPv4 network"),
        ("10.1.1.0/33", "not an IPv4 network"),
        ("10.1.1.0/24\nno shutdown", "not an IPv4 network"),
    ],
)
def test_what_is_no_network_is_refused_with_option_and_remedy(text: str, says: str) -> None:
    with pytest.raises(InputError) as error:
        Prefix.parse(text, "l2l_tunnels[0].networks[1]")
    assert says in str(error.value)
    assert error.value.option == "l2l_tunnels[0].networks[1]"
    assert error.value.remedy


def test_a_host_may_be_written_without_a_mask() -> None:
    assert Prefix.parse("10.1.1.5") == Prefix(parse_address("10.1.1.5"), 32)


# --- regions: every packet of a small world counted -------------------------------------------------------------------

#: Two fields are enough to see whether boxes are cut right; the algebra treats all fields alike.
SIDE = range(16)


def region(boxes: list[tuple[int, int, int, int]]) -> Region:
    result = Region()
    for a, b, c, d in boxes:
        box = ((min(a, b), max(a, b)), (min(c, d), max(c, d)))
        result = result.union(Region((box,)))
    return result


def packets(of: Region) -> set[tuple[int, int]]:
    return {
        packet
        for packet in itertools.product(SIDE, SIDE)
        if any(all(low <= value <= high for value, (low, high) in zip(packet, box, strict=True)) for box in of.boxes)
    }


corner = st.integers(0, 15)
regions = st.lists(st.tuples(corner, corner, corner, corner), max_size=4).map(region)


@given(regions, regions)
def test_set_operations_are_those_of_sets(one: Region, two: Region) -> None:
    assert packets(one.union(two)) == packets(one) | packets(two)
    assert packets(one.intersect(two)) == packets(one) & packets(two)
    assert packets(one.subtract(two)) == packets(one) - packets(two)
    assert one.contains(two) is (packets(two) <= packets(one))
    assert one.overlaps(two) is bool(packets(one) & packets(two))
    assert bool(one) is bool(packets(one))


@given(regions, regions)
def test_boxes_stay_disjoint(one: Region, two: Region) -> None:
    for result in (one.union(two), one.intersect(two), one.subtract(two)):
        for left, right in itertools.combinations(result.boxes, 2):
            assert not Region((left,)).overlaps(Region((right,)))


@given(st.lists(close_networks(), min_size=1, max_size=3), st.lists(close_networks(), min_size=1, max_size=3))
def test_pairs_are_all_packets_between_the_networks(
    sources: list[ipaddress.IPv4Network], destinations: list[ipaddress.IPv4Network]
) -> None:
    whole = Region.pairs(map(prefix, sources), map(prefix, destinations))
    for source in sources:
        for destination in destinations:
            assert whole.contains(Region.pair(prefix(source), prefix(destination)))
    outside = EVERYTHING.subtract(whole)
    assert not outside.overlaps(whole)
    size = sum(
        (box[1][1] - box[1][0] + 1) * (box[3][1] - box[3][0] + 1) for box in whole.boxes
    )  # sources times destinations
    expected = sum(n.num_addresses for n in ipaddress.collapse_addresses(sources)) * sum(
        n.num_addresses for n in ipaddress.collapse_addresses(destinations)
    )
    assert size == expected


@given(close_networks(), close_networks())
def test_a_sample_is_a_packet_of_the_region(one: ipaddress.IPv4Network, two: ipaddress.IPv4Network) -> None:
    sample = Region.pair(prefix(one), prefix(two)).sample()
    assert ipaddress.IPv4Address(sample["source"]) in one
    assert ipaddress.IPv4Address(sample["destination"]) in two


def test_nothing_has_no_sample() -> None:
    with pytest.raises(ValueError, match="empty"):
        Region().sample()


def test_any_holds_everything() -> None:
    assert Region.pair(ANY, ANY).contains(EVERYTHING)
