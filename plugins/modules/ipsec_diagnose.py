#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a tunnel does not come up, asked of one end."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ipsec_diagnose
short_description: Why an IPsec tunnel does not come up, from a device's log, configuration and SAs
description:
  - Reads a device's log buffer, its running configuration and its security associations (SAs), and says how far each
    negotiation came, what failed, the most likely cause with the device line that it is, the log lines that show it,
    and what to type to confirm and to mend it.
  - Returns what the device said as RV(evidence), without keys, so that P(netvpn.dynamic_l2l.diagnose_ike#filter) can look
    at both ends together. The playbook C(netvpn.dynamic_l2l.diagnose) does that.
  - With O(allow_debug) IKE and IPsec are debugged for a bounded time, of one peer where the release can and O(peer) is
    given. Debugging is refused on a busy device and where somebody else limits it. Only what was off is switched on, and
    exactly that is switched off again, whatever happens.
  - Nothing is configured, cleared or saved.
  - For both platforms; which one it is follows from the host's part in the intent. Connects by
    P(ansible.netcommon.network_cli#connection) as M(netvpn.dynamic_l2l.asa_ipsec_l2l) and
    M(netvpn.dynamic_l2l.ios_ipsec_l2l) do.
version_added: 0.1.0
author: netvpn.dynamic_l2l contributors (@netvpn)
extends_documentation_fragment:
  - netvpn.dynamic_l2l.l2l.intent
options:
  tunnel:
    description: Names of the tunnels that O(bring_up) sends packets through. All of the device by default.
    type: list
    elements: str
  bring_up:
    description:
      - Whether an initiator first sends a packet through each tunnel, so that it negotiates and the log tells of it.
      - A responder does not know where its initiators are, and ignores this. Not in check mode.
    type: bool
    default: false
  probe:
    description:
      - Addresses behind the other ends that O(bring_up) sends to, at most one for each network. The first address of the
        network by default.
    type: list
    elements: str
  allow_debug:
    description:
      - Whether debugging may be switched on for O(seconds). Debugging costs a device time, and prints into every session
        that monitors it. Not in check mode.
      - If the connection is lost meanwhile, the error says what to type on an IOS router; a PIX/ASA debugs for one session
        alone, and that has ended.
    type: bool
    default: false
  seconds:
    description: How long to debug, 1 to 300.
    type: int
    default: 20
  peer:
    description: Address of the only peer to debug. Where the release cannot tell peers apart, RV(notes) says so.
    type: str
  max_cpu:
    description: A device that is busier than this many per cent over five seconds is not debugged.
    type: int
    default: 60
attributes:
  check_mode:
    description: Nothing is ever changed. In check mode nothing is debugged and no packet is sent either.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
  platform:
    description: What it runs against.
    support: full
    platforms: cisco
requirements:
  - netaddr on the controller
seealso:
  - plugin: netvpn.dynamic_l2l.diagnose_ike
    plugin_type: filter
  - module: netvpn.dynamic_l2l.ipsec_verify
"""

EXAMPLES = r"""
- name: Why does it not come up?
  netvpn.dynamic_l2l.ipsec_diagnose:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
  register: found

- name: Say it
  ansible.builtin.debug:
    var: found.diagnosis.verdict

- name: Debug for half a minute while the initiator tries
  netvpn.dynamic_l2l.ipsec_diagnose:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    bring_up: true
    allow_debug: true
    seconds: 30
"""

RETURN = r"""
diagnosis:
  description:
    - What this end alone tells. The documentation of the collection describes each key (C(docs/diagnosis.md)).
    - C(verdict) is one sentence; C(negotiations), C(problems), C(notes) and C(unread) are lists.
  returned: success
  type: dict
  sample:
    verdict: "The tunnel with 192.168.1.2 came up; nothing is wrong in the log. 1 thing is worth knowing."
    problems: []
evidence:
  description: What the device said, without keys, in the shape that P(netvpn.dynamic_l2l.diagnose_ike#filter) takes for an
    end.
  returned: success
  type: dict
  contains:
    platform:
      description: V(asa) or V(ios).
      type: str
    logs:
      description: The log as texts. Lines that may hold a key are hidden.
      type: list
      elements: str
    running_config:
      description: The lines of the running configuration that tunnels, translation and routes are made of, keys masked.
      type: str
    access_lists:
      description: What C(show access-lists) said, on a router.
      type: str
    associations:
      description: The SAs, as M(netvpn.dynamic_l2l.ipsec_info) returns them.
      type: dict
    key:
      description: Whether the device's key is the one of the intent, V(as intended), V(another), or V(unknown) where the
        device hides it.
      type: str
commands:
  description: What was typed to get at the log, debugging and its end included.
  returned: success
  type: list
  elements: str
  sample:
    - show logging
conditional:
  description: Whether one peer alone was debugged.
  returned: success
  type: bool
notes:
  description: What should be known about how the log was collected.
  returned: success
  type: list
  elements: str
host:
  description: The host that was asked.
  returned: success
  type: str
platform:
  description: V(asa) or V(ios).
  returned: success
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.diagnosis.run import diagnose_device
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._door import ARGUMENT_SPEC, OpenSession, carry_out

SPEC: dict[str, Any] = {
    **{option: ARGUMENT_SPEC[option] for option in ("host", "responders", "tunnels")},
    "tunnel": {"type": "list", "elements": "str"},
    "bring_up": {"type": "bool", "default": False},
    "probe": {"type": "list", "elements": "str"},
    "allow_debug": {"type": "bool", "default": False},
    "seconds": {"type": "int", "default": 20},
    "peer": {"type": "str"},
    "max_cpu": {"type": "int", "default": 60},
}


def main() -> None:
    """Read the options, look, return."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)

    def work(request: dict[str, Any], open_session: OpenSession) -> dict[str, Any]:
        return diagnose_device(request, check_mode=module.check_mode, open_session=open_session)

    carry_out(module, work)


if __name__ == "__main__":
    main()
