#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The security associations of a PIX/ASA or an IOS router."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ipsec_info
short_description: Security associations of a Cisco PIX/ASA or IOS router as data
description:
  - Asks a device for its IKE and IPsec security associations (SAs) and returns them in one shape, whichever platform and
    release it is.
  - With the intent each SA has the name of its tunnel. The name is found by the proxy identities, at either end, never by
    the address of the peer, for an initiator's changes.
  - The commands are those that the release has - C(show crypto ikev1 sa) and C(show crypto ikev2 sa) on a PIX/ASA from 8.4
    on and C(show crypto isakmp sa) before; on IOS C(show crypto isakmp sa), and C(show crypto ikev2 sa) where it is known.
    C(show crypto ipsec sa) on both. What the device refuses as unknown decides; its version is not asked for.
  - Nothing is changed on the device. Nothing is returned as facts.
  - Connects by P(ansible.netcommon.network_cli#connection); C(ansible_network_os) tells the platform,
    V(netvpn.dynamic_l2l.asa) or V(cisco.ios.ios).
version_added: 0.1.0
author: netvpn.dynamic_l2l contributors (@netvpn)
extends_documentation_fragment:
  - netvpn.dynamic_l2l.l2l.intent
options:
  tunnel:
    description:
      - Names of tunnels in the intent; only their SAs are returned. Needs O(host), O(responders) and O(tunnels).
      - An IKE SA belongs to the tunnels whose IPsec SAs are with the same peer, so one without any IPsec SA is not returned.
    type: list
    elements: str
  peer:
    description: Address of a peer; only the SAs with it are returned.
    type: str
  detail:
    description: Whether IPsec SAs are asked for with C(detail), which tells the reasons of errors in more counters.
    type: bool
    default: false
attributes:
  check_mode:
    description: Nothing is ever changed; check mode returns the same.
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
notes:
  - The connection's option C(persistent_log_messages) writes what is received into the log. The module refuses to run
    while it is on.
seealso:
  - module: netvpn.dynamic_l2l.ipsec_verify
  - plugin: netvpn.dynamic_l2l.parse_ipsec_sa
    plugin_type: filter
"""

EXAMPLES = r"""
- name: All security associations, with the names of the tunnels
  netvpn.dynamic_l2l.ipsec_info:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
  register: info

- name: Which tunnels are up
  ansible.builtin.debug:
    msg: "{{ info.associations.ipsec | selectattr('up') | map(attribute='tunnel') | unique }}"

- name: Those of one tunnel, the same at both ends
  netvpn.dynamic_l2l.ipsec_info:
    host: "{{ inventory_hostname }}"
    responders: "{{ l2l_responders }}"
    tunnels: "{{ l2l_tunnels }}"
    tunnel: osaka

- name: Those with one peer, without any intent
  netvpn.dynamic_l2l.ipsec_info:
    peer: 172.16.1.1
    detail: true
"""

RETURN = r"""
platform:
  description: What the device is, V(asa) for a PIX/ASA and V(ios).
  returned: always
  type: str
  sample: ios
associations:
  description:
    - What the device said. What a text does not tell is V(null) or empty. Everything is told as the device sees it.
  returned: always
  type: dict
  contains:
    ike:
      description: IKE SAs (phase 1).
      type: list
      elements: dict
      contains:
        peer:
          description: Address of the other end, or its name where a PIX/ASA shows names. Empty while nothing tells which
            of C(dst) and C(src) it is.
          type: str
        local:
          description: Own address.
          type: str
        version:
          description: Version of IKE.
          type: int
        role:
          description: V(initiator) or V(responder).
          type: str
        state:
          description: The device's word, as V(MM_ACTIVE), V(QM_IDLE), V(READY).
          type: str
        up:
          description: Whether it can carry negotiations.
          type: bool
        deleted:
          description: Whether the device calls it deleted.
          type: bool
        encryption:
          description: Encryption, in the device's spelling. IOS does not show the size of an AES key of IKEv1.
          type: str
        hash:
          description: Hash, in the device's spelling.
          type: str
        group:
          description: Diffie-Hellman group.
          type: int
        authentication:
          description: How the ends proved who they are, in the device's spelling.
          type: str
        lifetime:
          description: Lifetime in seconds.
          type: int
        remaining:
          description: What is left of it in seconds.
          type: int
        nat_t:
          description: Whether there is a translation between the ends.
          type: bool
        identifier:
          description: The device's number of the SA.
          type: str
        rekey:
          description: Whether it is being renewed.
          type: bool
        session:
          description: The device's number of the session.
          type: str
        port:
          description: UDP port of the peer.
          type: int
        dst:
          description: Responder, where nothing tells which side is the device.
          type: str
        src:
          description: Initiator, where nothing tells which side is the device.
          type: str
        tunnels:
          description: Names of the tunnels whose IPsec SAs are with the same peer.
          type: list
          elements: str
    ipsec:
      description: IPsec SAs (phase 2), one entry for each pair of proxy identities with a peer. IOS lists pairs of static
        entries also without any SA.
      type: list
      elements: dict
      contains:
        tunnel:
          description: Name of the tunnel with these identities; empty without the intent and for what is not in it.
          type: str
        up:
          description: Whether there is an SA in each direction.
          type: bool
        peer:
          description: Address of the other end, or its name where a PIX/ASA shows names.
          type: str
        local_address:
          description: Own address.
          type: str
        interface:
          description: Interface with the crypto map.
          type: str
        map:
          description: Name of the crypto map.
          type: str
        sequence:
          description: Number of the map's entry, where the platform shows it.
          type: int
        dynamic:
          description: Whether it was made from a dynamic entry, where the platform shows it.
          type: bool
        acl:
          description: Access list of the entry, where the platform shows it.
          type: str
        version:
          description: Version of IKE that made it, where the platform shows it.
          type: int
        local:
          description: Own proxy identity. V(null) where it is not told or not an address.
          type: dict
          contains:
            network:
              description: Network as V(10.1.1.0/24), or first and last address as V(10.1.1.5-10.1.1.9).
              type: str
            protocol:
              description: Number of the protocol, V(0) for any.
              type: int
            ports:
              description: First and last port.
              type: list
              elements: int
        remote:
          description: Proxy identity of the other end, in the same shape.
          type: dict
        inbound:
          description: SAs from the peer; several while they are renewed.
          type: list
          elements: dict
          contains:
            spi:
              description: Its number, as V(0x537bc76f).
              type: str
            transform:
              description: Algorithms in the device's spelling.
              type: str
            mode:
              description: V(tunnel) or V(transport).
              type: str
            nat_t:
              description: Whether it is carried in UDP.
              type: bool
            remaining_seconds:
              description: What is left of its lifetime.
              type: int
            remaining_kilobytes:
              description: What is left of its volume.
              type: int
            active:
              description: Whether the device calls it active.
              type: bool
        outbound:
          description: SAs to the peer, in the same shape.
          type: list
          elements: dict
        counters:
          description: What the device counts for this pair, by its own words with C(_) between them.
          type: dict
        pfs:
          description: Group of perfect forward secrecy as V(group5), V(none), or empty where the device does not say.
          type: str
        mtu:
          description: Path MTU.
          type: int
        port:
          description: UDP port of the peer.
          type: int
        active:
          description: How many SAs there are, where the device lists sessions instead of SAs.
          type: int
    unread:
      description: Lines that were not understood.
      type: list
      elements: dict
      contains:
        command:
          description: What it answered to.
          type: str
        number:
          description: Number of the line in its answer.
          type: int
        text:
          description: The line, blanks folded.
          type: str
    truncated:
      description: Whether an answer ended where more had to come.
      type: bool
  sample:
    ike:
      - peer: 172.16.1.1
        local: 192.168.1.2
        version: 1
        role: responder
        state: QM_IDLE
        up: true
        identifier: '2'
        tunnels: [osaka]
    ipsec:
      - tunnel: osaka
        up: true
        peer: 172.16.1.1
        local: {network: 10.2.1.0/24, protocol: 0, ports: [0, 65535]}
        remote: {network: 10.1.1.0/24, protocol: 0, ports: [0, 65535]}
        inbound:
          - {spi: '0x537bc76f', transform: esp-des esp-md5-hmac, mode: tunnel, active: true}
        outbound:
          - {spi: '0x64d800cb', transform: esp-des esp-md5-hmac, mode: tunnel, active: true}
        counters: {pkts_encaps: 10, pkts_decaps: 10, send_errors: 0, recv_errors: 0}
    unread: []
    truncated: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._info_door import INFO_SPEC, run_info


def main() -> None:
    """Read the options, look, return."""
    run_info(AnsibleModule(argument_spec=INFO_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
