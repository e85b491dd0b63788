# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Emulated network devices, told by text alone: see README.md."""

from __future__ import annotations

from .device import Device, Event, Secrets
from .engine import Grade, Row
from .faults import Faults
from .platforms import PLATFORMS, rows
from .shell import Shell
from .text import comparable

__all__ = ["PLATFORMS", "Device", "Event", "Faults", "Grade", "Row", "Secrets", "Shell", "comparable", "rows"]
