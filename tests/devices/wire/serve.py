# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Devices with a world around them: what `python -m devices --wire` adds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .control import Control
from .network import Network
from .plant import Plant
from .topology import Topology, TopologyError
from .world import World

if TYPE_CHECKING:
    from ..device import Device


class Wired:
    """The world of a process, inside of its sandbox."""

    def __init__(self, topology: Topology, devices: Mapping[str, Device], state: Path) -> None:
        self.world = World()
        self.network = Network(self.world, topology)
        self.plants: dict[str, Plant] = {}
        for name, device in devices.items():
            plant = Plant(device, self.world, topology.wiring(name), name)
            self.plants[name] = plant
            device.plant = plant
            plant.changed()
        for name, plant in self.plants.items():
            for port in plant.wait_for_leases(self.network):
                plant.fault(f"{name} {port}: no lease in time")
        self.control = Control(state, self.world, self.network, self.plants)

    def close(self) -> None:
        """Answer no more. What runs and what was made ends with the process."""
        for plant in self.plants.values():
            plant.count()
        self.control.close()


def check(topology: Topology, devices: Mapping[str, Device]) -> None:
    """The topology's devices exist, and have the interfaces that it plugs in."""
    for port in topology.ports():
        if port.device not in devices:
            raise TopologyError(f"no device {port.device}")
        if not devices[port.device].config.find("interface", name=port.hardware):
            raise TopologyError(f"{port.device} has no interface {port.hardware}")
