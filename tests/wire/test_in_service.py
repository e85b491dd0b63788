# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adding and taking away on devices in service that others use as well: the one class switches once, no other one does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from devices.wire.client import CapturedLink

from .sites import INTERNET, RESPONDER, SITE, Site, changed, seed
from .test_line_by_line import PAT
from .treatments import probe, shortened, switches

#: A partner's router, and what everybody has for it: entries of the map that is bound, typed by hand before our time.
PARTNER = "203.0.113.9"
_PARTNERS_KEY = "key-of-the-partner"

#: The way of PIX 7.2 and of IOS 12.4 to write them: the forms of the reference's texts.
_PIX_FOREIGN = """access-list OTHER extended permit ip {lan} 255.255.255.0 10.9.1.0 255.255.255.0
access-list NO-NAT extended permit ip {lan} 255.255.255.0 {exempt}
pager lines 24"""
_PIX_MAP = f"""crypto ipsec transform-set OTHER-TS esp-3des esp-sha-hmac
crypto map OUTSIDE 20 match address OTHER
crypto map OUTSIDE 20 set peer {PARTNER}
crypto map OUTSIDE 20 set transform-set OTHER-TS
crypto map OUTSIDE interface outside
crypto isakmp enable outside
crypto isakmp policy 5
 authentication pre-share
 encryption 3des
 hash sha
 group 2
 lifetime 86400
tunnel-group {PARTNER} type ipsec-l2l
tunnel-group {PARTNER} ipsec-attributes
 pre-shared-key {_PARTNERS_KEY}
telnet timeout 5"""
_PIX_NAT = """global (outside) 1 interface
nat (inside) 0 access-list NO-NAT
nat (inside) 1 0.0.0.0 0.0.0.0
route outside"""

_IOS_POLICY = """crypto isakmp policy 5
 encr 3des
 authentication pre-share
 group 2
"""
_IOS_SET = "crypto ipsec transform-set OTHER-TS esp-3des esp-sha-hmac\n"
_IOS_ENTRY = """crypto map OUTSIDE {number} ipsec-isakmp
 set peer {peer}
 set transform-set OTHER-TS
 match address {name}
"""
_IOS_LIST = """ip access-list extended {name}
 permit ip {near} 0.0.0.255 {far} 0.0.0.255
"""


def pix(outside: str, lan: str, exempt: str, *edits: tuple[str, str]) -> str:
    """A PIX with translation and the partner's tunnel; ``exempt`` is where to its LAN goes untranslated."""
    text = changed(
        seed("pix-7.2-start.cfg"),
        ("pager lines 24", _PIX_FOREIGN.format(lan=f"{lan}.0", exempt=exempt)),
        ("telnet timeout 5", _PIX_MAP),
        ("route outside", _PIX_NAT),
        *edits,
    )
    return text.replace("172.16.1.", f"{outside}.").replace("10.1.1.", f"{lan}.")


def router(near: str, address: str, others: Mapping[str, str], *edits: tuple[str, str]) -> str:
    """A router with tunnels by hand to ``others``: peer → the first three octets of its LAN."""
    entries, lists, keys = "", "", ""
    for number, (peer, far) in enumerate(others.items(), 20):
        name = f"OTHER{number}"
        keys += f"crypto isakmp key {_PARTNERS_KEY} address {peer}\n"
        entries += _IOS_ENTRY.format(number=number, peer=peer, name=name)
        lists += _IOS_LIST.format(name=name, near=f"{near}.0", far=f"{far}.0")
    subnet = address.rpartition(".")[0]
    start = seed("ios-12.4-start.cfg").replace("192.168.1.2 ", f"{address} ").replace("192.168.1.1", f"{subnet}.1")
    return changed(
        start.replace("10.2.1.", f"{near}."),
        *edits,
        ("control-plane\n", f"{_IOS_POLICY}{keys}{_IOS_SET}{entries}{lists}control-plane\n"),
        (" half-duplex\n", " half-duplex\n crypto map OUTSIDE\n"),
    )


#: Between two new flows of a class, in seconds: there are thirteen classes.
INTERVAL = 0.04

#: LAN → its host, and name of the class → the other end. The second network of the PIX is on the same host.
FAR, NEAR, SECOND, BRANCH, FOREIGN = "10.2.1.10", "10.1.1.10", "10.1.5.10", "10.1.2.10", "10.9.1.10"
TARGETS: dict[str, tuple[str, dict[str, str]]] = {
    "lan-pix": (NEAR, {"osaka": FAR, "second": FAR, "foreign": FOREIGN, "internet": INTERNET}),
    "lan-pix2": (BRANCH, {"kobe": FAR, "foreign": FOREIGN, "internet": INTERNET}),
    "lan-hub": (FAR, {"osaka": NEAR, "second": SECOND, "kobe": BRANCH, "foreign": FOREIGN, "internet": INTERNET}),
}
SOURCES = {"lan-pix": {"second": SECOND}}
#: LAN → its device, and how that calls the interface.
DEVICES = {
    "lan-pix": ("pix515e", "inside"),
    "lan-pix2": ("pix2", "inside"),
    "lan-hub": ("hub", "FastEthernet1/0"),
}

#: LAN and class: of packets that the LAN sends.
Class = tuple[str, str]
#: What each class meets before there is anything of ours. What goes to kobe's network is exempt already, and back as well.
BEFORE: dict[Class, str] = {
    (lan, name): {"foreign": "E", "kobe": "X"}.get(name, "T")
    for lan, (_, targets) in TARGETS.items()
    for name in targets
}


@dataclass(frozen=True)
class Change:
    """One change of the intent, and what the packets do while it is brought to the devices.

    ``switching``: the classes that meet something else afterwards: what, and how the line begins after which they do.
    ``interrupted``: what is dropped by what is typed by hand. ``arguments``: of the playbook.
    """

    name: str
    tunnels: dict[str, dict[str, Any]]
    switching: dict[Class, tuple[str, str]]
    arguments: tuple[str, ...]
    address: str = "192.168.1.2"
    by_hand: tuple[str, ...] = ()
    interrupted: frozenset[Class] = frozenset()


_OSAKA = {"initiator": "pix515e", "networks": ["10.1.1.0/24", "10.1.5.0/24"]}
_KOBE = {"initiator": "pix2", "networks": ["10.1.2.0/24"]}
_NO_NAT = "access-list NO-NAT extended permit ip"
_TO_HUB = "255.255.255.0 10.2.1.0 255.255.255.0"
_FROM_HUB = "deny ip 10.2.1.0 0.0.0.255"

#: In this order. The lines are those of treatment.md 2.
CHANGES = (
    # Map bound by others, class not translated: the real ACE behind a temporary one; on the router the one line of the map.
    Change(
        "a tunnel of what is exempt already, beside those of others",
        {"kobe": _KOBE},
        {
            ("lan-pix2", "kobe"): ("E", f"access-list L2L-kobe extended permit ip 10.1.2.0 {_TO_HUB}"),
            ("lan-hub", "kobe"): ("E", "crypto map OUTSIDE 30 ipsec-isakmp dynamic L2L-DYN"),
        },
        ("--limit", "hub,pix2"),
    ),
    # Map bound by others, class translated: the exemption is last, on the router the deny.
    Change(
        "an initiator more on the hub, beside another peer of its own",
        {"kobe": _KOBE, "osaka": _OSAKA},
        {
            ("lan-pix", "osaka"): ("E", f"{_NO_NAT} 10.1.1.0 {_TO_HUB}"),
            ("lan-pix", "second"): ("E", f"{_NO_NAT} 10.1.5.0 {_TO_HUB}"),
            ("lan-hub", "osaka"): ("E", f"{_FROM_HUB} 10.1.1.0"),
            ("lan-hub", "second"): ("E", f"{_FROM_HUB} 10.1.5.0"),
        },
        (),
    ),
    # What goes, goes from the responder last: else its answers leave in clear (treatment.md 2).
    Change(
        "a network less, and an initiator less on the hub",
        {"kobe": _KOBE | {"state": "absent"}, "osaka": _OSAKA | {"networks": ["10.1.1.0/24"]}},
        {
            ("lan-pix", "second"): ("T", f"no {_NO_NAT} 10.1.5.0 {_TO_HUB}"),
            ("lan-hub", "second"): ("T", f"no {_FROM_HUB} 10.1.5.0"),
            ("lan-pix2", "kobe"): ("X", f"no access-list L2L-kobe extended permit ip 10.1.2.0 {_TO_HUB}"),
            # The deny that stood was what the tunnel needs, so it is the tunnel's.
            ("lan-hub", "kobe"): ("T", f"no {_FROM_HUB} 10.1.2.0"),
        },
        (),
    ),
    Change(
        "another address of the hub",
        {"osaka": _OSAKA | {"networks": ["10.1.1.0/24"]}},
        {},
        ("--limit", "hub,pix515e"),
        "192.168.1.3",
        ("interface Ethernet0/0", "ip address 192.168.1.3 255.255.255.0"),
        frozenset({("lan-pix", "osaka"), ("lan-hub", "osaka"), ("lan-hub", "foreign")}),
    ),
)


def topology() -> dict[str, Any]:
    links: dict[str, Any] = {
        "isp-hub": {"port": "hub Ethernet0/0", "gateway": "192.168.1.1/24"},
        "isp-partner": {"port": "partner Ethernet0/0", "gateway": "203.0.113.1/24"},
    }
    lans: dict[str, Any] = {
        "lan-hub": {"port": "hub FastEthernet1/0", "address": f"{FAR}/24", "gateway": "10.2.1.1"},
        "lan-partner": {"port": "partner FastEthernet1/0", "address": f"{FOREIGN}/24", "gateway": "10.9.1.1"},
    }
    for lan, name, number, host in (("lan-pix", "pix515e", 1, NEAR), ("lan-pix2", "pix2", 2, BRANCH)):
        subnet = f"172.16.{number}"
        links[f"isp-{lan.removeprefix('lan-')}"] = {
            "port": f"{name} Ethernet0",
            "gateway": f"{subnet}.2/24",
            "lease": f"{subnet}.1",
        }
        lans[lan] = {"port": f"{name} Ethernet1", "address": f"{host}/24", "gateway": f"10.1.{number}.2"}
    lans["lan-pix"]["also"] = [f"{SECOND}/24"]
    return {"links": links, "lans": lans}


def configs() -> dict[str, str]:
    """A PIX whose classes to the hub are translated; one where they are exempt already; the hub has a deny for the latter."""
    denies = """access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.9.1.0 0.0.0.255
access-list 100 deny   ip 10.2.1.0 0.0.0.255 10.1.2.0 0.0.0.255
access-list 100 permit"""
    route = ("route outside 0", "route inside 10.1.5.0 255.255.255.0 10.1.1.10 1\nroute outside 0")
    peers = {"172.16.1.1": "10.1.1", "172.16.2.1": "10.1.2"}
    return {
        "pix515e": pix("172.16.1", "10.1.1", "10.9.1.0 255.255.255.0", route),
        "pix2": pix("172.16.2", "10.1.2", "10.0.0.0 255.0.0.0"),
        "hub": router("10.2.1", "192.168.1.2", {PARTNER: "10.9.1"}, *PAT["hub"], ("access-list 100 permit", denies)),
        "partner": router("10.9.1", PARTNER, {**peers, "192.168.1.2": "10.2.1"}),
    }


#: What the result says of packets → the letter of ``treatments.py``.
_LETTERS = (("protected (", "E"), ("translated and in clear", "T"), ("in clear with its own source", "X"))


def letter(said: str) -> str:
    (found,) = (letter for text, letter in _LETTERS if said.startswith(text))
    return found


def told(lan: str, told_switches: list[dict[str, Any]]) -> dict[Class, tuple[str, str]]:
    """Class → the treatments that ``switches`` of a result name for what a LAN sends, and the line of the last one."""
    found: dict[Class, tuple[str, str]] = {}
    for step in told_switches:
        for change in step["changes"]:
            example = re.match(r"a packet from (\S+) to (\S+) that enters at ", change["packet"])
            if change["enters"] == DEVICES[lan][1] and example:
                each = class_of(lan, example[1], example[2])
                so_far = found.get(each, (letter(change["before"]), ""))[0]
                found[each] = so_far + letter(change["after"]), step["lines"][-1]
    return found


def class_of(lan: str, source: str, destination: str) -> Class:
    """The class of a packet that a LAN sends: by its networks, which are all of 24 bits."""
    own, targets = TARGETS[lan]
    for name, target in targets.items():
        ends = (SOURCES.get(lan, {}).get(name, own), target)
        if [end.rpartition(".")[0] for end in ends] == [end.rpartition(".")[0] for end in (source, destination)]:
            return lan, name
    raise LookupError(f"{lan}: {source} {destination}")


@contextmanager
def flows(site: Site) -> Iterator[Callable[[], tuple[dict[Class, str], dict[str, CapturedLink]]]]:
    """New flows of all classes begin all the time; what is yielded ends them, and gives their letters and the ISP's links."""
    with ExitStack() as stack:
        links = {lan: stack.enter_context(site.world.capture(lan.replace("lan-", "isp-"))) for lan in TARGETS}
        probes = {lan: probe(site, lan, own, SOURCES.get(lan), **targets) for lan, (own, targets) in TARGETS.items()}

        def end() -> tuple[dict[Class, str], dict[str, CapturedLink]]:
            judged = {lan: probes[lan].judged(links[lan]) for lan in probes}
            return {(lan, name): letters for lan in judged for name, letters in judged[lan].items()}, links

        yield end


def associations(site: Site) -> dict[Class, set[int]]:
    """Class → the inbound SPIs of its device that protect it."""
    found: dict[Class, set[int]] = {}
    for lan, (device, _) in DEVICES.items():
        for each in site.world.sas(device)["children"]:
            ends = (each[side].partition("/")[0] for side in ("local_ident", "remote_ident"))
            found.setdefault(class_of(lan, *ends), set()).add(each["spi_in"])
    return found


def bring(site: Site, change: Change) -> dict[str, list[dict[str, Any]]]:
    """Bring a change to the devices; device → which packets meet something else after which line, as the results say."""
    responder = {**RESPONDER, "suite": "aes256-sha-g5", "address": change.address}
    tunnels = [{"name": name, "responder": "hub", **tunnel} for name, tunnel in change.tunnels.items()]
    site.intend([responder], tunnels, "foreign")
    if change.by_hand:
        site.type("hub", *change.by_hand)
    results = site.results(SITE, *change.arguments)
    return {device: [step for row in rows for step in row["switches"]] for device, rows in results.items()}


def reach(site: Site, change: Change, now: Mapping[Class, str]) -> None:
    """Wait until what is to be protected gets through, from the initiators' side."""
    for lan in ("lan-pix", "lan-pix2"):
        own, targets = TARGETS[lan]
        for name, target in targets.items():
            if (lan, name) in {*change.switching, *change.interrupted} and now[lan, name] == "E":
                source = SOURCES.get(lan, {}).get(name, own)
                site.until(lambda a=lan, b=target, c=source: site.world.seen(a, b, source=c) == c, f"{lan}: {name}")  # type: ignore[misc]


def test_each_change_in_service_switches_its_classes_once_and_leaves_those_of_others_alone(
    start: Callable[..., Site],
) -> None:
    """One world for all, for each change begins with what the last one left."""
    site = start(topology(), configs(), like={"pix2": "pix515e", "partner": "hub"})
    # Nobody tells Ansible of the partner.
    del site.playbooks.hosts["partner"]
    for lan in TARGETS:
        site.bring_up(lan, FOREIGN)
    now = dict(BEFORE)
    for change in CHANGES:
        before, after = now, {**now, **{each: letter for each, (letter, _line) in change.switching.items()}}
        standing = associations(site)
        with flows(site) as end:
            results = bring(site, change)
            reach(site, change, after)
            letters, links = end()
            answers = {
                lan: {
                    (packet.source, packet.destination)
                    for packet in link.packets("udp")
                    if packet.source_port == 7 and packet.destination.startswith("10.")
                }
                for lan, link in links.items()
            }
        shown = {f"{lan} {name}": text for (lan, name), text in letters.items()}
        for each, text in letters.items():
            # Before, then after: nothing else in between, and what is of others never changes.
            expected = before[each] if before[each] == after[each] else before[each] + after[each]
            assert switches(text) == expected, (change.name, each, shortened(shown))
            if each not in {*change.switching, *change.interrupted}:
                # A datagram may get lost on a busy machine.
                assert text.count("D") <= len(text) / 50, (change.name, each, shortened(shown))
            assert len(text) > 50, (change.name, each)
        # The hub never answers in clear what came by a tunnel: that is what the order of the devices is for. An initiator
        # that had its tunnel taken away may, for flows that begin behind the hub, until the hub has no association either.
        gone = {each for each in change.switching if after[each] != "E"}
        assert answers.pop("lan-hub") == set(), change.name
        assert {class_of(lan, *ends) for lan in answers for ends in answers[lan]} <= gone, (change.name, answers)
        # The result says the same, and after which line.
        said: dict[Class, tuple[str, str]] = {}
        for lan, (device, _) in DEVICES.items():
            said |= told(lan, results[device]) if device in results else {}
        assert change.switching.keys() <= said.keys(), (change.name, said)
        for each, (treatments, line) in said.items():
            assert treatments[0] == before[each], (change.name, each, said)
            assert switches(treatments) == switches(letters[each]), (change.name, each, said)
            if each in change.switching:
                assert re.sub(r"^\d+ |(?<=\S) line \d+", "", line).startswith(change.switching[each][1]), (
                    change.name,
                    said,
                )
        # Associations of others, and of tunnels that the change has nothing to do with, are those that they were.
        for each, numbers in standing.items():
            if before[each] == after[each] == "E" and each not in change.interrupted:
                assert numbers <= associations(site)[each], (change.name, each)
        now = after
