#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clear security associations of one tunnel, one peer, or all."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ipsec_clear
short_description: Clear security associations of one tunnel, one peer, or all
description:
  - Clears IKE and IPsec security associations (SAs) of a PIX/ASA or an IOS router. Nothing of its configuration changes.
  - Those of a tunnel are found by its networks in the intent, on either end, and never by the peer's address. Where their
    peer has others, each is cleared by its SPI, so that these stay.
  - Where a release can only clear the IKE SAs of all peers at once (PIX/ASA up to 8.3), that is typed for one peer only
    while no other peer has any; otherwise the peer's session is logged off, and RV(findings) says where a release lacks that.
  - What is cleared comes up again with the next packet of an initiator's network. That is no failure, and RV(findings)
    tells it. A responder cannot bring it up.
  - The platform is found by C(show version). Connects by P(ansible.netcommon.network_cli#connection) as
    M(netvpn.dynamic_l2l.asa_ipsec_l2l) and M(netvpn.dynamic_l2l.ios_ipsec_l2l) do.
version_added: 0.1.0
author: netvpn.dynamic_l2l contributors (@netvpn)
extends_documentation_fragment:
  - netvpn.dynamic_l2l.l2l.intent
options:
  tunnel:
    description:
      - Names of tunnels in the intent. Needs O(host), O(responders) and O(tunnels).
      - Exactly one of O(tunnel), O(peer) and O(all) must be given.
    type: list
    elements: str
  peer:
    description: Address of a peer, as the device shows it. All of its SAs are meant, of whatever networks.
    type: str
  all:
    description: Whether the SAs of everybody are meant. Interrupts every tunnel of the device.
    type: bool
    default: false
  what:
    description: Which kinds are cleared.
    type: list
    elements: str
    choices: [ike, ipsec]
    default: [ike, ipsec]
attributes:
  check_mode:
    description: The device is asked for its SAs, and RV(commands) are those of a real run. Nothing is cleared.
    support: full
  diff_mode:
    description: The configuration is not touched.
    support: none
  platform:
    description: What it runs against.
    support: full
    platforms: cisco
requirements:
  - netaddr on the controller
seealso:
  - module: netvpn.dynamic_l2l.ipsec_verify
"""

EXAMPLES = r"""
- name: Clear one tunnel, on whichever end this is
  netvpn.dynamic_l2l.ipsec_clear:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    tunnel: osaka

- name: Have one peer negotiate its IPsec SAs anew
  netvpn.dynamic_l2l.ipsec_clear:
    peer: 172.16.1.1
    what: [ipsec]

- name: Clear everything
  netvpn.dynamic_l2l.ipsec_clear:
    all: true
"""

RETURN = r"""
commands:
  description: The exec commands that were typed, or would be in check mode. None where there was nothing to clear.
  returned: success
  type: list
  elements: str
  sample:
    - clear crypto sa peer 172.16.1.1
    - clear crypto isakmp 2
cleared:
  description: The same with the SAs that each is meant for.
  returned: success
  type: list
  elements: dict
  contains:
    command:
      description: The exec command.
      type: str
    kind:
      description: V(ike) or V(ipsec).
      type: str
    peer:
      description: The peer. Empty where it is about all.
      type: str
    tunnel:
      description: The tunnel's name in the intent, where the SA has one.
      type: str
    local:
      description: What the SA protects on this side, where the command is about one pair.
      type: str
    remote:
      description: What it protects on the other side.
      type: str
    also:
      description: What the command ends beside them.
      type: list
      elements: str
  sample:
    - command: clear crypto sa peer 172.16.1.1
      kind: ipsec
      peer: 172.16.1.1
      tunnel: osaka
      local: 10.2.1.0/24
      remote: 10.1.1.0/24
      also: []
    - command: clear crypto isakmp 2
      kind: ike
      peer: 172.16.1.1
      tunnel: osaka
      local: ""
      remote: ""
      also: []
also:
  description: What the commands end beside what was asked for, as other networks of the same peer.
  returned: success
  type: list
  elements: str
  sample: []
before:
  description: How many of the SAs that are meant there were.
  returned: success
  type: dict
  contains:
    ike:
      description: IKE SAs.
      type: int
    ipsec:
      description: Pairs of networks that have IPsec SAs.
      type: int
  sample:
    ike: 1
    ipsec: 1
after:
  description:
    - How many there are after the commands, in the shape of RV(before). V(null) in check mode.
    - With traffic of an initiator they may be back; RV(findings) tells which.
  returned: success
  type: dict
  sample:
    ike: 0
    ipsec: 0
findings:
  description: What should be known - an SA that did not go, one that is there again, IKE SAs that cannot be cleared alone.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: Short name of the kind, the same in all versions.
      type: str
    level:
      description: V(warning) or V(note).
      type: str
    message:
      description: What it is, and what to do.
      type: str
    lines:
      description: Not used here.
      type: list
      elements: str
    packet:
      description: Not used here.
      type: dict
    commands:
      description: A command that would do it, and why it was not typed stands in C(message).
      type: list
      elements: str
  sample: []
line:
  description: The command that the device refused.
  returned: when a command was refused and SAs that were meant are still there
  type: str
answer:
  description: What the device answered.
  returned: when a command was refused and SAs that were meant are still there
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.associations.clear import KINDS
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.associations.clear_run import clear
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._door import ARGUMENT_SPEC, OpenSession, carry_out

SPEC: dict[str, Any] = {
    **{option: ARGUMENT_SPEC[option] for option in ("host", "responders", "tunnels")},
    "tunnel": {"type": "list", "elements": "str"},
    "peer": {"type": "str"},
    "all": {"type": "bool", "default": False},
    "what": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
}


def main() -> None:
    """Read the options, do it, return."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)

    def work(request: dict[str, Any], open_session: OpenSession) -> dict[str, Any]:
        return clear(request, check_mode=module.check_mode, open_session=open_session)

    carry_out(module, work)


if __name__ == "__main__":
    main()
