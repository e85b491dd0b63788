# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""A device's plant: its two namespaces, kept equal to its running configuration."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..platforms.pix import log as pix_log
from .base import State, changes, compile_base, managed
from .crypto import Crypto, read_crypto
from .cryptostage import CryptoStage
from .dhcp import Client, Offer
from .natstage import NatStage
from .network import Network, node_names
from .reading import Fabric, read_fabric
from .strays import Stray, Strays
from .topology import Port as Plug
from .topology import Wiring
from .used import Moment, Used
from .world import Node, World

if TYPE_CHECKING:
    from ..device import Device

LEASE_SECONDS = 25


class Plant:
    """Two nodes, DHCP clients, and the stages that are told of each change: NAT, then crypto."""

    def __init__(self, device: Device, world: World, wiring: Wiring, name: str) -> None:
        self.device, self.world, self.wiring, self.name = device, world, wiring, name
        nat, cry = node_names(name)
        self.nat_node, self.cry_node = world.node(nat).router(), world.node(cry).router()
        self.faults: list[str] = []
        # What rests on recall of what the device does
        self.used = Used()
        # Seconds that the last changes took, by whether they changed anything of the wire
        self.seconds: list[tuple[bool, float]] = []
        self._text: list[str] | None = None
        self._fabric: Fabric | None = None
        self._crypto: Crypto | None = None
        self._states = (State(), State())
        self._clients: dict[str, Client] = {}
        self._leases: dict[str, Offer] = {}
        self._told: tuple[object, object] = (None, None)
        self._heard = threading.Condition()
        self._count = 0
        self._closed = False
        self._build()
        self.nat = NatStage(self.nat_node, self.cry_node, self.wiring.outside.values())
        self.crypto = CryptoStage(self.cry_node, world, device, self.wiring.outside.values())
        self._strays = Strays(self.nat_node, self._dropped) if device.platform.name.startswith("pix") else None

    def _build(self) -> None:
        for joint in self.wiring.outside.values():
            self.world.link(self.nat_node, joint.nat, self.cry_node, joint.cry)
            self.nat_node.ip(f"address add {joint.nat_address}/30 dev {joint.nat}")
            self.cry_node.ip(f"address add {joint.cry_address}/30 dev {joint.cry}")
        for node, interfaces in zip((self.nat_node, self.cry_node), managed(self.wiring), strict=True):
            for interface in interfaces:
                node.raise_interface(interface, up=False)

    # -- what it has

    def node_of(self, port: str) -> tuple[Node, str] | None:
        """Where an interface of the device (by its name) is, and how Linux calls it there."""
        hardware = next((each.hardware for each in self.fabric.ports if each.name == port), "")
        if hardware in self.wiring.outside:
            return self.cry_node, self.wiring.outside[hardware].port
        return (self.nat_node, self.wiring.inside[hardware]) if hardware in self.wiring.inside else None

    @property
    def fabric(self) -> Fabric:
        """The data plane that the configuration says, as last applied."""
        if self._fabric is None:
            self._fabric = read_fabric(self.device)
        return self._fabric

    def addresses(self) -> dict[str, tuple[str, int]]:
        """Addresses of the interfaces by their names, static and leased."""
        found: dict[str, tuple[str, int]] = {}
        for port in self.fabric.ports:
            if port.address is not None:
                found[port.name] = (port.address, port.length)
            elif port.dhcp and port.name in self._leases:
                offer = self._leases[port.name]
                found[port.name] = (offer.address.address, offer.address.length)
        return found

    def gateways(self) -> dict[str, str]:
        """Gateways that DHCP named, by interface."""
        return {name: offer.gateway for name, offer in self._leases.items()}

    # -- what changes it

    def changed(self) -> None:
        """The running configuration may have changed: make the namespaces equal to it."""
        begin = time.monotonic()
        with self.device.lock:
            text = self.device.platform.render(self.device, secrets=True)
            if text == self._text:
                self.crypto.notice()
                return
            before = self._told
            self._fabric = read_fabric(self.device)
            self._crypto = read_crypto(self.device)
            self._clients_follow()
            self._apply()
            self._text = text
            self.seconds.append((before != self._told, time.monotonic() - begin))

    def _apply(self) -> None:
        """With the device's lock held."""
        fabric, addresses, gateways = self.fabric, self.addresses(), self.gateways()
        wanted = compile_base(fabric, addresses, gateways, self.wiring)
        nodes = (self.nat_node, self.cry_node)
        if wanted != self._states:
            for node, before, after, interfaces in zip(nodes, self._states, wanted, managed(self.wiring), strict=True):
                gone, come = changes(before, after, interfaces)
                if gone:
                    node.run("ip", "-force", "-batch", "-", input="\n".join(gone) + "\n", check=False)
                node.ip(*come)
            self._states = wanted
        told = ((fabric, addresses, gateways), (self._crypto, addresses))
        if self._crypto is not None and told != self._told:
            moment = Moment(self.device, fabric, self._crypto, addresses, gateways)
            self.guarded(lambda: self.used.look(moment, self.crypto.sas))
        if told[0] != self._told[0]:
            self.nat.apply(fabric, addresses)
        if self._crypto is not None and told[1] != self._told[1]:
            self.crypto.apply(self._crypto, addresses)
        self._told = told
        self.device.leases.update(
            {name: f"{offer.address}" for name, offer in self._leases.items() if name in addresses}
        )
        for name in [each for each in self.device.leases if each in self._clients and each not in self._leases]:
            del self.device.leases[name]
        self.device.gateways.update(gateways)
        for name in [each for each in self.device.gateways if each in self._clients and each not in self._leases]:
            del self.device.gateways[name]

    def power_off(self) -> None:
        """Forget what a device forgets without power; nobody is told. `changed` is the power coming back."""
        with self.device.lock:
            for node, interfaces in zip((self.nat_node, self.cry_node), managed(self.wiring), strict=True):
                for interface in interfaces:
                    node.raise_interface(interface, up=False)
            for name in list(self._clients):
                self._end_client(name)
            self.nat.clear_connections()
            self.crypto.clear_ike()
            nat, cry = self._states
            self._states = (
                State(addresses=nat.addresses, mtus=nat.mtus),
                State(addresses=cry.addresses, mtus=cry.mtus),
            )
            self._text = None

    def _dropped(self, stray: Stray) -> None:
        """A PIX has dropped a segment of no connection: it logs that."""

        def tell() -> None:
            for record in pix_log.no_connection(stray):
                self.device.logs.take(record)

        self.guarded(tell)

    # -- DHCP

    def _clients_follow(self) -> None:
        wanted = {
            port.name: self.wiring.outside[port.hardware].port
            for port in self.fabric.ports
            if port.dhcp and port.up and port.hardware in self.wiring.outside
        }
        for name in [name for name in self._clients if name not in wanted]:
            self._end_client(name)
        for name, interface in wanted.items():
            if name not in self._clients:
                self.cry_node.raise_interface(interface)
                self._clients[name] = Client(self.cry_node, interface, self.world.directory, self._hear(name))

    def _end_client(self, name: str) -> None:
        self._clients.pop(name).stop()
        self._leases.pop(name, None)
        self.device.leases.pop(name, None)
        self.device.gateways.pop(name, None)

    def _hear(self, name: str) -> Callable[[Offer | None], None]:
        def told(offer: Offer | None) -> None:
            with self.device.lock:
                if self._closed or (offer is None and name not in self._leases):
                    return
                if offer is None:
                    del self._leases[name]
                else:
                    self._leases[name] = offer
                self.guarded(self._apply)
            with self._heard:
                self._count += offer is not None
                self._heard.notify_all()

        return told

    def count(self) -> None:
        """Note what the associations that exist rest on."""
        self.guarded(lambda: self.used.seen(self.crypto.sas()))

    def guarded(self, function: Callable[[], object]) -> None:
        """Call a function in the background of the sessions: a failure is noted for the test that asks."""
        try:
            function()
        except Exception:
            self.fault(traceback.format_exc())

    def fault(self, text: str) -> None:
        """Something of the emulator failed where no session waits for it."""
        self.faults.append(text)
        if self.device.on_line:
            self.device.on_line(f"EMULATOR FAULT: {text}")

    def renew(self, port: str | None = None, *, anew: bool = False, seconds: float = LEASE_SECONDS) -> bool:
        """Let the interface (by default the first) ask for its lease again; waits for the answer. `anew`: give it back
        first, as if it had run out."""
        name = port or next(iter(self._clients), "")
        if name not in self._clients:
            return False
        with self._heard:
            count = self._count
            client = self._clients[name]
            client.anew() if anew else client.renew()
            return self._heard.wait_for(lambda: self._count > count, seconds)

    def wait_for_leases(self, network: Network, seconds: float = LEASE_SECONDS) -> list[str]:
        """Wait until each interface that can have a lease has one; returns those that have none."""

        def missing() -> list[str]:
            found = []
            for name in self._clients:
                hardware = next(port.hardware for port in self.fabric.ports if port.name == name)
                access = network.access_of(Plug(self.name, hardware))
                if access and access.server.offer and name not in self._leases:
                    found.append(name)
            return found

        with self._heard:
            self._heard.wait_for(lambda: not missing(), seconds)
        return missing()

    def close(self) -> None:
        """Stop what runs."""
        self._closed = True
        for client in self._clients.values():
            client.stop()
        self.crypto.close()
        if self._strays is not None:
            self._strays.close()
