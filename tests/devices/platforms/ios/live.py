# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""IOS: what a living router shows and clears: security associations, sessions, translations, routes, ping.

The upper half are pure functions from records to text; the lower half are the effects of the rows. Lines are those of
12.4 mainline; `Layout` says what later trains print otherwise, for clients that know only those.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...engine import Call, Refused, Reply, Result
from ...wire.base import Chosen
from ...wire.ping import Pinged
from ...wire.sa import ChildSa, IkeSa, Snapshot
from .. import live
from ..live import Flow, clock, flows, network, pair_numbers, plant_of, snapshot, with_mask
from .common import full_name

if TYPE_CHECKING:
    from ...store import Item
    from ...wire.plant import Plant
    from ...wire.translations import Translation

_ESP = {
    "des": "esp-des",
    "3des": "esp-3des",
    "aes128": "esp-aes",
    "aes192": "esp-192-aes",
    "aes256": "esp-256-aes",
    "null": "esp-null",
}
_HMAC = {"md5": "esp-md5-hmac", "sha": "esp-sha-hmac"}


@dataclass(frozen=True)
class Layout:
    """What differs by train."""

    # Section lines `IPv4 Crypto ISAKMP SA` (12.4T on), the column `slot` (up to 12.4T)
    sections: bool = False
    slot: bool = True
    # First connection number of an IPsec SA
    base: int = 2001
    # Lines and words of 15.x: plaintext mtu, PFS, sibling_flags, ACTIVE(ACTIVE)
    plaintext: bool = False
    # The word of a session's line: `IKE SA`, later `IKEv1 SA` with a line `Session ID` above it
    ike: str = "IKE SA"
    session_id: bool = False


CLASSIC = Layout()
# 15.x: captures (genieparser, ntc-templates); no version of this package prints it yet
FIFTEEN = Layout(sections=True, slot=False, base=1, plaintext=True, ike="IKEv1 SA", session_id=True)


# -- phase 1


def _state(sa: IkeSa) -> str:
    if sa.state == "established":
        return "QM_IDLE"
    if sa.state == "deleted" or sa.step < 2:
        return "MM_NO_STATE"
    # MM2 agreed on a policy, MM4 on keys (Deal, table 16-1)
    return "MM_SA_SETUP" if sa.step < 4 else "MM_KEY_EXCH"


def _connection(sa: IkeSa) -> int:
    # 12.4: a number only once a policy is agreed on (seed's debug); the first message's SA has 0 (captures)
    return sa.number if sa.encryption or sa.state == "established" else 0


def _by_peer(sas: Iterable[IkeSa]) -> list[IkeSa]:
    """Rows of one peer stand together, the living first (measured on 17.15)."""
    shown = list(sas)
    order = list(dict.fromkeys(sa.remote for sa in shown))
    return sorted(shown, key=lambda sa: (order.index(sa.remote), sa.state == "deleted"))


def isakmp_sa(found: Snapshot, layout: Layout = CLASSIC) -> str:
    """`show crypto isakmp sa`: `dst` is the responder, `src` the initiator."""
    title = "dst             src             state          conn-id slot status"
    lines = ["IPv4 Crypto ISAKMP SA"] if layout.sections else []
    lines.append(title if layout.slot else title.replace("slot ", ""))
    for sa in _by_peer(found.ike):
        responder, initiator = (sa.remote, sa.local) if sa.initiator else (sa.local, sa.remote)
        status = "ACTIVE (deleted)" if sa.state == "deleted" else "ACTIVE"
        slot = f"{0:>5}" if layout.slot else ""
        lines.append(f"{responder:<16}{initiator:<16}{_state(sa):<16}{_connection(sa):>6}{slot} {status}")
    if layout.sections:
        return "\n".join([*lines, "", "IPv6 Crypto ISAKMP SA", ""])
    return "\n".join([*lines, ""]) if found.ike else lines[0]


_CODES = """\
Codes: C - IKE configuration mode, D - Dead Peer Detection
       K - Keepalives, N - NAT-traversal
       X - IKE Extended Authentication
       psk - Preshared key, rsig - RSA signature
       renc - RSA encryption"""


def isakmp_sa_detail(found: Snapshot, layout: Layout = CLASSIC) -> str:
    """`show crypto isakmp sa detail`: columns of captures of 15; the codes without cTCP in 12.4 mainline (recall)."""
    lines = _CODES.split("\n")
    if layout.sections:
        lines.append("IPv4 Crypto ISAKMP SA")
    lines += ["", "C-id  Local           Remote          I-VRF  Status Encr Hash   Auth DH Lifetime Cap.", ""]
    for sa in _by_peer(found.ike):
        number = _connection(sa)
        suite = "3des" if sa.encryption == "3des" else sa.encryption.rstrip("0123456789")
        auth = "psk" if sa.encryption else ""
        lines.append(
            f"{number:<6}{sa.local:<16}{sa.remote:<16}{'':<7}{'ACTIVE':<7}{suite:<5}{sa.hash:<7}{auth:<5}"
            f"{sa.group or '':<3}{clock(sa.remaining):<9}{_capabilities(sa):<5}"
        )
        engine = "????" if sa.state != "established" else str(number)
        lines += [f"       Engine-id:Conn-id =  SW:{engine}", ""]
    return "\n".join([*lines, "IPv6 Crypto ISAKMP SA", ""] if layout.sections else lines)


def _capabilities(sa: IkeSa) -> str:
    return ("D" if sa.dpd else "") + ("N" if sa.nat_t else "")


def peers(found: Snapshot) -> str:
    """`show crypto isakmp peers`: captures of 15."""
    lines: list[str] = []
    for sa in found.ike:
        if sa.state == "established":
            lines += [f"Peer: {sa.remote} Port: {sa.remote_port} Local: {sa.local}", f" Phase1 id: {sa.remote}"]
    return "\n".join(lines)


# -- phase 2


def _hex(spi: int) -> str:
    # upper case, no zeros in front (genieparser)
    return f"0x{spi:X}({spi})"


def _sa(pair: ChildSa, spi: int, number: int, flow: Flow, layout: Layout, passed: int) -> list[str]:
    settings = "Tunnel UDP-Encaps, " if pair.nat_t else "Tunnel, "
    siblings = ", sibling_flags 80000040" if layout.plaintext else ""
    connection = layout.base + number - 1
    return [
        f"      spi: {_hex(spi)}",
        f"        transform: {' '.join(filter(None, (_ESP[pair.encryption], _HMAC.get(pair.hash))))} ,",
        f"        in use settings ={{{settings}}}",
        f"        conn id: {connection}, flow_id: SW:{number}{siblings}, crypto map: {flow.map}",
        f"        sa timing: remaining key lifetime (k/sec): ({pair.kilobytes}/{max(0, pair.remaining - passed)})",
        f"        IV size: {16 if pair.encryption.startswith('aes') else 8} bytes",
        "        replay detection support: Y",
        f"        Status: ACTIVE{'(ACTIVE)' if layout.plaintext else ''}",
    ]


_DETAIL = (
    # ntc-templates, genieparser; the lines on tags are of 15
    "#pkts no sa (send) {send}, #pkts invalid sa (rcv) 0",
    "#pkts encaps failed (send) 0, #pkts decaps failed (rcv) 0",
    "#pkts invalid prot (recv) 0, #pkts verify failed: {receive}",
    "#pkts invalid identity (recv) 0, #pkts invalid len (rcv) 0",
    "#pkts replay rollover (send): 0, #pkts replay rollover (rcv) 0",
    "##pkts replay failed (rcv): 0",
    "#pkts internal err (send): 0, #pkts internal err (recv) 0",
)
_TAGS = (
    "#pkts tagged (send): 0, #pkts untagged (rcv): 0",
    "#pkts not tagged (send): 0, #pkts not untagged (rcv): 0",
)


def _block(flow: Flow, numbers: Mapping[int, int], layout: Layout, *, detail: bool, sas: bool, pause: int) -> list[str]:
    out, into = flow.sum("packets_out"), flow.sum("packets_in")
    spi = flow.newest.spi_out if flow.newest else 0
    errors = {"send": flow.errors.send, "receive": flow.errors.receive}
    failed: tuple[str, ...] = ("#send errors {send}, #recv errors {receive}",)
    if detail:
        failed = (*_DETAIL[:-1], *_TAGS, _DETAIL[-1]) if layout.plaintext else _DETAIL
    plain = f"plaintext mtu {1500 - 62}, " if layout.plaintext else ""
    lines = [
        "   protected vrf: (none)",
        f"   local  ident (addr/mask/prot/port): ({with_mask(flow.local_ident)}/0/0)",
        f"   remote ident (addr/mask/prot/port): ({with_mask(flow.remote_ident)}/0/0)",
        f"   current_peer {flow.peer} port {flow.port}",
        f"     PERMIT, flags={{{'' if flow.dynamic else 'origin_is_acl,'}}}",
        f"    #pkts encaps: {out}, #pkts encrypt: {out}, #pkts digest: {out}",
        f"    #pkts decaps: {into}, #pkts decrypt: {into}, #pkts verify: {into}",
        "    #pkts compressed: 0, #pkts decompressed: 0",
        "    #pkts not compressed: 0, #pkts compr. failed: 0",
        "    #pkts not decompressed: 0, #pkts decompress failed: 0",
        *("    " + line.format(**errors) for line in failed),
        "",
        f"     local crypto endpt.: {flow.local}, remote crypto endpt.: {flow.peer}",
        f"     {plain}path mtu 1500, ip mtu 1500, ip mtu idb {flow.interface}",
        f"     current outbound spi: {_hex(spi)}",
    ]
    if layout.plaintext:
        group = flow.newest.pfs if flow.newest else None
        lines.append(f"     PFS (Y/N): {'Y' if group else 'N'}, DH group: {f'group{group}' if group else 'none'}")
    if not sas:
        return lines
    for way, offset in (("in", 0), ("out", 1)):
        for protocol in ("esp", "ah", "pcp"):
            lines += ["", f"     {way}bound {protocol} sas:"]
            for pair in flow.pairs if protocol == "esp" else ():
                number = 2 * numbers[pair.spi_in] - 1 + offset
                lines += _sa(pair, getattr(pair, f"spi_{way}"), number, flow, layout, pause * offset)
    return lines


def ipsec_sa(
    found: Snapshot,
    layout: Layout = CLASSIC,
    *,
    detail: bool = False,
    peer: str = "",
    crypto_map: str = "",
    interface: str = "",
    identity: bool = False,
    pause: int = 0,
) -> str:
    """`show crypto ipsec sa [peer | map | interface | identity] [detail]`.

    `pause`: seconds that pass between the inbound and the outbound SAs (the seed's reader turned a page there).
    While keys are renewed the older pair stands first (recall).
    """
    shown = [each for each in flows(found, idle=True) if peer in ("", each.peer)]
    shown = [each for each in shown if crypto_map in ("", each.map) and interface in ("", each.interface)]
    if not shown:
        return "\nNo SAs found"
    numbers = pair_numbers(found)
    lines: list[str] = []
    head: tuple[str, str] = ("", "")
    for each in shown:
        if head != (each.interface, each.map):
            head = (each.interface, each.map)
            lines += ["", f"interface: {each.interface}"]
            lines.append(f"    Crypto map tag: {each.map}, local addr {each.local}")
        lines += ["", *_block(each, numbers, layout, detail=detail, sas=not identity, pause=pause)]
    return "\n".join([*lines, ""])


# -- sessions


def _end(ident: str) -> str:
    found = network(ident)
    return f"host {found.network_address}" if found.prefixlen == 32 else with_mask(ident)


_LEGEND = [
    "Code: C - IKE Configuration mode, D - Dead Peer Detection     ",
    "K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     ",
    "X - IKE Extended Authentication, F - IKE Fragmentation",
    "R - IKE Auto Reconnect",
    "",
]


def sessions(
    found: Snapshot,
    layout: Layout = CLASSIC,
    *,
    detail: bool = False,
    peer: str = "",
    names: Mapping[str, str] | None = None,
) -> str:
    """`show crypto session [detail | remote ADDRESS]`: genieparser's and ntc-templates' captures.

    `names`: interfaces by address, for phase 1 SAs that belong to no entry yet.
    """
    lines = ["Crypto session current status", "", *(_LEGEND if detail else [])]
    shown = flows(found, idle=True)
    known = {**(names or {}), **{each.local: each.interface for each in shown}}
    living = [replace(sa, interface=sa.interface or known.get(sa.local, "")) for sa in found.ike]
    living = [sa for sa in living if sa.state != "deleted"]
    places = [(each.interface, each.peer) for each in shown] + [(sa.interface, sa.remote) for sa in living]
    for place in dict.fromkeys(places):
        if peer in ("", place[1]):
            mine = [each for each in shown if (each.interface, each.peer) == place]
            ike = [sa for sa in living if (sa.interface, sa.remote) == place]
            lines += [*_session(place, mine, ike, layout, detail), ""]
    return "\n".join(lines) + ("\n" if len(lines) == 2 else "")


def _status(pairs: bool, ike: Sequence[IkeSa]) -> str:
    # the five words: a driver in production, ntc-templates, genieparser
    if pairs:
        return "UP-ACTIVE" if any(sa.state == "established" for sa in ike) else "UP-NO-IKE"
    if any(sa.state == "established" for sa in ike):
        return "UP-IDLE"
    return "DOWN-NEGOTIATING" if ike else "DOWN"


def _session(
    place: tuple[str, str], mine: Sequence[Flow], ike: Sequence[IkeSa], layout: Layout, detail: bool
) -> list[str]:
    interface, peer = place
    established = [sa for sa in ike if sa.state == "established"]
    status = _status(any(each.pairs for each in mine), ike)
    port = established[-1].remote_port if established else next((each.port for each in mine), 500)
    lines = [f"Interface: {interface}"]
    if detail and (established or status == "UP-NO-IKE"):
        first = established[0] if established else next(each.pairs[0] for each in mine if each.pairs)
        lines.append(f"Uptime: {clock(first.lifetime - first.remaining)}")
    lines.append(f"Session status: {status}     ")
    if detail:
        identity = peer if established else "(none)"
        lines += [f"Peer: {peer} port {port} fvrf: (none) ivrf: (none)", f"      Phase1_id: {identity}"]
        lines.append("      Desc: (none)")
    else:
        lines.append(f"Peer: {peer} port {port} ")
    for sa in ike:
        if layout.session_id:
            lines.append("  Session ID: 0  ")
        word = "Active" if sa.state == "established" else "Inactive"
        lines.append(f"  {layout.ike}: local {sa.local}/{sa.local_port} remote {sa.remote}/{sa.remote_port} {word} ")
        if detail:
            number = _connection(sa) if word == "Active" else 0
            left = clock(sa.remaining) if word == "Active" else "0"
            lines.append(f"          Capabilities:{_capabilities(sa) or '(none)'} connid:{number} lifetime:{left}")
    for each in mine:
        lines.append(f"  IPSEC FLOW: permit ip {_end(each.local_ident)} {_end(each.remote_ident)} ")
        # `dynamic crypto map`: recall
        origin = "dynamic crypto map" if each.dynamic else "crypto map"
        lines.append(f"        Active SAs: {2 * len(each.pairs)}, origin: {origin}")
        if detail:
            newest = each.newest
            life = f"life (KB/Sec) {newest.kilobytes}/{newest.remaining}" if newest else "life (KB/Sec) 0/0"
            lines.append(f"        Inbound:  #pkts dec'ed {each.sum('packets_in')} drop {each.errors.receive} {life}")
            lines.append(f"        Outbound: #pkts enc'ed {each.sum('packets_out')} drop {each.errors.send} {life}")
    return lines


# -- maps and the engine


def wildcard(ident: str) -> str:
    """`10.1.1.0 0.0.0.255`, `host 10.1.1.1`, `any`."""
    found = network(ident)
    if found.prefixlen == 0:
        return "any"
    return f"host {found.network_address}" if found.prefixlen == 32 else f"{found.network_address} {found.hostmask}"


def temporary_entries(found: Snapshot, crypto_map: str) -> list[tuple[int, str, str, int, list[str]]]:
    """The entries that a dynamic map made: number, peer, dynamic map, its entry, and the networks as lines of a list.

    Numbered from 65536 on, one for each peer (capture of 12.4T or 15).
    """
    made: dict[tuple[str, str, int], list[str]] = {}
    for each in flows(found):
        if each.map == crypto_map and each.dynamic and each.newest:
            ace = f"permit ip {wildcard(each.local_ident)} {wildcard(each.remote_ident)}"
            made.setdefault((each.peer, each.dynamic, each.newest.dynamic_sequence), []).append(ace)
    return [(65536 + place, *key, lines) for place, (key, lines) in enumerate(made.items())]


_ENGINE = {
    "des": "DES_56_CB",
    "3des": "3DES_56_C",
    "aes128": "AES_CBC",
    "aes192": "AES_CBC",
    "aes256": "AES_CBC",
    "null": "NULL",
}
_ENGINE_HASH = {"md5": "HMAC_MD5", "sha": "HMAC_SHA"}


def engine(found: Snapshot, names: Mapping[str, str], layout: Layout = CLASSIC) -> str:
    """`show crypto engine connections active`, the form of 12.x (recall); `names`: interfaces by address."""
    lines = ["", "  ID Interface            IP-Address      State  Algorithm           Encrypt  Decrypt"]

    def row(number: int, port: str, address: str, algorithm: str, out: int, into: int) -> str:
        return f"{number:>4} {port:<20} {address:<15} {'set':<6} {algorithm:<18} {out:>8} {into:>8}"

    for sa in found.ike:
        if sa.state == "established":
            algorithm = f"{_ENGINE_HASH[sa.hash]}+{_ENGINE[sa.encryption]}"
            lines.append(row(sa.number, sa.interface or names.get(sa.local, ""), sa.local, algorithm, 0, 0))
    numbers = pair_numbers(found)
    for each in found.children:
        algorithm = f"{_ENGINE[each.encryption]}+{_ENGINE_HASH.get(each.hash, '')}".rstrip("+")
        number = layout.base + 2 * (numbers[each.spi_in] - 1)
        lines.append(row(number, each.interface, each.local, algorithm, 0, each.packets_in))
        lines.append(row(number + 1, each.interface, each.local, algorithm, each.packets_out, 0))
    return "\n".join([*lines, ""])


# -- translations


def translations(table: Sequence[Translation]) -> str:
    """`show ip nat translations`, the classic columns 4, 23, 42, 61; nothing at all without entries."""
    if not table:
        return ""
    lines = ["Pro Inside global      Inside local       Outside local      Outside global"]
    for each in table:
        line = each.protocol
        values = (each.inside_global, each.inside_local, each.outside_local, each.outside_global)
        for start, value in zip((4, 23, 42, 61), values, strict=True):
            line = f"{line:<{start - 1}} {value or '---'}"
        lines.append(line)
    return "\n".join(lines)


def is_static(each: Translation) -> bool:
    """Is it an entry that the configuration made (nothing outside belongs to it)?"""
    return each.outside_global in ("", "---")


# -- routes


_Row = tuple[ipaddress.IPv4Network, str, str]


def routes(table: Iterable[Chosen], legend: Sequence[str]) -> str:
    """`show ip route`: subnets under a line for their network; a default route from DHCP has distance 254 (capture)."""
    shown: list[_Row] = []
    default: Chosen | None = None
    for entry in table:
        found = network(entry.prefix)
        if entry.hop is None:
            shown.append((found, "S" if entry.distance else "C", f"is directly connected, {entry.port.name}"))
        elif found.prefixlen:
            shown.append((found, "S", f"[{entry.distance}/0] via {entry.hop}"))
        else:
            default = entry
    hop = f"{default.hop} to network 0.0.0.0" if default else "not set"
    lines = [*legend, f"Gateway of last resort is {hop}", ""]
    for major, group in _majors(shown).items():
        inner = sorted(group, key=lambda each: (each[0].network_address, each[0].prefixlen))
        lengths = {found.prefixlen for found, _, _ in inner}
        if lengths == {major.prefixlen}:
            lines += [f"{code}    {found} {rest}" for found, code, rest in inner]
        elif len(lengths) == 1:
            lines.append(f"     {major.network_address}/{lengths.pop()} is subnetted, {len(inner)} subnets")
            lines += [f"{code}       {found.network_address} {rest}" for found, code, rest in inner]
        else:
            lines.append(f"     {major} is variably subnetted, {len(inner)} subnets, {len(lengths)} masks")
            lines += [f"{code}       {found} {rest}" for found, code, rest in inner]
    if default:
        lines.append(f"S*   0.0.0.0/0 [{default.distance}/0] via {default.hop}")
    return "\n".join(lines)


def _majors(shown: Iterable[_Row]) -> dict[ipaddress.IPv4Network, list[_Row]]:
    """Networks by the classful network that they are part of."""
    groups: dict[ipaddress.IPv4Network, list[_Row]] = {}
    for each in shown:
        first = int(each[0].network_address) >> 24
        length = 8 if first < 128 else 16 if first < 192 else 24
        major = each[0].supernet(new_prefix=length) if each[0].prefixlen >= length else each[0]
        groups.setdefault(major, []).append(each)
    return groups


# -- ping


def pinged(result: Pinged, *, source: str = "") -> str:
    """What `ping` prints in 12.x, a blank line before it; seventy marks in a line (recall)."""
    count = len(result.marks)
    share = 100 * result.answered // count if count else 0
    lines = [
        "",
        "Type escape sequence to abort.",
        f"Sending {count}, {result.size}-byte ICMP Echos to {result.address}, timeout is 2 seconds:",
    ]
    if source:
        lines.append(f"Packet sent with a source address of {source} ")
    lines += [result.marks[start : start + 70] for start in range(0, count, 70)]
    tail = f"Success rate is {share} percent ({result.answered}/{count})"
    if result.times:
        times = [max(1, round(time)) for time in result.times]
        tail += f", round-trip min/avg/max = {min(times)}/{sum(times) // len(times)}/{max(times)} ms"
    return "\n".join([*lines, tail])


# -- effects of rows


def show_isakmp(call: Call, plant: Plant) -> Result:
    """`show crypto isakmp sa [detail]`."""
    found = plant.crypto.sas()
    return isakmp_sa_detail(found) if "detail" in call.words else isakmp_sa(found)


def show_peers(_call: Call, plant: Plant) -> Result:
    """`show crypto isakmp peers`."""
    return peers(plant.crypto.sas())


def show_ipsec(call: Call, plant: Plant) -> Result:
    """`show crypto ipsec sa ...`."""
    return ipsec_sa(
        plant.crypto.sas(),
        detail="detail" in call.words,
        peer=call["peer"],
        crypto_map=call["map"],
        interface=(full_name(call["interface"]) or call["interface"]) if call.has("interface") else "",
        identity="identity" in call.words,
    )


def _names(call: Call) -> dict[str, str]:
    """The interfaces by their addresses."""
    plant = plant_of(call.device)
    return {address: name for name, (address, _length) in plant.addresses().items()} if plant else {}


_BRIEF = """\
Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, N - Negotiating
        K - No IKE
ivrf = (none)
           Peer     I/F          Username   Group/Phase1_id           Uptime Status"""
_SHORT = {"UP-ACTIVE": "UA", "UP-IDLE": "UI", "UP-NO-IKE": "UK", "DOWN-NEGOTIATING": "DN", "DOWN": "D"}


def sessions_brief(found: Snapshot, names: Mapping[str, str]) -> str:
    """`show crypto session brief`: legend, columns and `UA` of ios-show.md C3.1 (widths recall)."""
    lines = [_BRIEF]
    shown = flows(found, idle=True)
    living = [
        replace(sa, interface=sa.interface or names.get(sa.local, "")) for sa in found.ike if sa.state != "deleted"
    ]
    places = [(each.interface, each.peer) for each in shown] + [(sa.interface, sa.remote) for sa in living]
    for interface, peer in dict.fromkeys(places):
        ike = [sa for sa in living if (sa.interface, sa.remote) == (interface, peer)]
        pairs = any(each.pairs for each in shown if (each.interface, each.peer) == (interface, peer))
        up = [sa for sa in ike if sa.state == "established"]
        age = clock(up[0].lifetime - up[0].remaining) if up else ""
        short = re.sub(r"^([A-Za-z]{2})[A-Za-z]*", r"\1", interface)
        identity = peer if up else ""
        lines.append(f"{peer:>15} {short:<12} {'':<10} {identity:<20} {age:>11} {_SHORT[_status(pairs, ike)]:>6}")
    return "\n".join(lines)


def show_session(call: Call, plant: Plant) -> Result:
    """`show crypto session [detail | brief | remote ADDRESS]`."""
    names = _names(call)
    if "brief" in call.words:
        return sessions_brief(plant.crypto.sas(), names)
    return sessions(plant.crypto.sas(), detail="detail" in call.words, peer=call["peer"], names=names)


def show_engine(call: Call) -> Result:
    """`show crypto engine connections active`."""
    return engine(snapshot(call.device), _names(call))


def in_use(call: Call, rule: Item) -> bool:
    """Do translations hold a rule?"""
    plant = plant_of(call.device)
    return bool(call.device.translations) if plant is None else bool(plant.nat.in_use(rule.text))


def end_translations(call: Call, rule: Item | None = None) -> None:
    """The translations that traffic made go: all, or those of a rule, or those that the line names."""
    call.device.translations.clear()
    plant = plant_of(call.device)
    if plant is not None:
        plant.nat.clear(rule.text if rule else None, local=call["inner"] or None, mapped=call["mapped"] or None)


def show_translations(call: Call, plant: Plant) -> Result:
    """`show ip nat translations [total]`."""
    table = plant.nat.translations()
    if "total" in call.words:
        return f"Total number of translations: {len(table)}"
    return translations(table) or None


def show_statistics(call: Call, plant: Plant) -> Result:
    """`show ip nat statistics`: genieparser. Hits and misses as far as the NAT stage counts them."""
    table = plant.nat.translations()
    fixed = sum(is_static(each) for each in table)
    dynamic = len(table) - fixed
    sides: dict[str, list[str]] = {"outside": [], "inside": []}
    for item in call.config.find("interface"):
        for line in item.block.find("nat"):
            sides[line["side"]].append(f"  {item['name']}")
    hits, misses = int(getattr(plant.nat, "hits", 0) or 0), int(getattr(plant.nat, "misses", 0) or 0)
    lines = [f"Total active translations: {len(table)} ({fixed} static, {dynamic} dynamic; {dynamic} extended)"]
    lines += ["Outside interfaces:", *sides["outside"], "Inside interfaces: ", *sides["inside"]]
    lines += [f"Hits: {hits}  Misses: {misses}", f"CEF Translated packets: {hits}, CEF Punted packets: 0"]
    lines += ["Expired translations: 0", "Dynamic mappings:", "-- Inside Source"]
    for number, rule in enumerate(call.config.find("nat-rule"), 1):
        where = f"interface {rule['interface']}" if rule["interface"] else f"pool {rule['pool']}"
        by = "access-list" if rule["by"] == "list" else "route-map"
        lines.append(f"[Id: {number}] {by} {rule['name']} {where} refcount {dynamic}")
    return "\n".join([*lines, "", "Total doors: 0", "Appl doors: 0", "Normal doors: 0", "Queued Packets: 0"])


def ping(call: Call) -> Result:
    """`ping ADDRESS [source INTERFACE|ADDRESS] [repeat N] [size N]`."""
    source, port = call["source"], None
    found = live.addresses(call.device)
    if source:
        name = full_name(source) or ""
        port = name if name in found else next((each for each, (own, _) in found.items() if own == source), None)
        if port is None:
            # both texts: recall
            if call.config.one("interface", name=name):
                raise Refused("% Invalid source interface - IP not enabled or interface is down")
            raise Refused("% Invalid source address- IP address not on any of our up interfaces")
    count, size = int(call["count"] or "5"), int(call["size"] or "100")
    result = live.ping(call.device, call["address"], port, count, size)
    text = pinged(result, source=found[port][0] if port else "") + "\n"
    # what is logged meanwhile stands between the head and the marks (ios-show.md C9.5)
    return Reply(text, gap=text.index(f"\n{result.marks[:70]}\n") + 1)


def clear_isakmp(call: Call, plant: Plant) -> Result:
    """`clear crypto isakmp [CONNECTION]`: phase 1 alone."""
    call.device.event("cleared", "ike")
    if not call.has("id"):
        plant.crypto.clear_ike()
        return None
    for sa in plant.crypto.sas().ike:
        if sa.number == int(call["id"]):
            plant.crypto.clear_ike(sa.remote)
    return None


def clear_sa(call: Call, plant: Plant) -> Result:
    """`clear crypto sa [peer ADDRESS | map NAME | entry ADDRESS PROTOCOL SPI | counters]`: phase 2 alone."""
    if "counters" in call.words:
        plant.crypto.clear_counters()
        return None
    call.device.event("cleared", f"ipsec {call['peer']}".strip())
    if call.has("entry"):
        word = call["spi"].lower()
        plant.crypto.clear_spi({int(word, 16 if word.startswith("0x") else 10)})
        return None
    plant.crypto.clear_ipsec(call["peer"] or None, call["map"] or None)
    return None


def clear_session(call: Call, plant: Plant) -> Result:
    """`clear crypto session [remote ADDRESS]`: both phases."""
    call.device.event("cleared", f"session {call['peer']}".strip())
    plant.crypto.clear_ipsec(call["peer"] or None)
    plant.crypto.clear_ike(call["peer"] or None)
    return None
