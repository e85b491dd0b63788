# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""What several groups of PIX rows need: interface names, address pairs, references to lists."""

from __future__ import annotations

import ipaddress

from ...engine import Call, Refused
from ...store import Block, Item


def nameifs(config: Block) -> list[str]:
    """The names of the interfaces."""
    return [item["name"] for entry in config.find("interface") for item in entry.block.find("nameif") if item["name"]]


def need_interface(call: Call, name: str) -> None:
    """An interface of that name must exist (the refusal's text is recall)."""
    if name not in nameifs(call.config):
        raise Refused(f"ERROR: % Interface name '{name}' is not defined")


def acl(config: Block, name: str) -> list[Item]:
    """The entries of an access list, remarks included."""
    return config.find("access-list", id=name)


def need_acl(call: Call, name: str) -> None:
    """An access list must exist before something refers to it (text: mock with strings of a device; rule: recall)."""
    if not acl(call.config, name):
        raise Refused(f"ERROR: access-list <{name}> does not exist")


def acl_users(config: Block, name: str) -> list[Item]:
    """The lines that refer to an access list."""
    users = config.find("nat", acl=name) + config.find("static", acl=name) + config.find("access-group", acl=name)
    users += config.find("crypto-map", "dynamic-map", what="match address", value=name)
    return users + [
        line
        for policy in config.find("group-policy")
        for line in policy.block.find("vpn-filter", value=f"value {name}")
    ]


def need_network(address: str, mask: str) -> None:
    """An address and a mask must be a network (text and rule: recall)."""
    if int(ipaddress.IPv4Address(address)) & ~int(ipaddress.IPv4Address(mask)) & 0xFFFFFFFF:
        raise Refused(f"ERROR: IP address,mask <{address},{mask}> doesn't pair")
