# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device models that also have SAs and flows: shown in the seed's text, gone when they are cleared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from . import golden
from .asa_device import AsaDevice
from .ios_device import IosDevice
from .transports import ModelTransport

_NONE = {"asa": "There are no ipsec sas", "ios": "No SAs found"}


@dataclass
class Pair:
    """IPsec SAs of one pair of networks, as the device sees it, and the SPIs of both directions."""

    local: str
    remote: str
    peer: str
    inbound: int
    outbound: int
    own: str


def _swap(text: str, *pairs: tuple[str, str]) -> str:
    """Each (old, new) at once: what a new one brings is not looked at again."""
    for index, (old, _new) in enumerate(pairs):
        assert old in text, old
        text = text.replace(old, f"\0{index}\0")
    for index, (_old, new) in enumerate(pairs):
        text = text.replace(f"\0{index}\0", new)
    return text


def _ident(network: str) -> str:
    net = IPv4Network(network)
    return f"({net.network_address}/{net.netmask}/0/0)"


def _block(platform: str, pair: Pair) -> str:
    """The seed's block of ``show crypto ipsec sa`` with other values."""
    if platform == "asa":
        text = golden.seed("pix-7.2-show.txt").partition("show crypto ipsec sa\n")[2]
        head = "interface: outside\n"
        kept = "\n".join(row for row in text.splitlines() if "access-list" not in row).removeprefix(head)
        return _swap(
            kept,
            ("(10.1.1.0/255.255.255.0/0/0)", _ident(pair.local)),
            ("(10.2.1.0/255.255.255.0/0/0)", _ident(pair.remote)),
            ("192.168.1.2", pair.peer),
            ("172.16.1.1", pair.own),
            ("0x64D800CB (1691877579)", f"0x{pair.inbound:08X} ({pair.inbound})"),
            ("0x537BC76F (1400620911)", f"0x{pair.outbound:08X} ({pair.outbound})"),
            ("spi: 537BC76F", f"spi: {pair.outbound:08X}"),
        )
    text = golden.seed("ios-12.4-show.txt").partition("show crypto ipsec sa\n")[2]
    kept = text.partition("local addr 192.168.1.2\n")[2]
    return _swap(
        kept,
        ("(10.2.1.0/255.255.255.0/0/0)", _ident(pair.local)),
        ("(10.1.1.0/255.255.255.0/0/0)", _ident(pair.remote)),
        ("172.16.1.1", pair.peer),
        ("192.168.1.2", pair.own),
        ("spi: 0x537BC76F(1400620911)", f"spi: 0x{pair.inbound:08X}({pair.inbound})"),
        ("0x64D800CB(1691877579)", f"0x{pair.outbound:08X}({pair.outbound})"),
    )


def ipsec_text(platform: str, pairs: list[Pair]) -> str:
    """``show crypto ipsec sa``."""
    if not pairs:
        return _NONE[platform]
    head = {
        "asa": "interface: outside\n",
        "ios": "\ninterface: Ethernet0/0\n    Crypto map tag: IPSEC, local addr 192.168.1.2\n",
    }
    return head[platform] + "\n".join(_block(platform, pair) for pair in pairs)


def ike_text(platform: str, peers: dict[str, tuple[str, int]]) -> str:
    """``show crypto isakmp sa``: peer → own address and number."""
    if platform == "ios":
        rows = [f"{own:<15} {peer:<15} QM_IDLE       {number:>8}    0 ACTIVE" for peer, (own, number) in peers.items()]
        return "\n".join(["dst             src             state          conn-id slot status", *rows])
    if not peers:
        return "There are no isakmp sas"
    blocks = [
        f"{at}   IKE Peer: {peer}\n    Type    : L2L             Role    : initiator \n"
        f"    Rekey   : no              State   : MM_ACTIVE "
        for at, peer in enumerate(peers, 1)
    ]
    return f"\n   Active SA: {len(peers)}\nTotal IKE SA: {len(peers)}\n\n" + "\n".join(blocks)


@dataclass
class Living:
    """What a device has beside its configuration. ``refuses`` says to which commands it answers what."""

    platform: str
    pairs: list[Pair] = field(default_factory=list)
    ike: dict[str, tuple[str, int]] = field(default_factory=dict)
    shows: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    #: called with each clear command, before it does anything
    watch: Callable[[str], None] = lambda command: None
    cleared: list[str] = field(default_factory=list)

    def show(self, command: str) -> str | None:
        """The answer to an exec command; None where it is not about this."""
        words = " ".join(command.split())
        if words in self.shows:
            return self.shows[words]
        if words in ("show crypto isakmp sa", "show crypto isakmp sa detail"):
            return ike_text(self.platform, self.ike) if self.platform == "asa" or "detail" not in words else ""
        if words == "show crypto ipsec sa":
            return ipsec_text(self.platform, self.pairs)
        return None

    def clear(self, command: str) -> str:
        """Do it; what the device says."""
        self.watch(command)
        self.cleared.append(command)
        if command in self.refuses:
            return self.refuses[command]
        words = command.split()
        if "entry" in words:
            address, _protocol, spi = words[-3:]
            number = int(spi, 16)
            self.pairs = [
                pair
                for pair in self.pairs
                if (address, number) not in ((pair.own, pair.inbound), (pair.peer, pair.outbound))
            ]
        elif "peer" in words:
            self.pairs = [pair for pair in self.pairs if pair.peer != words[-1]]
        elif command in ("clear crypto sa", "clear crypto ipsec sa"):
            self.pairs = []
        elif command.startswith("clear ip nat translation "):
            rows = self.shows["show ip nat translations"].splitlines(keepends=True)
            ends = {":".join(words[at : at + 2]) for at in (6, 8)} if "inside" in words else {"*"}
            kept = [row for row in rows if "---" in row or row.startswith("Pro") or not ends <= {*row.split(), "*"}]
            self.shows["show ip nat translations"] = "".join(kept)
        elif command.startswith("vpn-sessiondb logoff tunnel-group "):
            self.pairs = [pair for pair in self.pairs if pair.peer != words[3]]
            self.ike.pop(words[3], None)
        elif command in ("clear crypto isakmp", "clear crypto isakmp sa"):
            self.ike = {}
        elif command.startswith("clear crypto isakmp "):
            self.ike = {peer: told for peer, told in self.ike.items() if str(told[1]) != words[-1]}
        return ""


class LivingTransport(ModelTransport):
    """Types at a device model that has more than a configuration."""

    def __init__(self, device: AsaDevice | IosDevice, living: Living, **options: object) -> None:
        super().__init__(device, **options)  # type: ignore[arg-type]
        self.living = living

    def read(self, command: str) -> str:
        told = self.living.show(command)
        if told is None:
            return super().read(command)
        self.typed.append(command)
        return f"{command}\n{told}\nhub#"

    def write(self, lines, question=None, reply="no"):  # type: ignore[no-untyped-def]
        self.replies = [*getattr(self, "replies", []), reply] if question else getattr(self, "replies", [])
        return super().write(lines, question)

    def _type(self, line: str) -> str:
        command = line.removeprefix("do ") if self.platform == "ios" else line
        if command.startswith(("clear ", "vpn-sessiondb ")) and not command.startswith("clear configure"):
            assert not self.configuring or self.platform == "asa" or line.startswith("do "), line
            self.typed.append(line)
            return self.living.clear(command)
        return super()._type(line)
