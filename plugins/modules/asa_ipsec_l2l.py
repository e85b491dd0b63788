#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PIX/ASA with a dynamic address as the initiator of IPsec tunnels."""

from __future__ import annotations

DOCUMENTATION = r"""
module: asa_ipsec_l2l
short_description: IPsec tunnels of a Cisco PIX or ASA with a dynamic address
description:
  - Brings a PIX/ASA (7.0 to 8.2) to what the intent says of it as the initiator of IPsec LAN-to-LAN tunnels to
    routers with a static address - IKE policy, transform set, crypto map and its access lists, tunnel groups,
    exemption from translation.
  - One call reads the running configuration, makes the whole plan, types the lines in an order in which no traffic
    leaves in clear on the way, reads back and saves.
  - Connects by P(ansible.netcommon.network_cli#connection) with C(ansible_network_os) V(netvpn.dynamic_l2l.asa) or
    V(cisco.asa.asa). The session must be privileged (C(ansible_become_method) V(ansible.netcommon.enable)).
version_added: 0.1.0
author: netvpn.dynamic_l2l contributors (@netvpn)
extends_documentation_fragment:
  - netvpn.dynamic_l2l.l2l
  - netvpn.dynamic_l2l.l2l.intent
  - netvpn.dynamic_l2l.l2l.plan
seealso:
  - module: netvpn.dynamic_l2l.ios_ipsec_l2l
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

- name: Bring the initiator to the intent
  netvpn.dynamic_l2l.asa_ipsec_l2l:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"

- name: The same, with translation to the outside address for everything else and names of one's own
  netvpn.dynamic_l2l.asa_ipsec_l2l:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    pat: present
    names:
      crypto_map: IPSEC
      crypto_acl: CRYPTO
      exemption_acl: NO-NAT

- name: Take its tunnels away, and all that was only there for them
  netvpn.dynamic_l2l.asa_ipsec_l2l:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    state: absent
    remove_shared: true

- name: Show the lines for a device that is not there yet
  netvpn.dynamic_l2l.asa_ipsec_l2l:
    host: pix515e
    responders: "{{ l2l_responders }}"
    tunnels:
      - name: osaka
        initiator: pix515e
        responder: hub
        networks:
          - prefix: 10.1.1.0/24
            interface: inside
    outside_interface: outside
    version: 7.2(2)
    state: rendered
  connection: local

- name: Read a saved configuration
  netvpn.dynamic_l2l.asa_ipsec_l2l:
    running_config: "{{ lookup('ansible.builtin.file', 'pix515e.cfg') }}"
    state: parsed
  connection: local
"""

RETURN = r"""
commands:
  description: What was typed in configuration mode, or would be in check mode, keys masked.
  returned: O(state=present) and O(state=absent)
  type: list
  elements: str
  sample:
    - crypto isakmp policy 10
    - authentication pre-share
    - encryption aes-256
    - hash sha
    - group 5
    - lifetime 86400
    - exit
    - tunnel-group 192.168.1.2 type ipsec-l2l
    - tunnel-group 192.168.1.2 ipsec-attributes
    - pre-shared-key ********
    - exit
    - crypto ipsec transform-set L2L-AES256-SHA esp-aes-256 esp-sha-hmac
    - access-list L2L-osaka extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
    - crypto map L2L-MAP 10 match address L2L-osaka
    - crypto map L2L-MAP 10 set peer 192.168.1.2
    - crypto map L2L-MAP 10 set transform-set L2L-AES256-SHA
    - crypto isakmp enable outside
    - access-list L2L-NONAT-inside extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
    - nat (inside) 0 access-list L2L-NONAT-inside
    - crypto map L2L-MAP interface outside
before:
  description: The owned configuration as data, before. Keys are masked.
  returned: O(state=present) and O(state=absent)
  type: dict
  sample:
    version: 7.2(2)
    access_lists: {}
    globals: []
    exemptions: {}
    nat: []
    transform_sets: {}
    crypto_maps: {}
    bindings: {}
    isakmp_enabled: []
    ike_policies: {}
    tunnel_groups: {}
after:
  description: The owned configuration as data, after. A real run has compared it with what the device holds. Keys are
    masked.
  returned: O(state=present) and O(state=absent)
  type: dict
  sample:
    version: 7.2(2)
    access_lists:
      L2L-osaka:
        - extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
      L2L-NONAT-inside:
        - extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
    globals: []
    exemptions:
      inside: L2L-NONAT-inside
    nat: []
    transform_sets:
      L2L-AES256-SHA:
        - esp-aes-256
        - esp-sha-hmac
    crypto_maps:
      L2L-MAP:
        '10':
          match_address: L2L-osaka
          peers:
            - 192.168.1.2
          transform_sets:
            - L2L-AES256-SHA
          pfs: null
          lifetime_seconds: null
          lifetime_kilobytes: null
          dynamic: null
    bindings:
      outside: L2L-MAP
    isakmp_enabled:
      - outside
    ike_policies:
      '10':
        - authentication pre-share
        - encryption aes-256
        - hash sha
        - group 5
        - lifetime 86400
    tunnel_groups:
      192.168.1.2:
        type: ipsec-l2l
        pre_shared_key: '********'
        dpd: null
diff:
  description: The owned configuration as text, in the order of the running configuration, keys masked.
  returned: O(state=present) and O(state=absent)
  type: dict
  sample:
    before_header: "pix515e (before)"
    before: ""
    after_header: "pix515e (after)"
    after: |
      access-list L2L-osaka extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
      access-list L2L-NONAT-inside extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
      nat (inside) 0 access-list L2L-NONAT-inside
      crypto ipsec transform-set L2L-AES256-SHA esp-aes-256 esp-sha-hmac
      crypto map L2L-MAP 10 match address L2L-osaka
      crypto map L2L-MAP 10 set peer 192.168.1.2
      crypto map L2L-MAP 10 set transform-set L2L-AES256-SHA
      crypto map L2L-MAP interface outside
      crypto isakmp enable outside
      crypto isakmp policy 10
       authentication pre-share
       encryption aes-256
       hash sha
       group 5
       lifetime 86400
      tunnel-group 192.168.1.2 type ipsec-l2l
      tunnel-group 192.168.1.2 ipsec-attributes
       pre-shared-key ********
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
    - code: exemption-missing
      level: warning
      message: "tunnel osaka: traffic from 10.1.1.0/24 to 10.2.1.0/24 is not exempt from translation: 'nat (inside) 1
        0.0.0.0 0.0.0.0' takes it, and what is translated is not protected. Exempt it on inside"
      lines:
        - nat (inside) 0 access-list NO-NAT
        - nat (inside) 1 0.0.0.0 0.0.0.0
      packet:
        protocol: icmp
        source: 10.1.1.1
        destination: 10.2.1.1
        enters: inside
        source_port: null
        destination_port: null
      commands:
        - access-list NO-NAT extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
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
    - command: clear crypto ipsec sa peer 192.168.1.2
      kind: ipsec
      peer: 192.168.1.2
      tunnel: osaka
      local: 10.1.1.0/24
      remote: 10.2.1.0/24
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
      connections: 2
      translations: 1
    after:
      connections: 2
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
        - nat (inside) 0 access-list L2L-NONAT-inside
      changes:
        - enters: inside
          packet: a packet from 10.1.1.1 to 10.2.1.1 that enters at inside
          before: translated and in clear
          after: protected (192.168.1.2)
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
    - authentication pre-share
    - encryption aes-256
    - hash sha
    - group 5
    - lifetime 86400
    - exit
    - tunnel-group 192.168.1.2 type ipsec-l2l
    - tunnel-group 192.168.1.2 ipsec-attributes
    - pre-shared-key ********
    - exit
    - crypto ipsec transform-set L2L-AES256-SHA esp-aes-256 esp-sha-hmac
    - access-list L2L-osaka extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
    - crypto map L2L-MAP 10 match address L2L-osaka
    - crypto map L2L-MAP 10 set peer 192.168.1.2
    - crypto map L2L-MAP 10 set transform-set L2L-AES256-SHA
    - crypto isakmp enable outside
    - access-list L2L-NONAT-inside extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0
    - nat (inside) 0 access-list L2L-NONAT-inside
    - crypto map L2L-MAP interface outside
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
    run_module(module, "asa")


if __name__ == "__main__":
    main()
