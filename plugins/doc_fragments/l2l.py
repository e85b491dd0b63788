# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation of all modules with an intent shares."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: netvpn.dynamic_l2l.l2l.intent``, ``.plan``, and without a name the rest.

    A fragment may only name options that every module with it has.
    """

    #: The intent, and which part of it is the device's.
    INTENT = r"""
options:
  host:
    description:
      - The device's name in the intent, which is its inventory name. Usually V({{ inventory_hostname }}).
    type: str
  responders:
    description:
      - The routers with a static address, and what both ends of all their tunnels must agree on. The same list for
        every device; usually V({{ l2l_responders }}).
    type: list
    elements: dict
    suboptions:
      host:
        description: Inventory name of the router.
        type: str
        required: true
      address:
        description: IPv4 address of the router as the initiators see it.
        type: str
        required: true
      networks:
        description:
          - IPv4 networks behind the router, as V(10.2.1.0/24). They must not overlap.
          - Instead of a network, a mapping with C(prefix) and C(interface) may stand. Without C(interface) the
            interface is that of the longest matching connected or static route of the device.
        type: list
        elements: raw
        required: true
      suite:
        description:
          - A named pair of proposals for IKE and IPsec, named by encryption, hash and Diffie-Hellman group.
          - V(reference) is DES, MD5 and group 1, as the reference scenario of 2007 has it.
          - Either this or O(responders[].ike) together with O(responders[].ipsec). There is no default.
        type: str
        choices:
          - aes256-sha-g14
          - aes256-sha-g5
          - aes192-sha-g5
          - aes128-sha-g5
          - aes256-sha-g2
          - aes128-sha-g2
          - 3des-sha-g5
          - 3des-sha-g2
          - reference
      ike:
        description: The IKE (phase 1) proposal in full, in place of O(responders[].suite).
        type: dict
        suboptions:
          encryption:
            description: Encryption of IKE.
            type: str
            required: true
            choices: [des, 3des, aes128, aes192, aes256]
          hash:
            description: Hash of IKE.
            type: str
            required: true
            choices: [md5, sha]
          group:
            description: Diffie-Hellman group of IKE.
            type: int
            required: true
            choices: [1, 2, 5, 14]
      ipsec:
        description: The IPsec (phase 2, ESP in tunnel mode) proposal in full, in place of O(responders[].suite).
        type: dict
        suboptions:
          encryption:
            description: Encryption of ESP.
            type: str
            required: true
            choices: [des, 3des, aes128, aes192, aes256]
          hash:
            description: Integrity of ESP.
            type: str
            required: true
            choices: [md5, sha]
      pre_shared_key:
        description:
          - The key of the responder and of all its initiators. 1 to 128 printable ASCII characters, without blanks and
            without V(?). It belongs in a vault.
          - In IKEv1 main mode the responder chooses the key by address before it knows who calls, so there is one for
            all initiators with unknown addresses; whoever has it may claim any network that the responder's list
            allows.
          - It is in no output, diff, return value or log of this module.
        type: str
        required: true
      match_address:
        description:
          - Whether the responder's dynamic map entry has an access list, the mirror of the initiators' lists.
          - Without it the router sends traffic for the initiators' networks in clear and with its own source whenever
            no security association exists, and accepts any proxy identity.
        type: bool
        default: true
      allow_weak_crypto:
        description:
          - The weakest algorithms that are let through. V(broken) are DES, MD5 and the groups 1 and 2; V(legacy) are
            3DES and group 5. What is let through is a finding all the same.
        type: str
        choices: [none, legacy, broken]
        default: legacy
      dpd:
        description: IKE keepalives (dead peer detection) at both ends. Not managed unless stated.
        type: dict
        suboptions:
          interval:
            description: Seconds without traffic before a probe is sent, 10 to 3600. V(10) if only
              O(responders[].dpd.retry) is stated.
            type: int
          retry:
            description: Seconds between probes that are not answered, 2 to 10. V(2) if only
              O(responders[].dpd.interval) is stated.
            type: int
      pfs:
        description: Diffie-Hellman group for perfect forward secrecy of phase 2. Not managed unless stated.
        type: int
        choices: [1, 2, 5, 14]
      lifetimes:
        description: Lifetimes of security associations at both ends. Each is not managed unless stated.
        type: dict
        suboptions:
          ike_seconds:
            description: Lifetime of the IKE security association in seconds, 120 to 86400.
            type: int
          ipsec_seconds:
            description: Lifetime of an IPsec security association in seconds, 120 to 86400.
            type: int
          ipsec_kilobytes:
            description: Lifetime of an IPsec security association in kilobytes, 2560 to 2147483647.
            type: int
  tunnels:
    description:
      - The tunnels of all devices. The same list for every device; usually V({{ l2l_tunnels }}).
      - One tunnel for each pair of initiator and responder. The networks of all tunnels of a device must not overlap.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the tunnel, a letter and then up to 39 letters, digits and V(_), V(.), V(-). It goes into
          names on the device.
        type: str
        required: true
      initiator:
        description: Inventory name of the PIX/ASA whose outside address is dynamic.
        type: str
        required: true
      responder:
        description: O(responders[].host) of the other end.
        type: str
        required: true
      networks:
        description: Networks behind the initiator, written as O(responders[].networks).
        type: list
        elements: raw
        required: true
      responder_networks:
        description: Networks behind the responder that this tunnel joins, a part of O(responders[].networks). All of
          them by default.
        type: list
        elements: raw
      accept:
        description:
          - What a plan may do that does not keep the rule for every change. Without it such a plan is refused before the
            first line.
          - V(clear-while-changing) lets packets of this tunnel leave in clear, or translated, for some lines.
          - V(others-interrupted) lets packets of others be dropped for some lines.
          - V(others-changed) lets packets that no tunnel of the intent names end otherwise than they began.
          - V(not-modelled) lets this tunnel be changed where a line that is not modelled decides about its packets.
          - Each use is a warning in the findings of that run.
        type: list
        elements: str
        choices: [clear-while-changing, others-interrupted, others-changed, not-modelled]
      state:
        description: V(absent) takes the tunnel away and keeps the entry, so that its networks stay known.
        type: str
        choices: [present, absent]
        default: present
      pre_shared_key:
        description: Overrides O(responders[].pre_shared_key). In IKEv1 it must equal it; a key for each initiator
          needs IKEv2.
        type: str
"""

    #: How the device is to be configured.
    PLAN = r"""
options:
  names:
    description:
      - Names for objects that have to be made. What exists keeps its name, whatever is written here.
      - Both platforms take all of these, so that one mapping can serve both; which platform uses a name is said at
        each.
      - V({tunnel}), V({interface}) and V({transform}) stand for the tunnel's name, the interface's name and the
        transform's (V(AES256-SHA)).
    type: dict
    suboptions:
      crypto_map:
        description: Crypto map of the outside interface. Both platforms. V(L2L-MAP) by default.
        type: str
      transform_set:
        description: Transform set. Both platforms. V(L2L-{transform}) by default.
        type: str
      crypto_acl:
        description: Access list of a tunnel's crypto map entry. PIX/ASA. V(L2L-{tunnel}) by default; with several
          tunnels it must hold V({tunnel}).
        type: str
      exemption_acl:
        description: Access list of traffic that is not translated. PIX/ASA. V(L2L-NONAT-{interface}) by default.
        type: str
      dynamic_map:
        description: Dynamic crypto map. IOS. V(L2L-DYN) by default.
        type: str
      match_acl:
        description: Access list of the dynamic map entry, with O(responders[].match_address). IOS. V(L2L-MATCH) by
          default.
        type: str
      nat_acl:
        description: Access list of the translation rule, with O(pat=present). IOS. V(L2L-NAT) by default.
        type: str
      ike_policy:
        description: Number of the IKE policy. Both platforms. By default the first free multiple of ten.
        type: int
      sequence:
        description: Sequence number of the crypto map entry. Both platforms. By default the first free multiple of ten.
        type: int
      nat_id:
        description: Number that joins C(nat) and C(global), with O(pat=present). PIX/ASA. By default the first free
          one.
        type: int
  pat:
    description:
      - V(foreign) - the translation of all other traffic is somebody else's. It is adopted, and edited only as far as
        the exemption needs.
      - V(present) - traffic of the tunnels' own networks to anywhere else is translated to the outside interface.
    type: str
    choices: [foreign, present]
    default: foreign
  remove_shared:
    description:
      - Whether something that others might use goes as well once nothing is left that needs it - IKE policies, IKE on
        the interface, translation rules, interface roles, the key for all addresses.
      - Taking translation away takes Internet access away; the plan says so in a finding.
    type: bool
    default: false
  exclusive:
    description: Whether entries of others in our exemption and translation lists are removed. They are reported in
      any case.
    type: bool
    default: false
  partial:
    description:
      - Whether O(tunnels) is only a part of the device's tunnels. Then nothing is taken away that it does not name; what
        others deny in the crypto list of a router's entry stays below what the named tunnels need.
      - By default the crypto lists of our entries hold what the intent says, no less and no more.
    type: bool
    default: false
  outside_interface:
    description:
      - Name of the interface towards the other end. By default found by route (PIX/ASA) or by address (IOS).
    type: str
  behind_nat:
    description:
      - Whether the router stands behind a translation, so that O(responders[].address) is on none of its interfaces.
        The crypto map then goes to the interface of its default route, or to O(outside_interface). IOS.
    type: bool
    default: false
"""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present), V(absent) and V(rendered) need O(host), O(responders) and O(tunnels). V(rendered) without
        O(running_config) needs O(outside_interface) and O(version).
      - V(present) - the device holds what the intent says of it. One call reads, plans, applies, reads back, proves and
        saves. A line that the device refuses is undone together with all before it.
      - V(absent) - none of the intent's tunnels of this host is left. What others share stays, see O(remove_shared).
      - V(rendered) - the lines that V(present) would type, from O(running_config) or from nothing. Needs no device.
      - V(parsed) - O(running_config) as data, keys masked. Needs no device.
      - V(gathered) - the device's running configuration as data, keys masked.
    type: str
    choices: [present, absent, rendered, parsed, gathered]
    default: present
  save:
    description: When the running configuration is saved - after a change, after every run, or never.
    type: str
    choices: [changed, always, never]
    default: changed
  update_secret:
    description:
      - V(on_create) - a key on the device that is masked there is taken for the right one.
      - V(always) - a masked key is written again; every such run is a change.
      - A key that the device shows is compared and corrected in either case.
    type: str
    choices: [on_create, always]
    default: on_create
  preflight:
    description:
      - What to do when the device is not ready for its tunnels - no address or no link on the interface towards the
        other end, no default route, the router's address elsewhere, no answer of the responder to ping.
      - V(warn) - the module goes on and returns findings; V(fail) - nothing is sent; V(skip) - nothing is asked.
      - Asked with O(state=present), also in check mode, and only when there are lines to send. A responder pings nobody,
        for it does not know the initiators' addresses.
    type: str
    choices: [skip, warn, fail]
    default: warn
  clear_flows:
    description:
      - Connections and translations that stand go on as they began, whatever the configuration says now.
      - V(none) - those that the plan means another treatment for are counted, see RV(old_flows).
      - V(affected) - they are cleared right after the lines that switch, and may begin anew. PIX/ASA clears by inside host,
        a router each translation by its ports. RV(cleared) names the commands and what they end beside.
      - A translation rule that a router is to lose, and that is in use, needs V(affected); otherwise nothing is sent. So does
        one whose list can only be replaced by another one (finding C(new-list)).
      - SAs whose networks no entry holds any more are cleared in any case, see RV(cleared).
    type: str
    choices: [none, affected]
    default: none
  backup:
    description:
      - Whether the running configuration, as it was read, is written to a file on the controller before the first line
        is sent. With O(state=present) and O(state=absent), not in check mode.
      - The file may hold keys in clear text. Its mode is 0600 from its creation on; its text is in no result.
    type: bool
    default: false
  backup_options:
    description: Where the backup goes.
    type: dict
    suboptions:
      dir_path:
        description:
          - Folder on the controller; made when it does not exist. V(backup) by default.
          - A relative one is seen from the playbook's folder, and from the working directory where the playbook is part
            of a collection, as C(netvpn.dynamic_l2l.site) is.
        type: path
      filename:
        description: Name of the file; one that exists is replaced. The host's name and the time by default.
        type: str
  running_config:
    description:
      - Text of a running configuration. What O(state=parsed) reads, and what O(state=rendered) starts from.
      - It may hold keys in clear text; they are masked in the result.
    type: str
  version:
    description: Release of the device, as V(7.2(2\)) or V(12.4). Needed by O(state=rendered) without O(running_config).
    type: str
attributes:
  check_mode:
    description: The device is read and the whole plan is made; nothing is sent. Lines, diff and data are those of the
      real run.
    support: full
  diff_mode:
    description: The owned part of the configuration before and after, as the device would show it, keys masked.
    support: full
  platform:
    description: What it runs against.
    support: full
    platforms: cisco
requirements:
  - netaddr on the controller
notes:
  - Findings are returned in RV(findings) and are not printed as warnings, so that a run that changes nothing stays
    silent. The roles print them.
  - The connection's option C(persistent_log_messages) writes keys into the log. The module refuses to run while it is
    on.
"""
