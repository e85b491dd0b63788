# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Everything around the devices: the ISP's router, its DHCP servers and filter, boxes that translate, and hosts."""

from __future__ import annotations

from dataclasses import dataclass

from .dhcp import Offer, Server
from .echo import Echo
from .names import interface_name
from .topology import Interface, Lan, Link, Port, Topology, TopologyError, check_filter
from .world import Node, World

ISP = "isp"


def node_names(device: str) -> tuple[str, str]:
    """The nodes of a device: NAT, crypto."""
    return f"{device}-nat", f"{device}-cry"


@dataclass(frozen=True)
class Place:
    """An interface of a node."""

    node: Node
    interface: str


class Access:
    """The far end of a device's outside port: the ISP's router, or a box before it."""

    def __init__(self, place: Place, gateway: Interface, server: Server) -> None:
        self.place, self.gateway, self.server = place, gateway, server

    def move(self, gateway: Interface) -> None:
        """Give the router another address there."""
        if gateway != self.gateway:
            self.place.node.ip(
                f"address add {gateway} dev {self.place.interface}",
                f"address del {self.gateway} dev {self.place.interface}",
            )
            self.gateway = gateway


class Network:
    """Builds it and changes it on demand."""

    def __init__(self, world: World, topology: Topology) -> None:
        self.world, self.topology = world, topology
        self.places: dict[str, Place] = {}
        self.accesses: dict[str, Access] = {}
        self.filters: dict[str, tuple[str, ...]] = {}
        self._echo = Echo()
        world.on_close(self._echo.close)
        self.isp = world.node(ISP).router()
        # The ISP knows its own subnets; what is for elsewhere is lost there.
        self.isp.ip("route add blackhole default")
        for link in topology.links:
            self._link(link)
        for lan in topology.lans:
            self._lan(lan)
        self._filter()

    def place(self, name: str) -> Place:
        """Where a capture of this name is taken: a link, a LAN, `LINK-in` behind a box, or `NODE:INTERFACE`."""
        node, colon, interface = name.partition(":")
        if colon and node in self.world.nodes:
            return Place(self.world.nodes[node], interface)
        if name not in self.places:
            raise TopologyError(f"no link {name}: there are {', '.join(self.places)}")
        return self.places[name]

    def access_of(self, port: Port) -> Access | None:
        """What an outside port is plugged into."""
        name = next((link.name for link in self.topology.links if link.port == port), None)
        return self.accesses.get(name) if name else None

    # -- on demand

    def filter(self, link: str, words: tuple[str, ...]) -> None:
        """Let these not pass on a link (none: all pass)."""
        if link not in {each.name for each in self.topology.links}:
            raise TopologyError(f"no link {link}")
        self.filters[link] = tuple(check_filter(word) for word in words)
        self._filter()

    def _filter(self) -> None:
        rules = [
            f'{side} "{link}" {match} drop'
            for link, words in self.filters.items()
            for word in words
            for match in _matches(word)
            for side in ("iifname", "oifname")
        ]
        body = "".join(f"    {rule}\n" for rule in rules)
        self.isp.nft(
            "table ip guard\ndelete table ip guard\n"
            f"table ip guard {{\n  chain pass {{\n    type filter hook forward priority 0;\n{body}  }}\n}}\n"
        )

    def lease(self, link: str, offer: Interface, gateway: Interface | None = None) -> None:
        """Give another lease on a link, and another gateway if one is named."""
        access = self.accesses.get(link)
        if access is None or access.server.offer is None:
            raise TopologyError(f"no DHCP on {link}")
        access.move(gateway or access.gateway)
        access.server.serve(Offer(offer, access.gateway.address))

    # -- building

    def _link(self, link: Link) -> None:
        here = Place(self.isp, link.name)
        gateway = link.gateway
        if link.box:
            here, gateway = self._box(link), link.gateway
        if link.port:
            far = self.world.node(node_names(link.port.device)[1])
            interface = interface_name(link.port.hardware)
        else:
            assert link.host
            far, interface = self.world.node(link.host), "eth0"
        self.world.link(here.node, here.interface, far, interface)
        here.node.ip(f"address add {gateway} dev {here.interface}")
        self.places[link.name if not link.box else f"{link.name}-in"] = here
        self.filters[link.name] = link.filter
        if link.port:
            server = Server(here.node, here.interface, self.world.directory)
            self.accesses[link.name] = Access(here, gateway, server)
            if link.lease:
                server.serve(Offer(link.lease, link.router or gateway.address))
        else:
            assert link.address
            self._host(far, link.address, gateway.address, link.also)

    def _box(self, link: Link) -> Place:
        assert link.box
        box = self.world.node(f"{link.name}-box").router()
        self.world.link(self.isp, link.name, box, "out")
        self.isp.ip(f"address add {link.box.gateway} dev {link.name}")
        box.ip(f"address add {link.box.address} dev out", f"route add default via {link.box.gateway.address}")
        box.nft(
            "table ip box {\n  chain out {\n    type nat hook postrouting priority 100;\n"
            '    oifname "out" masquerade\n  }\n}\n'
        )
        self.places[link.name] = Place(self.isp, link.name)
        return Place(box, "in")

    def _lan(self, lan: Lan) -> None:
        near = self.world.node(node_names(lan.port.device)[0])
        port = interface_name(lan.port.hardware)
        gateway = lan.gateway or ""
        if len(lan.hosts) == 1:
            (name,) = lan.hosts
            self.world.link(self.world.node(name), "eth0", near, port)
            self.places[lan.name] = Place(self.world.node(name), "eth0")
        else:
            switch = self.world.node(f"{lan.name}-switch")
            switch.ip("link add lan type bridge", "link set lan up")
            for name in lan.hosts:
                self.world.link(self.world.node(name), "eth0", switch, name)
            self.world.link(near, port, switch, "device")
            switch.ip(*(f"link set {member} master lan" for member in (*lan.hosts, "device")))
            self.places[lan.name] = Place(switch, "device")
        for name, address in lan.hosts.items():
            self._host(self.world.node(name), address, gateway, lan.also)

    def _host(self, node: Node, address: Interface, gateway: str, also: tuple[Interface, ...]) -> None:
        node.ip(
            f"address add {address} dev eth0",
            *(f"address add {each} dev lo" for each in also),
            *([f"route add default via {gateway}"] if gateway else []),
        )
        self._echo.add(node)


def _matches(word: str) -> list[str]:
    protocol, slash, port = word.partition("/")
    if slash:
        return [f"{protocol} dport {port}", f"{protocol} sport {port}"]
    if protocol == "all":
        return [""]
    return [f"meta l4proto {protocol}"]
