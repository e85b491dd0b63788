# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""PIX 7.2: what a living device shows and clears: security associations, translations, connections, addresses, ping.

The upper half are pure functions from records to text; the lower half are the effects of the rows.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...engine import Call, Question, Refused, Reply, Result
from ...store import Block
from ...wire.base import Chosen
from ...wire.ping import Pinged
from ...wire.sa import ChildSa, IkeSa, Snapshot
from .. import live
from ..live import Flow, flows, network, peak, plant_of, routing_table, snapshot, split_port, with_mask
from .common import nameifs

if TYPE_CHECKING:
    from ...wire.plant import Plant
    from ...wire.reading import Fabric, Rule
    from ...wire.translations import Connection, Translation

_NO_ISAKMP = "\nThere are no isakmp sas"
_NO_IPSEC = "\nThere are no ipsec sas"
# Bytes that an SA adds to a packet. 58: seed (DES). 74: AWS's guide for the ASA (AES). With UDP around them: 82 for AES
# (ntc-templates), 66 for DES by analogy.
_OVERHEAD = {8: 58, 16: 74}
_UDP_OVERHEAD = 8
_ESP = {
    "des": "esp-des",
    "3des": "esp-3des",
    "aes128": "esp-aes",
    "aes192": "esp-aes-192",
    "aes256": "esp-aes-256",
    "null": "esp-null",
}
_IKE = {"des": "des", "3des": "3des", "aes128": "aes", "aes192": "aes-192", "aes256": "aes-256"}
_HMAC = {"md5": "esp-md5-hmac", "sha": "esp-sha-hmac"}


def _iv(encryption: str) -> int:
    return 16 if encryption.startswith("aes") else 8


# -- phase 1


def _state(sa: IkeSa) -> str:
    if sa.state == "established":
        return "MM_ACTIVE"
    # the message that is waited for: even numbers reach the initiator (tunnelsup: IKE phase 1 states)
    awaited = sa.step + 1 if (sa.step + 1) % 2 == (0 if sa.initiator else 1) else sa.step + 2
    return f"MM_WAIT_MSG{min(max(awaited, 2), 6)}"


def isakmp_sa(found: Snapshot, *, detail: bool = False, names: Mapping[str, str] | None = None) -> str:
    """`show crypto isakmp sa [detail]`: seed; records follow each other without a blank line (capture of an ASA)."""
    shown = [sa for sa in found.ike if sa.state != "deleted"]
    if not shown:
        return _NO_ISAKMP
    rekeying = sum(sa.rekeying for sa in shown)
    lines = [
        "",
        f"   Active SA: {len(shown) - rekeying}",
        f"    Rekey SA: {rekeying} (A tunnel will report 1 Active and 1 Rekey SA during rekey)",
        f"Total IKE SA: {len(shown)}",
        "",
    ]
    for number, sa in enumerate(shown, 1):
        # a tunnel that is not up is of the type `user` (captures of ASA that wait for messages)
        kind = "L2L" if sa.state == "established" else "user"
        role = "initiator" if sa.initiator else "responder"
        lines += [
            f"{number}   IKE Peer: {(names or {}).get(sa.remote, sa.remote)}",
            f"    Type    : {kind:<16}Role    : {role} ",
            f"    Rekey   : {'yes' if sa.rekeying else 'no':<16}State   : {_state(sa)} ",
        ]
        if detail and sa.encryption:
            # itsecworks 2010 (before 8.4); widths recall
            lines += [
                f"    Encrypt : {_IKE[sa.encryption]:<16}Hash    : {sa.hash.upper():<10}",
                f"    Auth    : {'preshared':<16}Lifetime: {sa.lifetime}",
                f"    Lifetime Remaining: {sa.remaining}",
            ]
    return "\n".join([*lines, ""])


# -- phase 2


def _end(ident: str) -> str:
    found = network(ident)
    if found.prefixlen == 0:
        return "any"
    if found.prefixlen == 32:
        return f"host {found.network_address}"
    return f"{found.network_address} {found.netmask}"


def _sa(pair: ChildSa, spi: int, connection: int, tag: str, old: bool) -> list[str]:
    settings = "L2L, Tunnel, "
    if pair.nat_t:
        settings += " NAT-T-Encaps, "  # two blanks: ntc-templates
    if pair.pfs:
        settings += f"PFS Group {pair.pfs}, "  # AWS's guide for the ASA
    if old:
        settings += "Rekeyed"  # capture of an ASA 9
    return [
        f"      spi: 0x{spi:08X} ({spi})",
        f"         transform: {_ESP[pair.encryption]} {_HMAC.get(pair.hash, 'esp-none')} none ",
        f"         in use settings ={{{settings}}}",
        f"         slot: 0, conn_id: {connection}, crypto-map: {tag}",
        f"         sa timing: remaining key lifetime (kB/sec): ({pair.kilobytes}/{pair.remaining})",
        f"         IV size: {_iv(pair.encryption)} bytes",
        "         replay detection support: Y",
    ]


_DETAIL = (
    # ASA command reference, show ipsec sa detail (7.x; recall of its wording)
    "#pkts no sa (send): {send}, #pkts invalid sa (rcv): 0",
    "#pkts encaps failed (send): 0, #pkts decaps failed (rcv): 0",
    "#pkts invalid prot (rcv): 0, #pkts verify failed: {receive}",
    "#pkts invalid identity (rcv): 0, #pkts invalid len (rcv): 0",
    "#pkts replay rollover (send): 0, #pkts replay rollover (rcv): 0",
    "#pkts replay failed (rcv): 0",
    "#pkts internal err (send): 0, #pkts internal err (rcv): 0",
)


def _ace(flow: Flow, acls: Mapping[str, Sequence[Rule]]) -> str:
    """The entry of the flow's list that allows it, as this block shows it: without `extended` (seed), groups resolved."""
    local, remote = network(flow.local_ident), network(flow.remote_ident)
    for rule in acls.get(flow.acl or "", ()):
        if rule.action == "permit" and "/" in rule.source and "/" in rule.destination:
            ends = network(rule.source), network(rule.destination)
            if local.subnet_of(ends[0]) and remote.subnet_of(ends[1]):
                return f"permit {rule.protocol} {_end(rule.source)} {_end(rule.destination)}"
    return f"permit ip {_end(flow.local_ident)} {_end(flow.remote_ident)}"


def _block(
    flow: Flow, names: Mapping[str, str], acls: Mapping[str, Sequence[Rule]], *, detail: bool, sas: bool
) -> list[str]:
    newest = flow.newest
    assert newest
    # an entry that a dynamic map made is shown by that map's name (captures: SYSTEM_DEFAULT_CRYPTO_MAP; 7.x: recall)
    tag, sequence = (flow.dynamic, newest.dynamic_sequence) if flow.dynamic else (flow.map, flow.sequence)
    out, into = flow.sum("packets_out"), flow.sum("packets_in")
    local, peer = names.get(flow.local, flow.local), names.get(flow.peer, flow.peer)
    overhead = _OVERHEAD[_iv(newest.encryption)] + (_UDP_OVERHEAD if flow.nat_t else 0)
    # a block comes with its SAs: what was dropped before, while they were negotiated, is not in it (seed: the initiator's 0)
    errors = {"send": 0, "receive": flow.errors.receive}
    failed = _DETAIL if detail else ("#send errors: {send}, #recv errors: {receive}",)
    # ports behind the endpoints where there is NAT between them (ntc-templates: `/4500`); without NAT 7.2 has none (seed)
    here, there = (f"/{newest.local_port}", f"/{newest.remote_port}") if flow.nat_t else ("", "")
    lines = [f"    Crypto map tag: {tag}, seq num: {sequence}, local addr: {local}", ""]
    if flow.acl:
        lines.append(f"      access-list {flow.acl} {_ace(flow, acls)} ")
    body = [
        f"local ident (addr/mask/prot/port): ({with_mask(flow.local_ident)}/0/0)",
        f"remote ident (addr/mask/prot/port): ({with_mask(flow.remote_ident)}/0/0)",
        f"current_peer: {peer}",
        "",
        f"#pkts encaps: {out}, #pkts encrypt: {out}, #pkts digest: {out}",
        f"#pkts decaps: {into}, #pkts decrypt: {into}, #pkts verify: {into}",
        "#pkts compressed: 0, #pkts decompressed: 0",
        f"#pkts not compressed: {out}, #pkts comp failed: 0, #pkts decomp failed: 0",
        "#pre-frag successes: 0, #pre-frag failures: 0, #fragments created: 0",
        "#PMTUs sent: 0, #PMTUs rcvd: 0, #decapsulated frgs needing reassembly: 0",
        *(line.format(**errors) for line in failed),
        "",
        f"local crypto endpt.: {local}{here}, remote crypto endpt.: {peer}{there}",
        "",
        f"path mtu 1500, ipsec overhead {overhead}, media mtu 1500",
        f"current outbound spi: {newest.spi_out:08X}",
        "",
    ]
    lines += [f"      {line}" if line else "" for line in body]
    if sas:
        # while keys are renewed the new pair stands before the old one (capture of an ASA 9)
        pairs = flow.pairs[::-1]
        connection = min(pair.number for pair in pairs) or 1
        for way in ("in", "out"):
            lines.append(f"    {way}bound esp sas:")
            for pair in pairs:
                lines += _sa(pair, getattr(pair, f"spi_{way}"), connection, tag, pair is not newest)
    return lines


def ipsec_sa(
    found: Snapshot,
    *,
    detail: bool = False,
    peer: str = "",
    crypto_map: str = "",
    identity: bool = False,
    by_peer: bool = False,
    names: Mapping[str, str] | None = None,
    acls: Mapping[str, Sequence[Rule]] | None = None,
) -> str:
    """`show crypto ipsec sa [peer ADDRESS | map NAME | identity | entry] [detail]`: seed; ntc-templates.

    `identity`: without the SAs themselves; `by_peer` (`entry`): by the address of the peer (ASA command reference).
    """
    shown = [each for each in flows(found) if each.pairs and peer in ("", each.peer)]
    if crypto_map:
        shown = [each for each in shown if crypto_map in (each.map, each.dynamic)]
    if by_peer:
        shown.sort(key=lambda each: int(ipaddress.IPv4Address(each.peer)))
    lines: list[str] = []
    head = ""
    for each in shown:
        title = f"peer address: {each.peer}" if by_peer else f"interface: {each.interface}"
        if title != head:
            lines += [*([""] if lines else []), title]
            head = title
        else:
            lines.append("")
        lines += _block(each, names or {}, acls or {}, detail=detail, sas=not identity)
    return "\n".join([*lines, ""]) if lines else _NO_IPSEC


# -- sessions


_ENCRYPTION = {"des": "DES", "3des": "3DES", "aes128": "AES128", "aes192": "AES192", "aes256": "AES256", "null": "none"}


def _age(seconds: int) -> str:
    days = f"{seconds // 86400}d " if seconds >= 86400 else ""
    return f"{days}{seconds // 3600 % 24}h:{seconds // 60 % 60:02}m:{seconds % 60:02}s"


def _sessions(found: Snapshot) -> list[IkeSa]:
    return [sa for sa in found.ike if sa.state == "established" and not sa.rekeying]


def sessions(found: Snapshot, groups: Iterable[str], *, detail: bool = False) -> str:
    """`show vpn-sessiondb [detail] l2l`: shape of captures of 2014; `IPSecLAN2LAN` of the 7.0 guide.

    `detail`: a capture of 8.x and later without its NAC; the idle time is that of a session in use.
    """
    known, lines = set(groups), []
    for index, sa in enumerate(_sessions(found), 1):
        pairs = [each for each in found.children if each.peer == sa.remote]
        suite = (pairs[-1].encryption, pairs[-1].hash) if pairs else (sa.encryption, sa.hash)
        group = sa.remote if sa.remote in known else "DefaultL2LGroup"
        lines += [
            f"Connection   : {group}",
            f"Index        : {index:<23}IP Addr      : {sa.remote}",
            f"Protocol     : {'IPSecLAN2LAN':<23}Encryption   : {_ENCRYPTION[suite[0]]}",
            f"Hashing      : {_hashing(suite[1])}",
            f"Bytes Tx     : {sum(each.bytes_out for each in pairs):<23}"
            f"Bytes Rx     : {sum(each.bytes_in for each in pairs)}",
            f"Duration     : {_age(max(0, sa.lifetime - sa.remaining))}",
            *(_tunnels(index, sa, pairs) if detail else ()),
            "",
        ]
    if not lines:
        return "INFO: There are presently no active sessions of the type specified"
    return "\n".join(["", f"Session Type: LAN-to-LAN{' Detailed' if detail else ''}", "", *lines])


def _hashing(word: str) -> str:
    return {"md5": "MD5", "sha": "SHA1"}.get(word, word)


def _tunnels(index: int, sa: IkeSa, pairs: Sequence[ChildSa]) -> list[str]:
    """The blocks of phase 1 and of each pair: two columns, 39 characters apart."""

    def row(first: str, value: object, second: str, other: object) -> str:
        return f"  {first:<13}: {value!s:<23}{second:<13}: {other}"

    lines = ["", "IKE Tunnels: 1", f"IPsec Tunnels: {len(pairs)}", "", "IKE:", f"  Tunnel ID    : {index}.1"]
    lines += [
        row("UDP Src Port", sa.local_port, "UDP Dst Port", sa.remote_port),
        row("IKE Neg Mode", "Main", "Auth Mode", "preSharedKeys"),
        row("Encryption", _ENCRYPTION[sa.encryption], "Hashing", _hashing(sa.hash)),
        row("Rekey Int (T)", f"{sa.lifetime} Seconds", "Rekey Left(T)", f"{sa.remaining} Seconds"),
        f"  D/H Group    : {sa.group}",
        "  Filter Name  : ",
    ]
    for number, pair in enumerate(pairs, 2):
        pfs = f"PFS Group    : {pair.pfs}" if pair.pfs else ""
        volume = pair.kilobytes + (pair.bytes_in + pair.bytes_out) // 1024
        lines += [
            "",
            "IPsec:",
            f"  Tunnel ID    : {index}.{number}",
            f"  Local Addr   : {with_mask(pair.local_ident)}/0/0",
            f"  Remote Addr  : {with_mask(pair.remote_ident)}/0/0",
            row("Encryption", _ENCRYPTION[pair.encryption], "Hashing", _hashing(pair.hash)),
            f"  Encapsulation: {'Tunnel':<23}{pfs}".rstrip() if pfs else "  Encapsulation: Tunnel",
            row("Rekey Int (T)", f"{pair.lifetime} Seconds", "Rekey Left(T)", f"{pair.remaining} Seconds"),
            row("Rekey Int (D)", f"{volume} K-Bytes", "Rekey Left(D)", f"{pair.kilobytes} K-Bytes"),
            row("Idle Time Out", "30 Minutes", "Idle TO Left", "30 Minutes"),
            row("Bytes Tx", pair.bytes_out, "Bytes Rx", pair.bytes_in),
            row("Pkts Tx", pair.packets_out, "Pkts Rx", pair.packets_in),
        ]
    return lines


# -- translations and connections


def xlates(table: Iterable[Translation], fabric: Fabric) -> list[Translation]:
    """The slots of a PIX: one for each host or port, whatever number of connections goes through it.

    A connection through a static has no slot of its own, and one through a pool of addresses has that of its host.
    """
    whole = {rule.line for rule in fabric.nat if rule.pools and not any(pool.overload for pool in rule.pools)}
    found: dict[tuple[str, str, str], Translation] = {}
    for each in table:
        if each.outside_global and each.line.startswith("static"):
            continue
        if each.line in whole:
            local, mapped = split_port(each.inside_local)[0], split_port(each.inside_global)[0]
            each = replace(each, protocol="---", inside_local=local, inside_global=mapped)
        found.setdefault((each.protocol, each.inside_local, each.inside_global), each)
    return list(found.values())


def _port(text: str) -> str:
    address, port = split_port(text)
    return f"{address}({port})" if port else address


def _whole(text: str) -> str:
    """An address, or a network as its address alone."""
    return text.partition("/")[0]


def xlate(table: Sequence[Translation], most: int, *, detail: bool = False, ports: tuple[str, str] = ("", "")) -> str:
    """`show xlate [detail]`: PIX captures (it-certification-network 2008); `ports`: names of the inner and outer side."""
    lines = [f"{len(table)} in use, {max(most, len(table))} most used"]
    if detail:
        lines += ["Flags: D - DNS, d - dump, I - identity, i - inside, n - no random,"]
        lines += ["       o - outside, r - portmap, s - static"]
    inner, outer = ports
    for each in table:
        local, number = split_port(each.inside_local)
        mapped, mapped_number = split_port(each.inside_global)
        flags = "i" if each.outside_global else "s"
        if not number and detail:
            lines.append(f"NAT from {inner}:{_whole(local)} to {outer}:{_whole(mapped)} flags {flags}")
        elif not number:
            lines.append(f"Global {_whole(mapped)} Local {_whole(local)}")
        elif detail:
            kind = each.protocol.upper()
            lines.append(f"{kind} PAT from {inner}:{local}/{number} to {outer}:{mapped}/{mapped_number} flags r{flags}")
        elif each.protocol == "icmp":
            lines.append(f"PAT Global {mapped}({mapped_number}) Local {local} ICMP id {number}")
        else:
            lines.append(f"PAT Global {_port(each.inside_global)} Local {_port(each.inside_local)}")
    return "\n".join(lines)


def conn(table: Sequence[Connection], most: int) -> str:
    """`show conn`: the ASA command reference's line of 7.x, `out` and `in` before the addresses.

    It has commas behind the time and the bytes, as captures of 8.4 do; that 7.2 prints none is recall.
    """
    lines = [f"{len(table)} in use, {max(most, len(table))} most used"]
    for each in table:
        time = f"{each.idle // 3600}:{each.idle // 60 % 60:02}:{each.idle % 60:02}"
        sides = f"out {each.outside} in {each.inside}"
        lines.append(f"{each.protocol.upper()} {sides} idle {time} bytes {each.bytes} flags {each.flags or '-'}")
    return "\n".join(lines)


# -- routes


def routes(table: Iterable[Chosen]) -> str:
    """`show route`: codes as later ASA have them (ntc-templates); a default route that DHCP brought like a static one."""
    lines = [
        "",
        "Codes: C - connected, S - static, I - IGRP, R - RIP, M - mobile, B - BGP",
        "       D - EIGRP, EX - EIGRP external, O - OSPF, IA - OSPF inter area ",
        "       N1 - OSPF NSSA external type 1, N2 - OSPF NSSA external type 2",
        "       E1 - OSPF external type 1, E2 - OSPF external type 2, E - EGP",
        "       i - IS-IS, L1 - IS-IS level-1, L2 - IS-IS level-2, ia - IS-IS inter area",
        "       * - candidate default, U - per-user static route, o - ODR",
        "       P - periodic downloaded static route",
        "",
    ]
    rows, default = [], ""
    for entry in table:
        found, port = network(entry.prefix), entry.port.name
        prefix = f"{found.network_address} {found.netmask}"
        if entry.hop is None and not entry.distance:
            rows.append((0, f"C    {prefix} is directly connected, {port}"))
        elif found.prefixlen:
            rows.append((1, f"S    {prefix} [{entry.distance}/0] via {entry.hop}, {port}"))
        else:
            default = entry.hop or ""
            rows.append((2, f"S*   {prefix} [{entry.distance}/0] via {entry.hop}, {port}"))
    last = f"Gateway of last resort is {default} to network 0.0.0.0" if default else "Gateway of last resort is not set"
    return "\n".join([*lines, last, "", *(text for _, text in sorted(rows, key=lambda row: row[0]))])


# -- ping


def pinged(result: Pinged) -> str:
    """What `ping` prints: ntc-templates; `?` for each request without an answer (captures of ASA)."""
    count = len(result.marks)
    share = 100 * result.answered // count if count else 0
    lines = [
        "Type escape sequence to abort.",
        f"Sending {count}, {result.size}-byte ICMP Echos to {result.address}, timeout is 2 seconds:",
        result.marks.replace(".", "?"),
        f"Success rate is {share} percent ({result.answered}/{count})",
    ]
    if result.times:
        # whole milliseconds, ten at a time in captures of old ones; at least 1
        low, mean, high = _spread(result.times)
        lines[-1] += f", round-trip min/avg/max = {low}/{mean}/{high} ms"
    return "\n".join(lines)


def _spread(times: Sequence[float]) -> tuple[int, int, int]:
    rounded = [max(1, round(time)) for time in times]
    return min(rounded), sum(rounded) // len(rounded), max(rounded)


# -- effects of rows


def aliases(call: Call) -> dict[str, str]:
    """Names for addresses, where `names` is on."""
    return {address: name for name, address in call.device.platform.aliases(call.device).items()}


def show_isakmp(call: Call, plant: Plant) -> Result:
    """`show [crypto] isakmp sa [detail]`."""
    return isakmp_sa(plant.crypto.sas(), detail="detail" in call.words, names=aliases(call))


def show_ipsec(call: Call, plant: Plant) -> Result:
    """`show [crypto] ipsec sa ...`."""
    return ipsec_sa(
        plant.crypto.sas(),
        detail="detail" in call.words,
        peer=call["peer"],
        crypto_map=call["map"],
        identity="identity" in call.words,
        by_peer="entry" in call.words,
        names=aliases(call),
        acls=plant.fabric.acls,
    )


def show_sessions(call: Call, plant: Plant) -> Result:
    """`show vpn-sessiondb [detail] l2l`."""
    groups = [item["name"] for item in call.config.find("tunnel-group", what="type")]
    return sessions(plant.crypto.sas(), groups, detail="detail" in call.words)


def _sides(config: Block) -> tuple[str, str]:
    """The names of the interfaces of the highest and the lowest security level."""
    levels = []
    for item in config.find("interface"):
        name, level = item.block.one("nameif"), item.block.one("security")
        if name and name["name"]:
            levels.append((int(level["level"] or "0") if level else 0, name["name"]))
    levels.sort(key=lambda each: each[0])
    return (levels[-1][1], levels[0][1]) if levels else ("inside", "outside")


def show_xlate(call: Call, plant: Plant) -> Result:
    """`show xlate [count | detail]`."""
    table = xlates(plant.nat.translations(), plant.fabric)
    most = peak(call.device, "xlate", len(table))
    if "count" in call.words:
        return f"{len(table)} in use, {most} most used"
    return xlate(table, most, detail="detail" in call.words, ports=_sides(call.config))


def show_conn(call: Call, plant: Plant) -> Result:
    """`show conn [count]`."""
    table = plant.nat.connections()
    most = peak(call.device, "conn", len(table))
    return f"{len(table)} in use, {most} most used" if "count" in call.words else conn(table, most)


def _flat(call: Call) -> list[tuple[str, str, str, int, str]]:
    """Interfaces with an address: hardware name, name, address, length, method."""
    out = []
    for item in call.config.find("interface"):
        address, name = item.block.one("address"), item.block.one("nameif")
        if not address or not name or not name["name"] or not address["address"]:
            continue
        if address["address"] == "dhcp":
            leased, _, length = call.device.leases.get(name["name"], "").partition("/")
            if leased:
                out.append((item["name"], name["name"], leased, int(length or "24"), "DHCP"))
        else:
            mask = address["rest"].split()[0]
            length = str(ipaddress.IPv4Network(f"0.0.0.0/{mask}").prefixlen)
            out.append((item["name"], name["name"], address["address"], int(length), "CONFIG"))
    return out


def show_addresses(call: Call) -> Result:
    """`show ip address [INTERFACE]`: ASA command reference (columns recall)."""
    plant = plant_of(call.device)
    real = plant.addresses() if plant else {}
    rows = [f"{'Interface':<25}{'Name':<23}{'IP address':<16}{'Subnet mask':<16}Method "]
    for hardware, name, address, length, method in _flat(call):
        if call["interface"] not in ("", name, hardware):
            continue
        address, length = real.get(name, (address, length))
        mask = ipaddress.IPv4Network(f"0.0.0.0/{length}").netmask
        rows.append(f"{hardware:<25}{name:<23}{address:<16}{mask!s:<16}{method:<6}")
    return "\n".join(["System IP Addresses:", *rows, "Current IP Addresses:", *rows])


def show_routes(call: Call) -> Result:
    """`show route`."""
    return routes(routing_table(call.device))


def ping(call: Call) -> Result:
    """`ping [INTERFACE] ADDRESS [repeat N]`: with an interface, from its address."""
    port = call["interface"] or None
    if port and port not in nameifs(call.config):
        raise Refused(f"ERROR: % Interface name '{port}' is not defined")  # recall
    return pinged(live.ping(call.device, call["address"], port, int(call["count"] or "5")))


def clear_isakmp(call: Call, plant: Plant) -> Result:
    """`clear [crypto] isakmp sa`."""
    call.device.event("cleared", "ike")
    plant.crypto.clear_ike()
    return None


def clear_ipsec(call: Call, plant: Plant) -> Result:
    """`clear [crypto] ipsec sa [peer ADDRESS | map NAME | entry ADDRESS PROTOCOL SPI | counters]`."""
    if "counters" in call.words:
        plant.crypto.clear_counters()
        return None
    call.device.event("cleared", f"ipsec {call['peer']}".strip())
    if call.has("entry"):
        # destination, protocol, SPI in hexadecimal digits, as the show command has it
        plant.crypto.clear_spi({int(call["spi"].lower().removeprefix("0x"), 16)})
        return None
    plant.crypto.clear_ipsec(call["peer"] or None, call["map"] or None)
    return None


def logoff(call: Call) -> Result:
    """`vpn-sessiondb logoff WHICH [noconfirm]`: asa-cli.md 7; how the sessions are named in the answer: recall."""
    named = {sa.remote: number for number, sa in enumerate(_sessions(snapshot(call.device)), 1)}
    what = next((each for each in ("name", "ipaddress", "tunnel-group", "index") if call.has(each)), "")
    wanted = [
        peer for peer, number in named.items() if not what or call[what] == (str(number) if what == "index" else peer)
    ]

    def done(_key: str = "") -> Reply:
        plant = plant_of(call.device)
        for peer in wanted:
            call.device.event("cleared", f"session {peer}")
            if plant is not None:
                plant.crypto.clear_ipsec(peer)
                plant.crypto.clear_ike(peer)
        which = f'with {what} "{call[what]}"' if what else f'of type "{call.words[2]}"'
        return Reply(f"INFO: Number of sessions {which} logged off : {len(wanted)}\n")

    if "noconfirm" in call.words:
        return done()
    text = "Do you want to logoff the VPN session(s)? [confirm]"
    return Reply(question=Question(text, lambda key: done() if key in ("", "y", "Y") else Reply(), single=True))


def clear_xlate(call: Call, plant: Plant) -> Result:
    """`clear xlate [global ADDRESS | local ADDRESS]`: with the connections that use them."""
    plant.nat.clear(local=call["local"] or None, mapped=call["mapped"] or None)
    return None


def clear_connections(_call: Call, plant: Plant) -> Result:
    """`clear conn`: all of them."""
    plant.nat.clear_connections()
    return None


def clear_local_host(call: Call, plant: Plant) -> Result:
    """`clear local-host [ADDRESS]`: the connections and translations of one host, or of all."""
    if call["host"]:
        plant.nat.clear_host(call["host"])
    else:
        plant.nat.clear_connections()
    return None
