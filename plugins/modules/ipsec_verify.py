#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is each tunnel of the intent configured, up and carrying traffic?"""

from __future__ import annotations

DOCUMENTATION = r"""
module: ipsec_verify
short_description: Whether IPsec tunnels are configured, up and carrying traffic
description:
  - Says of each tunnel of the intent that a device has a part in whether it is configured as the intent says, whether
    each pair of its networks has security associations (SAs) in both directions, whether the algorithms are those that
    were asked for, and whether packets pass in both directions.
  - On an initiator it can bring tunnels up first, with packets that the device itself sends, and wait for them.
  - For both platforms; which one it is follows from the host's part in the intent. Nothing is configured, cleared or
    saved.
  - Connects by P(ansible.netcommon.network_cli#connection) as M(netvpn.dynamic_l2l.asa_ipsec_l2l) and
    M(netvpn.dynamic_l2l.ios_ipsec_l2l) do.
version_added: 0.1.0
author: netvpn.dynamic_l2l contributors (@netvpn)
extends_documentation_fragment:
  - netvpn.dynamic_l2l.l2l.intent
  - netvpn.dynamic_l2l.l2l.plan
options:
  level:
    description:
      - How much is asked, each with all before it.
      - V(configured) - the device holds the intent, no less and no more.
      - V(up) - each pair of networks of each tunnel has SAs, with the right algorithms and with one peer, and the peer has
        none for other networks.
      - V(traffic) - packets were sent and received in the SAs.
    type: str
    choices: [configured, up, traffic]
    default: traffic
  tunnel:
    description: Names of the tunnels to look at. All of the device by default.
    type: list
    elements: str
  bring_up:
    description:
      - Whether the device first sends packets through each tunnel - C(ping INTERFACE ADDRESS), and C(packet-tracer) for
        networks in which it has no address, where the release has it.
      - PIX/ASA only; a responder does not know where its initiators are, and ignores this. Not in check mode.
    type: bool
    default: false
  probe:
    description:
      - Addresses behind the other ends that answer to ping, at most one for each network. The first address of the
        network by default.
      - The same list may be given to all hosts.
    type: list
    elements: str
  wait:
    description: How many seconds to wait with O(bring_up) at most, 1 to 3600. One unanswered ping takes the device ten.
    type: int
    default: 30
  interval:
    description:
      - Without O(bring_up), seconds between two readings of the SAs, so that what passes now is told from what passed
        once. V(0) - there is one reading.
    type: int
    default: 0
  expect:
    description:
      - What else is expected, as expressions over the module's own result - C(host), C(role), C(version), C(configured),
        C(commands), C(tunnels), C(associations), C(attempts). Each makes one result.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the result, V(expect) and this.
        type: str
        required: true
      query:
        description: JMESPath expression.
        type: str
        required: true
      equals:
        description: What it gives, compared as data. Either this or O(expect[].truthy).
        type: raw
      truthy:
        description: Whether it gives something true; empty lists and texts are false. V(true) by default.
        type: bool
  fail_on:
    description:
      - When the task fails - when a result is V(failed), also when one is V(unknown), or V(never), for plays that judge the
        results of several hosts themselves.
    type: str
    choices: [failed, unknown, never]
    default: failed
attributes:
  check_mode:
    description: Nothing is ever changed. In check mode no tunnel is brought up either.
    support: full
  diff_mode:
    description: What the device has, and what the intent wants, as M(netvpn.dynamic_l2l.asa_ipsec_l2l) shows it.
    support: full
  platform:
    description: What it runs against.
    support: full
    platforms: cisco
requirements:
  - netaddr on the controller
  - jmespath on the controller, with O(expect)
seealso:
  - module: netvpn.dynamic_l2l.asa_ipsec_l2l
  - module: netvpn.dynamic_l2l.ios_ipsec_l2l
  - plugin: netvpn.dynamic_l2l.verification_table
    plugin_type: filter
  - plugin: netvpn.dynamic_l2l.verification_junit
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Is everything configured, up and carrying traffic?
  netvpn.dynamic_l2l.ipsec_verify:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"

- name: Bring a tunnel up from its initiator, then look
  netvpn.dynamic_l2l.ipsec_verify:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    tunnel: [osaka]
    bring_up: true
    probe: [10.2.1.10]
    wait: 60

- name: Expectations of one's own
  netvpn.dynamic_l2l.ipsec_verify:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    level: up
    expect:
      - name: four branches
        query: length(tunnels[?up])
        equals: 4
      - name: no NAT on the way
        query: associations.ike[?nat_t]
        truthy: false
"""

RETURN = r"""
results:
  description: One answer for each question about each tunnel, the device's own first.
  returned: when the device was read
  type: list
  elements: dict
  contains:
    host:
      description: The host that was asked.
      type: str
    tunnel:
      description: Name of the tunnel; empty for what concerns the whole device.
      type: str
    check:
      description: What was asked, the same word in all versions. V(expect) and a name for expectations.
      type: str
    expected:
      description: What should be found.
      type: str
    found:
      description: What was found.
      type: str
    status:
      description: V(ok), V(failed), or V(unknown) where the device does not show it.
      type: str
    message:
      description: What it means and what to do.
      type: str
  sample:
    - host: pix515e
      tunnel: osaka
      check: up
      expected: SAs for 10.1.1.0/24 to 10.2.1.0/24
      found: none
      status: failed
      message: "The tunnel is down; there is no IKE SA, so no packet asked for it, or the other end did not answer. Send
        traffic from 10.1.1.0/24 to 10.2.1.0/24, or run with bring_up: true"
verified:
  description: Whether no result failed.
  returned: when the device was read
  type: bool
counts:
  description: How many results have each status.
  returned: when the device was read
  type: dict
  sample:
    ok: 10
    failed: 1
    unknown: 1
table:
  description: The results for a terminal.
  returned: when the device was read
  type: str
host:
  description: The host that was asked.
  returned: when the device was read
  type: str
role:
  description: Its part, V(initiator) or V(responder).
  returned: when the device was read
  type: str
version:
  description: Its release, as its configuration says. V(null) for one that is not planned for.
  returned: when the device was read
  type: str
configured:
  description: Whether there is nothing to send. V(null) for a release that is not planned for.
  returned: when the device was read
  type: bool
commands:
  description: What would be sent to bring the device to the intent, keys masked.
  returned: when the device was read
  type: list
  elements: str
tunnels:
  description: Each tunnel as the device shows it. Empty with O(level=configured).
  returned: when the device was read
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    other_end:
      description: Inventory name of the other end.
      type: str
    state:
      description: V(present) or V(absent), as the intent says.
      type: str
    up:
      description: Whether all pairs are up.
      type: bool
    pairs:
      description: The pairs of networks (C(local), C(remote)) and their C(state) - V(up), V(part) or V(down).
      type: list
      elements: dict
    peers:
      description: The addresses at which its SAs end.
      type: list
      elements: str
    sent:
      description: Packets that were encrypted. V(null) where it is not shown.
      type: int
    sent_more:
      description: Those since the first reading. V(null) with one reading.
      type: int
    received:
      description: Packets that were decrypted.
      type: int
    received_more:
      description: Those since the first reading.
      type: int
    strangers:
      description: Networks of other SAs of the same peer that no tunnel of the intent has.
      type: list
      elements: str
associations:
  description: All SAs of the device, named by the intent. V(null) with O(level=configured).
  returned: when the device was read
  type: dict
attempts:
  description: With O(bring_up), the last packet that was sent for each pair of networks, or why none was.
  returned: when the device was read
  type: list
  elements: dict
  contains:
    tunnel:
      description: Its name.
      type: str
    local:
      description: The network from which it was sent.
      type: str
    remote:
      description: The network to which it was sent.
      type: str
    command:
      description: What was typed; empty where nothing can be.
      type: str
    answers:
      description: How many pings were answered. V(null) where the device does not say.
      type: int
    said:
      description: What came of it, or why nothing was sent.
      type: str
findings:
  description: What should be known about the device's configuration, as M(netvpn.dynamic_l2l.asa_ipsec_l2l) returns it.
  returned: when there is a plan
  type: list
  elements: dict
diff:
  description: The owned configuration as it is, and as the intent wants it, keys masked.
  returned: when there is a plan
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._verify_door import VERIFY_SPEC, run_verify


def main() -> None:
    """Read the options, look, return."""
    run_verify(AnsibleModule(argument_spec=VERIFY_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
