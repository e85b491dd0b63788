#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IOS router with a static address as the responder of IPsec tunnels."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ios_ipsec_l2l
short_description: IPsec tunnels of a Cisco IOS router for initiators with dynamic addresses
description:
  - Brings an IOS router (12.4) to what the intent says of it as the responder of IPsec LAN-to-LAN tunnels from
    PIX/ASA with dynamic addresses - IKE policy, key, transform set, dynamic crypto map and its access list, exemption
    from translation.
  - One call reads the running configuration, makes the whole plan, types the lines in an order in which no traffic
    leaves in clear on the way, reads back and saves.
  - A router cannot start such a tunnel; the initiators do.
  - Connects by P(ansible.netcommon.network_cli#connection) with C(ansible_network_os) V(cisco.ios.ios).
version_added: 0.1.0
author: netvpn.dynamic_l2l contributors (@netvpn)
extends_documentation_fragment:
  - netvpn.dynamic_l2l.l2l
  - netvpn.dynamic_l2l.l2l.intent
  - netvpn.dynamic_l2l.l2l.plan
seealso:
  - module: netvpn.dynamic_l2l.asa_ipsec_l2l
"""

EXAMPLES = r"""
# The intent, the same for both ends; for example in group_vars/all.yml:
#
# l2l_responders:
#   - host: hub
#     address: 192.168.1.2
#     networks: [10.2.1.0/24]
#     suite: aes256-sha-g5
#     pre_shared_key: "{{ vault_hub_psk }}"
# l2l_tunnels:
#   - name: osaka
#     initiator: pix515e
#     responder: hub
#     networks: [10.1.1.0/24]

- name: Bring the responder to the intent
  netvpn.dynamic_l2l.ios_ipsec_l2l:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"

- name: Add one tunnel and leave all others as they are
  netvpn.dynamic_l2l.ios_ipsec_l2l:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ [new_tunnel] }}"
    partial: true

- name: Take its tunnels away; the key, the IKE policy and the translation stay
  netvpn.dynamic_l2l.ios_ipsec_l2l:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    state: absent

- name: Show the lines that a saved configuration lacks
  netvpn.dynamic_l2l.ios_ipsec_l2l:
    host: hub
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    running_config: "{{ lookup('ansible.builtin.file', 'hub.cfg') }}"
    state: rendered
  connection: local

- name: The device's tunnels as data
  netvpn.dynamic_l2l.ios_ipsec_l2l:
    state: gathered
"""

RETURN = r"""
commands:
  description: What was typed in configuration mode, or would be in check mode, keys masked.
  returned: O(state=present) and O(state=absent)
  type: list
  elements: str
  sample:
    - crypto isakmp policy 10
    - encr aes 256
    - authentication pre-share
    - group 5
    - exit
    - crypto isakmp key ******** address 0.0.0.0 0.0.0.0
    - crypto ipsec transform-set L2L-AES256-SHA esp-aes 256 esp-sha-hmac
    - ip access-list extended L2L-MATCH
    - permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
    - crypto dynamic-map L2L-DYN 10
    - set transform-set L2L-AES256-SHA
    - match address L2L-MATCH
    - exit
    - crypto map L2L-MAP 10 ipsec-isakmp dynamic L2L-DYN
    - interface Ethernet0/0
    - crypto map L2L-MAP
before:
  description: The owned configuration as data, before. Keys are masked.
  returned: O(state=present) and O(state=absent)
  type: dict
  sample:
    version: '12.4'
    ike_policies: {}
    keys: {}
    keepalive: null
    transform_sets: {}
    dynamic_maps: {}
    crypto_maps: {}
    bindings: {}
    nat_roles: {}
    nat_rules: []
    access_lists: {}
after:
  description: The owned configuration as data, after. A real run has compared it with what the device holds. Keys are
    masked.
  returned: O(state=present) and O(state=absent)
  type: dict
  sample:
    version: '12.4'
    ike_policies:
      '10':
        - encr aes 256
        - authentication pre-share
        - group 5
    keys:
      0.0.0.0/0: '********'
    keepalive: null
    transform_sets:
      L2L-AES256-SHA:
        - esp-aes
        - '256'
        - esp-sha-hmac
    dynamic_maps:
      L2L-DYN:
        '10':
          match_address: L2L-MATCH
          transform_sets:
            - L2L-AES256-SHA
          pfs: null
          lifetime_seconds: null
          lifetime_kilobytes: null
    crypto_maps:
      L2L-MAP:
        '10':
          dynamic: L2L-DYN
          lines: []
    bindings:
      Ethernet0/0: L2L-MAP
    nat_roles: {}
    nat_rules: []
    access_lists:
      L2L-MATCH:
        - permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
diff:
  description: The owned configuration as text, in the order of the running configuration, keys masked.
  returned: O(state=present) and O(state=absent)
  type: dict
  sample:
    before_header: "hub (before)"
    before: ""
    after_header: "hub (after)"
    after: |
      crypto isakmp policy 10
       encr aes 256
       authentication pre-share
       group 5
      crypto isakmp key ******** address 0.0.0.0 0.0.0.0
      crypto ipsec transform-set L2L-AES256-SHA esp-aes 256 esp-sha-hmac
      crypto dynamic-map L2L-DYN 10
       set transform-set L2L-AES256-SHA
       match address L2L-MATCH
      crypto map L2L-MAP 10 ipsec-isakmp dynamic L2L-DYN
      interface Ethernet0/0
       crypto map L2L-MAP
      ip access-list extended L2L-MATCH
       permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
findings:
  description:
    - What should be known about the device, whether or not anything changes. With O(preflight=fail) and a device that
      is not ready, what is missing.
    - With O(state=present), O(state=absent) and O(state=rendered) what remains wrong after the plan. With
      O(state=gathered) what is wrong now - for the tunnels of O(host) where O(host), O(responders) and O(tunnels) are
      given, else for what the device's own crypto maps protect.
  returned: O(state=present), O(state=absent), O(state=rendered) and O(state=gathered)
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
      description: What it is, where, and what to do, or why nobody can mend it from here.
      type: str
    lines:
      description: The device's lines at fault; none where a line is missing.
      type: list
      elements: str
    packet:
      description: One packet that suffers by it. V(null) where it is not about packets.
      type: dict
      contains:
        protocol:
          description: Name or number.
          type: str
        source:
          description: Source address.
          type: str
        destination:
          description: Destination address.
          type: str
        enters:
          description: The interface at which it enters the device.
          type: str
        source_port:
          description: Source port, where the protocol has ports.
          type: int
        destination_port:
          description: Destination port, where the protocol has ports.
          type: int
    commands:
      description: What to type in configuration mode, in this order, so that the finding goes. Computed for the device
        as it is - after those of one finding read it again. Keys are masked.
      type: list
      elements: str
  sample:
    - code: clear-without-sa
      level: warning
      message: "responder hub: crypto dynamic-map DYN 10 has no access list, so the router sends traffic for the
        initiators' networks in clear while no SA exists. Set match_address: true"
      lines:
        - crypto dynamic-map DYN 10
      packet:
        protocol: icmp
        source: 10.2.1.2
        destination: 10.1.1.1
        enters: FastEthernet1/0
        source_port: null
        destination_port: null
      commands:
        - ip access-list extended L2L-MATCH
        - permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
        - crypto dynamic-map DYN 10
        - match address L2L-MATCH
backup_path:
  description: Where the running configuration was written before anything was sent. It may hold keys.
  returned: with O(backup), not in check mode; also when the run failed afterwards
  type: str
  sample: /home/admin/vpn/backup/hub_config.2026-11-24@12:00:00
cleared:
  description:
    - The exec commands among RV(commands) that clear what the change leaves behind, with what each is meant for.
    - SAs whose networks leave the intent, always. With O(clear_flows=affected) also old connections and translations.
  returned: O(state=present) and O(state=absent)
  type: list
  elements: dict
  contains:
    command:
      description: The exec command.
      type: str
    kind:
      description: V(ike), V(ipsec), V(connection) or V(translation).
      type: str
    peer:
      description: The peer of an SA.
      type: str
    tunnel:
      description: The name of its tunnel in the intent, where it has one.
      type: str
    local:
      description: What an IPsec SA protects on this side.
      type: str
    remote:
      description: What it protects on the other side.
      type: str
    also:
      description: What the command ends beside that.
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
old_flows:
  description:
    - How many connections and translations began before RV(switches) and are meant to be treated in another way now.
    - Read from the device's tables, where some line switches. They end by themselves, or by O(clear_flows=affected).
  returned: O(state=present) and O(state=absent)
  type: dict
  contains:
    before:
      description: C(connections) and C(translations) before the first line. V(null) where nothing switches or the device was
        not asked.
      type: dict
    after:
      description: How many of these are still there at the end. V(null) in check mode.
      type: dict
    unknown:
      description: Why they were not counted. Empty where they were.
      type: str
  sample:
    before:
      connections: 0
      translations: 1
    after:
      connections: 0
      translations: 1
    unknown: ""
switches:
  description:
    - The lines after which new flows meet something else, in order, as proven before the first write.
    - Lines that change nothing for any packet are not in it.
  returned: O(state=present), O(state=absent) and O(state=rendered)
  type: list
  elements: dict
  contains:
    lines:
      description: The lines, keys masked.
      type: list
      elements: str
    changes:
      description: Where the packets enter (C(enters)), one of them (C(packet)), what they met (C(before)) and meet
        (C(after)), and which line decides then (C(line), C(detail)).
      type: list
      elements: dict
  sample:
    - lines:
        - 5 deny ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
      changes:
        - enters: FastEthernet1/0
          packet: a packet from 10.2.1.1 to 10.1.1.1 that enters at FastEthernet1/0
          before: translated and in clear
          after: protected (dynamic-map L2L-DYN)
saved:
  description: Whether the running configuration was saved.
  returned: O(state=present) and O(state=absent)
  type: bool
  sample: true
rendered:
  description: The lines that would be typed, keys masked.
  returned: O(state=rendered)
  type: list
  elements: str
  sample:
    - crypto isakmp policy 10
    - encr aes 256
    - authentication pre-share
    - group 5
    - exit
    - crypto isakmp key ******** address 0.0.0.0 0.0.0.0
    - crypto ipsec transform-set L2L-AES256-SHA esp-aes 256 esp-sha-hmac
    - ip access-list extended L2L-MATCH
    - permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255
    - crypto dynamic-map L2L-DYN 10
    - set transform-set L2L-AES256-SHA
    - match address L2L-MATCH
    - exit
    - crypto map L2L-MAP 10 ipsec-isakmp dynamic L2L-DYN
    - interface Ethernet0/0
    - crypto map L2L-MAP
parsed:
  description: The given running configuration as data, in the shape of RV(after), keys masked.
  returned: O(state=parsed)
  type: dict
gathered:
  description: The device's running configuration as data, in the shape of RV(after), keys masked.
  returned: O(state=gathered)
  type: dict
line:
  description: The line that the device refused, keys masked.
  returned: when a line was refused
  type: str
  sample: crypto map L2L-MAP interface outside
answer:
  description: What the device answered.
  returned: when a line was refused
  type: str
  sample: "ERROR: Command authorization failed"
rolled_back:
  description:
    - Whether the configuration is the one before again, compared line for line. V(null) if nothing was undone, as
      after a lost connection.
  returned: when a line was refused or was not taken
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._door import ARGUMENT_SPEC, REQUIRED_IF, run_module


def main() -> None:
    """Read the options, do it, return."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED_IF, supports_check_mode=True)
    run_module(module, "ios")


if __name__ == "__main__":
    main()
