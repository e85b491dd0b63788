# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: each kind with its own message, at the earliest point; and nothing gets from any field into a line unseen.

What the intent alone shows is refused before a session is opened, the rest before a line is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from _core import compute
from _core.algorithms import require_group
from _core.asa.dialect import ASA_7_2
from _core.errors import InputError
from _core.options import Names, Options, require_list_names
from _core.prefixes import Prefix
from _core.run import PLATFORMS, run
from _core.session import Cli, Session
from _core.steps import Plan, typed
from core_support.asa_device import AsaDevice
from core_support.asa_worlds import start as asa_start
from core_support.ios_device import IosDevice
from core_support.ios_worlds import start as ios_start
from core_support.scenario import intent, responder, tunnel
from core_support.transports import ModelTransport
from hypothesis import given, settings
from hypothesis import strategies as st

SEED = Path(__file__).resolve().parents[2] / "golden" / "seed"
HOSTS = {"asa": "pix", "ios": "hub"}


def request(platform: str, **changed: Any) -> dict[str, Any]:
    return {
        "state": "present",
        "host": HOSTS[platform],
        "responders": [responder()],
        "tunnels": [tunnel()],
        "names": {},
        "pat": "present",
        "save": "changed",
        **changed,
    }


def having(**changed: Any) -> dict[str, Any]:
    return changed


def refused(attempt: Callable[[], object]) -> InputError | None:
    """The refusal of what is attempted; None when it is carried out. Anything else that is raised is a failure."""
    try:
        attempt()
    except InputError as error:
        return error
    return None


def no_session(_cli: Cli) -> Session:
    raise AssertionError("a session was opened")


def refusal(platform: str, opened: Callable[[Cli], Session], **changed: Any) -> str:
    with pytest.raises(InputError) as error:
        run(platform, request(platform, **changed), check_mode=False, open_session=opened)
    return str(error.value)


# --- what the intent and the options show by themselves: no session is opened ----------------------------------------

KOBE = tunnel(name="kobe", initiator="pix2", networks=["10.1.2.0/24"])
ROME = responder(host="rome", address="192.168.2.2", networks=["10.3.1.0/24"])
SUITES = (
    "aes256-sha-g14, aes256-sha-g5, aes192-sha-g5, aes128-sha-g5, aes256-sha-g2, aes128-sha-g2, 3des-sha-g5, 3des-sha-g2, "
    "reference"
)

#: sentence: (platform, what is changed in the request, the whole message)
BEFORE_A_SESSION: dict[str, tuple[str, dict[str, Any], str]] = {
    "networks of both sides overlap": (
        "asa", having(tunnels=[tunnel(networks=["10.2.0.0/16"])]),
        "l2l_tunnels[0].networks = 10.2.0.0/16: it overlaps 10.2.1.0/24 behind the responder. The two sides "
        "must not share addresses.",
    ),
    "a network overlaps one of the responder's that this tunnel leaves out": (
        "asa", having(responders=[responder(networks=["10.2.1.0/24", "10.2.5.0/24"])],
            tunnels=[tunnel(networks=["10.2.5.0/24"], responder_networks=["10.2.1.0/24"])]),
        "l2l_tunnels[0].networks = 10.2.5.0/24: it overlaps 10.2.5.0/24, another network of hub: the "
        "responder would never send it into the tunnel. The two sides must not share addresses.",
    ),
    "a network overlaps one of another tunnel of the responder": (
        "ios", having(tunnels=[tunnel(), {**KOBE, "networks": ["10.1.1.128/25"]}]),
        "l2l_tunnels[1].networks = 10.1.1.128/25: it overlaps 10.1.1.0/24 of the tunnel osaka: the device "
        "could not tell the two apart. Renumber one side or name smaller networks.",
    ),
    "a responder's network overlaps one of another tunnel of the initiator": (
        "asa", having(responders=[responder(), {**ROME, "networks": ["10.2.0.0/16"]}],
            tunnels=[tunnel(), tunnel(name="r", responder="rome")]),
        "l2l_tunnels[1].responder_networks = 10.2.0.0/16: it overlaps 10.2.1.0/24 of the tunnel osaka: the "
        "device could not tell the two apart. Renumber one side or name smaller networks.",
    ),
    "a network is local in one tunnel and remote in a later one": (
        "asa", having(responders=[responder(), {**ROME, "networks": ["10.1.1.0/25"]}],
            tunnels=[tunnel(), tunnel(name="r", responder="rome", networks=["10.7.0.0/16"])]),
        "l2l_tunnels[1].responder_networks = 10.1.1.0/25: it overlaps 10.1.1.0/24 of the tunnel osaka: the "
        "device could not tell the two apart. Renumber one side or name smaller networks.",
    ),
    "a network is remote in one tunnel and local in a later one": (
        "asa", having(responders=[responder(), ROME],
            tunnels=[tunnel(), tunnel(name="r", responder="rome", networks=["10.2.1.0/24"])]),
        "l2l_tunnels[1].networks = 10.2.1.0/24: it overlaps 10.2.1.0/24 of the tunnel osaka: the device "
        "could not tell the two apart. Renumber one side or name smaller networks.",
    ),
    "networks of one list overlap": (
        "asa", having(tunnels=[tunnel(networks=["10.1.1.0/24", "10.1.1.7"])]),
        "l2l_tunnels[0].networks[1] = 10.1.1.7/32: it overlaps 10.1.1.0/24 of the same list. Name each "
        "network once.",
    ),
    "responder_networks outside the responder's": (
        "asa", having(tunnels=[tunnel(responder_networks=["10.2.2.0/24"])]),
        "l2l_tunnels[0].responder_networks = 10.2.2.0/24: it lies outside the networks of hub (10.2.1.0/24). "
        "Name a part of them, or widen the responder's networks.",
    ),
    "host bits are set": (
        "asa", having(tunnels=[tunnel(networks=["10.1.1.5/24"])]),
        "l2l_tunnels[0].networks[0] = 10.1.1.5/24: the address has bits behind the mask. Did you mean "
        "10.1.1.0/24.",
    ),
    "no list of networks": (
        "asa", having(tunnels=[tunnel(networks=None)]),
        "l2l_tunnels[0].networks: the list is empty. Name at least one network, as 10.1.1.0/24.",
    ),
    "an empty list of networks": (
        "asa", having(tunnels=[tunnel(networks=[])]),
        "l2l_tunnels[0].networks: the list is empty. Name at least one network, as 10.1.1.0/24.",
    ),
    "an empty list of the responder's networks": (
        "ios", having(responders=[responder(networks=[])]),
        "l2l_responders[0].networks: the list is empty. Name at least one network, as 10.1.1.0/24.",
    ),
    "an empty list of responder_networks, which is not all of them": (
        "asa", having(tunnels=[tunnel(responder_networks=[])]),
        "l2l_tunnels[0].responder_networks: the list is empty. Name at least one network, as 10.1.1.0/24.",
    ),
    "a network that is empty": (
        "asa", having(tunnels=[tunnel(networks=[None])]),
        "l2l_tunnels[0].networks[0]: this is not an IPv4 network. Write it as 10.1.1.0/24.",
    ),
    "a network without prefix": (
        "asa", having(tunnels=[tunnel(networks=[{"interface": "inside"}])]),
        "l2l_tunnels[0].networks[0].prefix: it is missing. Give prefix.",
    ),
    "an unknown way with established flows": (
        "ios", having(clear_flows="all"),
        "clear_flows = all: this is not one of the choices. Choose one of none, affected.",
    ),
    "a mask in dots": (
        "asa", having(tunnels=[tunnel(networks=["10.1.1.0/255.255.255.0"])]),
        "l2l_tunnels[0].networks[0] = 10.1.1.0/255.255.255.0: this is not an IPv4 network. Write it as "
        "10.1.1.0/24.",
    ),
    "a network in digits of another script": (
        "asa", having(tunnels=[tunnel(networks=["10.1.1.0/٢٤"])]),
        "l2l_tunnels[0].networks[0] = 10.1.1.0/٢٤: this is not an IPv4 network. Write it as 10.1.1.0/24.",
    ),
    "a network in full-width digits": (
        "asa", having(tunnels=[tunnel(networks=["１０.1.1.0/24"])]),
        "l2l_tunnels[0].networks[0] = １０.1.1.0/24: this is not an IPv4 network. Write it as 10.1.1.0/24.",
    ),
    "a network of multicast groups": (
        "asa", having(tunnels=[tunnel(networks=["224.0.0.0/4"])]),
        "l2l_tunnels[0].networks[0] = 224.0.0.0/4: no host can have an address of this network. Name a "
        "network of hosts.",
    ),
    "an IPv6 network": (
        "asa", having(tunnels=[tunnel(networks=["2001:db8:1::/48"])]),
        "l2l_tunnels[0].networks[0] = 2001:db8:1::/48: IPv6 cannot be carried between a PIX/ASA and an IOS "
        "crypto map over IPv4. Take the network out; no pair of these platforms has it.",
    ),
    "an IPv6 network of the responder": (
        "ios", having(responders=[responder(networks=["2001:db8:2::/48"])]),
        "l2l_responders[0].networks[0] = 2001:db8:2::/48: IPv6 cannot be carried between a PIX/ASA and an "
        "IOS crypto map over IPv4. Take the network out; no pair of these platforms has it.",
    ),
    "two tunnels of one name": (
        "asa", having(tunnels=[tunnel(), {**KOBE, "name": "osaka"}]),
        "l2l_tunnels[1].name = osaka: two tunnels have this name. Give each its own.",
    ),
    "two responders of one name": (
        "ios", having(responders=[responder(), responder(address="192.168.9.9")]),
        "l2l_responders[1].host = hub: this host stands twice in the list. Merge the two entries.",
    ),
    "two responders of one address": (
        "ios", having(responders=[responder(), responder(host="two")]),
        "l2l_responders[1].address = 192.168.1.2: hub has it already. Give each responder its own address.",
    ),
    "two tunnels for one pair": (
        "asa", having(tunnels=[tunnel(), {**KOBE, "initiator": "pix"}]),
        "l2l_tunnels[1] = kobe: pix and hub have the tunnel osaka already. Add the networks to osaka.",
    ),
    "an unknown responder": (
        "asa", having(tunnels=[tunnel(responder="hbu")]),
        "l2l_tunnels[0].responder = hbu: l2l_responders has no such host. Known are: hub.",
    ),
    "an unknown host on a PIX/ASA": (
        "asa", having(host="pxi"),
        "host = pxi: no tunnel of the intent has this initiator. It is the inventory name, as the intent "
        "writes it: pix.",
    ),
    "an unknown host on a router": (
        "ios", having(host="hbu"),
        "host = hbu: no tunnel of the intent has this responder. It is the inventory name, as the intent "
        "writes it: hub.",
    ),
    "no host": (
        "ios", having(host=None),
        "host: state present needs it. Give host.",
    ),
    "a PIX/ASA named as responder": (
        "asa", having(host="hub"),
        "host = hub: it is a responder, and a PIX/ASA can only initiate here. Use ios_ipsec_l2l for this "
        "host.",
    ),
    "a router named as initiator": (
        "ios", having(host="pix"),
        "host = pix: it is an initiator, and an IOS router can only respond here. Use asa_ipsec_l2l for this "
        "host.",
    ),
    "a host at both ends": (
        "asa", having(tunnels=[tunnel(initiator="hub")]),
        "l2l_tunnels[0].initiator = hub: this host is a responder. An initiator is a PIX/ASA with a dynamic "
        "address, a responder an IOS router; name the PIX/ASA here.",
    ),
    "a host with a line break": (
        "asa", having(responders=[responder(host="hub\nreload")]),
        'l2l_responders[0].host = hub\\nreload: no host of an inventory has such a name. Give the inventory '
        "name: up to 255 printable characters, without '/' and without blanks around it.",
    ),
    "a host that leads to another folder": (
        "asa", having(tunnels=[tunnel(initiator="../pix")]),
        "l2l_tunnels[0].initiator = ../pix: no host of an inventory has such a name. Give the inventory "
        "name: up to 255 printable characters, without '/' and without blanks around it.",
    ),
    "a bad peer address": (
        "asa", having(responders=[responder(address="192.168.1.300")]),
        "l2l_responders[0].address = 192.168.1.300: this is not an IPv4 address. Give the address that the "
        "initiators see, as 192.0.2.1.",
    ),
    "a name for an address": (
        "asa", having(responders=[responder(address="hub.example.com")]),
        "l2l_responders[0].address = hub.example.com: this is not an IPv4 address. Give the address that the "
        "initiators see, as 192.0.2.1.",
    ),
    "an address with a leading zero": (
        "asa", having(responders=[responder(address="192.168.010.2")]),
        "l2l_responders[0].address = 192.168.010.2: a number in it begins with 0, which some read as octal. "
        "Write it as 192.168.10.2, if that is what is meant.",
    ),
    "an IPv6 peer address": (
        "asa", having(responders=[responder(address="2001:db8::1")]),
        "l2l_responders[0].address = 2001:db8::1: this is an IPv6 address, and no pair of these platforms "
        "has IKEv1 tunnels over IPv6. Give the router's IPv4 address, as 192.0.2.1.",
    ),
    "an address that no peer can have": (
        "asa", having(responders=[responder(address="224.0.0.5")]),
        "l2l_responders[0].address = 224.0.0.5: no peer can have this address. Give the address that the "
        "initiators see, as 192.0.2.1.",
    ),
    "no key": (
        "ios", having(responders=[responder(pre_shared_key=None)]),
        "l2l_responders[0].pre_shared_key: it is missing or empty. Give the key that both ends share, best "
        "from a vault.",
    ),
    "an empty key": (
        "ios", having(responders=[responder(pre_shared_key="")]),
        "l2l_responders[0].pre_shared_key: it is missing or empty. Give the key that both ends share, best "
        "from a vault.",
    ),
    "a key that is too long": (
        "ios", having(responders=[responder(pre_shared_key="k" * 129)]),
        "l2l_responders[0].pre_shared_key: the key has 129 characters, and the devices take up to 128. Use a "
        "shorter key.",
    ),
    "a key with a blank": (
        "ios", having(responders=[responder(pre_shared_key="0 cisco123")]),
        "l2l_responders[0].pre_shared_key: the devices cannot take this key: it holds a blank, which ends "
        "the word. Use printable ASCII characters without blanks and without '?'.",
    ),
    "a key with a question mark": (
        "ios", having(responders=[responder(pre_shared_key="what?now")]),
        "l2l_responders[0].pre_shared_key: the devices cannot take this key: it holds '?', which calls the "
        "help. Use printable ASCII characters without blanks and without '?'.",
    ),
    "a key with a line break": (
        "ios", having(responders=[responder(pre_shared_key="abc\nreload")]),
        "l2l_responders[0].pre_shared_key: the devices cannot take this key: it holds a line break or "
        "another control character. Use printable ASCII characters without blanks and without '?'.",
    ),
    "a key with letters outside ASCII": (
        "ios", having(responders=[responder(pre_shared_key="schlüssel")]),
        "l2l_responders[0].pre_shared_key: the devices cannot take this key: it holds characters outside "
        "ASCII. Use printable ASCII characters without blanks and without '?'.",
    ),
    "a key with everything": (
        "ios", having(responders=[responder(pre_shared_key="a b?\tü")]),
        "l2l_responders[0].pre_shared_key: the devices cannot take this key: it holds a line break or "
        "another control character, a blank, which ends the word, '?', which calls the help, characters "
        "outside ASCII. Use printable ASCII characters without blanks and without '?'.",
    ),
    "a key that a device showed": (
        "ios", having(responders=[responder(pre_shared_key="*****")]),
        "l2l_responders[0].pre_shared_key: it is made of stars only, as devices show a key that they hide. "
        "Give the key itself.",
    ),
    "a key that is the form of another": (
        "ios", having(responders=[responder(pre_shared_key="6")]),
        "l2l_responders[0].pre_shared_key: it is a single digit, which devices read as the form of a key "
        "that follows. Use a longer key.",
    ),
    "a key that YAML reads as a number": (
        "ios", having(responders=[responder(pre_shared_key=342391)]),
        "l2l_responders[0].pre_shared_key: YAML does not read it as a text, so the devices would get "
        "something else than what was written. Put it in quotes.",
    ),
    "a key that is a list": (
        "ios", having(responders=[responder(pre_shared_key=["cisco123"])]),
        "l2l_responders[0].pre_shared_key: YAML does not read it as a text, so the devices would get "
        "something else than what was written. Put it in quotes.",
    ),
    "another key on a tunnel of an IKEv1 responder": (
        "asa", having(tunnels=[tunnel(pre_shared_key="another")]),
        "l2l_tunnels[0].pre_shared_key: it differs from the key of hub: in IKEv1 main mode the responder "
        "chooses the key by address, before it knows who calls. Leave it out; a key per initiator needs "
        "IKEv2.",
    ),
    "a bad key on a tunnel": (
        "asa", having(tunnels=[tunnel(pre_shared_key="an other")]),
        "l2l_tunnels[0].pre_shared_key: the devices cannot take this key: it holds a blank, which ends the "
        "word. Use printable ASCII characters without blanks and without '?'.",
    ),
    "a tunnel's name that is no name": (
        "asa", having(tunnels=[tunnel(name="1 osaka")]),
        "l2l_tunnels[0].name = 1 osaka: it goes into names on the device, and cannot. Use a letter, then "
        "letters, digits and _ . -.",
    ),
    "a tunnel's name that is too long": (
        "asa", having(tunnels=[tunnel(name="o" * 41)]),
        "l2l_tunnels[0].name = ooooooooooooooooooooooooooooooooooooooooo: it has 41 characters, and it goes "
        "into names on the device. Use up to 40.",
    ),
    "a name with a blank": (
        "asa", having(names={"crypto_map": "MY MAP"}),
        "names.crypto_map = MY MAP: the devices cannot take this name. Use letters, digits and _ . - and "
        "begin with a letter or a digit.",
    ),
    "a name that is too long": (
        "asa", having(names={"crypto_map": "M" * 65}),
        "names.crypto_map = MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM: it has 65 "
        "characters, and the devices take up to 64. Shorten it.",
    ),
    "a name that is no text": (
        "asa", having(names={"crypto_map": True}),
        "names.crypto_map = True: the devices cannot take this name. Use letters, digits and _ . - and begin "
        "with a letter or a digit.",
    ),
    "a name that nobody knows": (
        "asa", having(names={"cryptomap": "MAP"}),
        "names.cryptomap: there is no such name. Known are: crypto_acl, crypto_map, dynamic_map, "
        "exemption_acl, ike_policy, match_acl, nat_acl, nat_id, sequence, transform_set.",
    ),
    "names that are no mapping": (
        "asa", having(names="MAP"),
        "names = str: a mapping is expected here. Write it as crypto_map: VPN.",
    ),
    "braces without meaning": (
        "asa", having(names={"crypto_map": "MAP-{tunnel}"}),
        "names.crypto_map = MAP-{tunnel}: these braces mean nothing in this name. Leave them out: nothing is "
        "filled in here.",
    ),
    "braces of another name": (
        "asa", having(names={"crypto_acl": "ACL-{interface}"}),
        "names.crypto_acl = ACL-{interface}: these braces mean nothing in this name. Only {tunnel} is filled "
        "in here.",
    ),
    "one name for two lists of a PIX/ASA": (
        "asa", having(names={"crypto_acl": "VPN", "exemption_acl": "VPN"}),
        "names.exemption_acl = VPN: crypto_acl and exemption_acl have the same name, and one list cannot be "
        "both. Give each its own.",
    ),
    "one name for two lists of a router": (
        "ios", having(names={"match_acl": "VPN", "nat_acl": "VPN"}),
        "names.nat_acl = VPN: match_acl and nat_acl have the same name, and one list cannot be both. Give "
        "each its own.",
    ),
    "the number of a standard list": (
        "ios", having(names={"nat_acl": 10}),
        "names.nat_acl = 10: IOS has no extended access list of this name. Begin with a letter, or give a "
        "number from 100 to 199 or from 2000 to 2699.",
    ),
    "a list of a router that begins with a digit": (
        "ios", having(names={"match_acl": "1st"}),
        "names.match_acl = 1st: IOS has no extended access list of this name. Begin with a letter, or give a "
        "number from 100 to 199 or from 2000 to 2699.",
    ),
    "a sequence number that is too large": (
        "asa", having(names={"sequence": 65536}),
        "names.sequence = 65536: out of range. Give a whole number from 1 to 65535.",
    ),
    "a sequence number in digits of another script": (
        "asa", having(names={"sequence": "٣"}),
        "names.sequence = ٣: out of range. Give a whole number from 1 to 65535.",
    ),
    "an IKE policy number that is too large": (
        "ios", having(names={"ike_policy": 10001}),
        "names.ike_policy = 10001: out of range. Give a whole number from 1 to 10000.",
    ),
    "a nat_id that is the exemption's": (
        "asa", having(names={"nat_id": 0}),
        "names.nat_id = 0: out of range. Give a whole number from 1 to 65535.",
    ),
    "an interface that cannot be": (
        "asa", having(tunnels=[tunnel(networks=[{"prefix": "10.1.1.0/24", "interface": "in side"}])]),
        "l2l_tunnels[0].networks[0].interface = in side: no interface has such a name. Give its name as the "
        "device shows it.",
    ),
    "an outside interface that cannot be": (
        "asa", having(outside_interface="outside\nreload"),
        'outside_interface = outside\\nreload: no interface has such a name. Give its name as the device '
        "shows it.",
    ),
    "an unknown option of a responder": (
        "ios", having(responders=[responder(mtu=1400)]),
        "l2l_responders[0].mtu: there is no such option. Known are: address, allow_weak_crypto, dpd, host, "
        "ike, ipsec, lifetimes, match_address, networks, pfs, pre_shared_key, suite.",
    ),
    "a broken suite": (
        "asa", having(responders=[responder(allow_weak_crypto=None)]),
        "l2l_responders[0].suite = reference: it holds IKE encryption des (broken), IKE hash md5 (broken), "
        "Diffie-Hellman group 1 (broken), ESP encryption des (broken), ESP integrity md5 (broken), and "
        "allow_weak_crypto is legacy. The best suite of all supported releases is aes256-sha-g5 "
        "(allow_weak_crypto: legacy); to keep this one set allow_weak_crypto: broken on this responder.",
    ),
    "a legacy suite where none is allowed": (
        "ios", having(responders=[responder(suite="aes256-sha-g5", allow_weak_crypto="none")]),
        "l2l_responders[0].suite = aes256-sha-g5: it holds Diffie-Hellman group 5 (legacy), and "
        "allow_weak_crypto is none. No supported release has a better one: set allow_weak_crypto: legacy on "
        "this responder.",
    ),
    "a broken pfs group": (
        "ios", having(responders=[responder(suite="aes256-sha-g5", allow_weak_crypto=None, pfs=2)]),
        "l2l_responders[0].pfs = 2: Diffie-Hellman group 2 is graded broken, and allow_weak_crypto is "
        "legacy. The best group of all supported releases is 5 (allow_weak_crypto: legacy); to keep this one "
        "set allow_weak_crypto: broken on this responder.",
    ),
    "no suite": (
        "ios", having(responders=[responder(suite=None)]),
        "l2l_responders[0].suite: it is missing. Name one of aes256-sha-g14, aes256-sha-g5, aes192-sha-g5, "
        "aes128-sha-g5, aes256-sha-g2, aes128-sha-g2, 3des-sha-g5, 3des-sha-g2, reference, or give ike and "
        "ipsec in full.",
    ),
    "an unknown suite": (
        "ios", having(responders=[responder(suite="aes512")]),
        "l2l_responders[0].suite = aes512: there is no such suite. Known are: aes256-sha-g14, aes256-sha-g5, "
        "aes192-sha-g5, aes128-sha-g5, aes256-sha-g2, aes128-sha-g2, 3des-sha-g5, 3des-sha-g2, reference.",
    ),
    "rendered: PIX 6.3": (
        "asa", having(state="rendered", outside_interface="o", version="6.3(5)"),
        "version = 6.3(5): PIX 6.x has no tunnel groups and writes tunnels in another way. Supported are 7.0 "
        "to 8.2: upgrade the PIX, or keep its tunnels by hand.",
    ),
    "rendered: ASA 8.4": (
        "asa", having(state="rendered", outside_interface="o", version="8.4(2)"),
        "version = 8.4(2): from 8.3 on translation is written in another way, which is not supported yet. "
        "Supported are 7.0 to 8.2.",
    ),
    "rendered: ASA text": (
        "asa", having(state="rendered", outside_interface="o", version="seven"),
        "version = seven: this release of PIX/ASA is not supported: it is not written as one. Supported are "
        "7.0 to 8.2, written as 7.2(2).",
    ),
    "rendered: IOS 12.3": (
        "ios", having(state="rendered", outside_interface="o", version="12.3"),
        "version = 12.3: this release of IOS is too old. Supported is 12.4: upgrade the router, or keep its "
        "tunnels by hand.",
    ),
    "rendered: IOS 15.1": (
        "ios", having(state="rendered", outside_interface="o", version="15.1"),
        "version = 15.1: IOS 15 and IOS XE write keys and lists in another way, which is not supported yet. "
        "Supported is 12.4.",
    ),
    "rendered: IOS 16.9": (
        "ios", having(state="rendered", outside_interface="o", version="16.9"),
        "version = 16.9: IOS 15 and IOS XE write keys and lists in another way, which is not supported yet. "
        "Supported is 12.4.",
    ),
    "rendered: IOS text": (
        "ios", having(state="rendered", outside_interface="o", version="12.4\nreload"),
        'version = 12.4\\nreload: this release of IOS is not supported: it is not written as one. Supported '
        "is 12.4, written as 12.4 or 12.4(6)T2.",
    ),
    "rendered: no version": (
        "ios", having(state="rendered", outside_interface="o"),
        "version: state rendered needs it. Give version.",
    ),
    "rendered: no outside": (
        "ios", having(state="rendered", version="12.4"),
        "outside_interface: state rendered needs it. Give outside_interface.",
    ),
    "rendered: no interface": (
        "ios", having(state="rendered", version="12.4", outside_interface="o"),
        "networks = 10.2.1.0/24: without running_config nobody knows the interface behind which it lies. "
        "Write {prefix: 10.2.1.0/24, interface: …}, or give running_config.",
    ),
    "responders that are a mapping": (
        "ios", having(responders={"hub": {}}),
        "l2l_responders = dict: a list is expected here. See docs/data-model.md.",
    ),
    "a network that is no list item": (
        "asa", having(tunnels=[tunnel(networks="")]),
        "l2l_tunnels[0].networks: the list is empty. Name at least one network, as 10.1.1.0/24.",
    ),
    "a network that is a number": (
        "asa", having(tunnels=[tunnel(networks=7)]),
        "l2l_tunnels[0].networks = int: a list is expected here. Write it as [10.1.1.0/24].",
    ),
    "dpd that is a word": (
        "asa", having(responders=[responder(dpd="on")]),
        "l2l_responders[0].dpd = str: a mapping is expected here. See the example in the role's "
        "documentation.",
    ),
    "a state that is a mistake": (
        "asa", having(tunnels=[tunnel(state="gone")]),
        "l2l_tunnels[0].state = gone: this is not one of the choices. Choose one of present, absent.",
    ),
    "a lifetime that is true": (
        "asa", having(responders=[responder(lifetimes={"ipsec_seconds": True})]),
        "l2l_responders[0].lifetimes.ipsec_seconds = True: out of range. Give a whole number from 120 to "
        "86400 (seconds).",
    ),
    "a tunnel without name": (
        "asa", having(tunnels=[tunnel(name=None)]),
        "l2l_tunnels[0].name: it is missing. Give name.",
    ),
    "a name that is a list": (
        "asa", having(tunnels=[tunnel(name=["osaka"])]),
        "l2l_tunnels[0].name = list: a text is expected here. Put it in quotes, as one word.",
    ),
    "tunnels that are a text": (
        "ios", having(tunnels="osaka"),
        "l2l_tunnels = str: a list is expected here. See docs/data-model.md.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BEFORE_A_SESSION)
def test_what_the_intent_shows_is_refused_before_a_session_is_opened(case: str) -> None:
    platform, changed, message = BEFORE_A_SESSION[case]
    assert refusal(platform, no_session, **changed) == message


# --- what only the device shows: nothing is sent -----------------------------------------------------------------------


def device(platform: str, edits: dict[str, str]) -> AsaDevice | IosDevice:
    """The device of the seed with pieces of its configuration replaced."""
    text = asa_start().text() if platform == "asa" else f"Building configuration...\n{ios_start().text()}"
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new)
    return AsaDevice(text) if platform == "asa" else IosDevice(text)


PIX_DEFAULT = "route outside 0.0.0.0 0.0.0.0 172.16.1.2 1"
HUB_DEFAULT = "ip route 0.0.0.0 0.0.0.0 192.168.1.1"
HUB_INTERFACES = "Ethernet0/0, FastEthernet1/0, Serial2/0, Serial2/1, Serial2/2, Serial2/3"

#: sentence: (platform, what is replaced in the device's configuration, what is changed in the request, the whole message)
BEFORE_A_LINE: dict[str, tuple[str, dict[str, str], dict[str, Any], str]] = {
    "an interface that the device does not have": (
        "asa", {}, having(tunnels=[tunnel(networks=[{"prefix": "10.1.1.0/24", "interface": "dmz"}])]),
        "tunnel osaka, networks = dmz: the device has no such interface. Its interfaces are: outside, inside.",
    ),
    "an outside interface that the device does not have": (
        "asa", {}, having(outside_interface="wan"),
        "outside_interface = wan: the device has no such interface. Its interfaces are: outside, inside.",
    ),
    "a network that no interface reaches": (
        "asa", {PIX_DEFAULT: "route outside 192.168.1.0 255.255.255.0 172.16.1.2 1"},
        having(tunnels=[tunnel(networks=["10.9.1.0/24"])]),
        "tunnel osaka, networks = 10.9.1.0/24: no interface and no route of the device reaches it. Its "
        "interfaces are: outside, inside.",
    ),
    "a network on the responder's side": (
        "asa", {}, having(tunnels=[tunnel(networks=["10.9.1.0/24"])]),
        "tunnel osaka, networks = 10.9.1.0/24: it lies behind outside, where the responder is. Give the "
        "device a route to it, or name its interface: {prefix: …, interface: …}.",
    ),
    "a responder that no route reaches": (
        "asa", {PIX_DEFAULT: "route outside 10.9.0.0 255.255.0.0 172.16.1.2 1"}, {},
        "tunnel osaka = 192.168.1.2: no route of the device leads to this responder. Give the device a "
        "route, or name the interface with outside_interface.",
    ),
    "an interface that the router does not have": (
        "ios", {}, having(responders=[responder(networks=[{"prefix": "10.2.1.0/24", "interface": "Vlan7"}])]),
        "responder hub, networks = Vlan7: the device has no such interface. Its interfaces are: Ethernet0/0, "
        "FastEthernet1/0, Serial2/0, Serial2/1, Serial2/2, Serial2/3.",
    ),
    "a network that no interface of the router reaches": (
        "ios", {HUB_DEFAULT: "ip route 10.8.0.0 255.255.0.0 192.168.1.1"},
        having(responders=[responder(networks=["10.9.1.0/24"])]),
        "responder hub, networks = 10.9.1.0/24: no interface and no route of the device reaches it. Its "
        "interfaces are: Ethernet0/0, FastEthernet1/0, Serial2/0, Serial2/1, Serial2/2, Serial2/3.",
    ),
    "an address that no interface of the router has": (
        "ios", {}, having(responders=[responder(address="192.168.1.3")]),
        "responder hub, address = 192.168.1.3: no interface of the device has this address. Correct it, or "
        "set behind_nat: true when the router stands behind a translation.",
    ),
    "a PIX 6.x": (
        "asa", {"PIX Version 7.2(2)": "PIX Version 6.3(5)"}, {},
        "version = 6.3(5): PIX 6.x has no tunnel groups and writes tunnels in another way. Supported are 7.0 "
        "to 8.2: upgrade the PIX, or keep its tunnels by hand.",
    ),
    "an ASA 8.4": (
        "asa", {"PIX Version 7.2(2)": "ASA Version 8.4(2)"}, {},
        "version = 8.4(2): from 8.3 on translation is written in another way, which is not supported yet. "
        "Supported are 7.0 to 8.2.",
    ),
    "a router of 12.3": (
        "ios", {"version 12.4": "version 12.3"}, {},
        "version = 12.3: this release of IOS is too old. Supported is 12.4: upgrade the router, or keep its "
        "tunnels by hand.",
    ),
    "a router of 15.1": (
        "ios", {"version 12.4": "version 15.1"}, {},
        "version = 15.1: IOS 15 and IOS XE write keys and lists in another way, which is not supported yet. "
        "Supported is 12.4.",
    ),
    "a suite that the PIX/ASA lacks": (
        "asa", {}, having(responders=[responder(suite="aes256-sha-g14")]),
        "suite of hub = aes256-sha-g14: PIX/ASA 7.2(2) has no Diffie-Hellman group 14. The best suite of "
        "this version is aes256-sha-g5 (allow_weak_crypto: legacy).",
    ),
    "a suite that the router lacks": (
        "ios", {}, having(responders=[responder(suite="aes256-sha-g14")]),
        "suite of hub = aes256-sha-g14: IOS 12.4 has no Diffie-Hellman group 14. The best suite of this "
        "version is aes256-sha-g5 (allow_weak_crypto: legacy).",
    ),
    "a name that becomes too long": (
        "asa", {}, having(names={"crypto_acl": "A" * 30 + "{tunnel}"}, tunnels=[tunnel(name="o" * 40)]),
        "names.crypto_acl = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA{tunnel}: it becomes "
        "'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAoooooooooooooooooooooooooooooooooooooooo', which has 70 characters, "
        "and the devices take up to 64. Shorten it, or what is filled in.",
    ),
    "one crypto_acl for several tunnels": (
        "asa", {},
        having(names={"crypto_acl": "ACL"}, responders=[responder(), ROME],
               tunnels=[tunnel(), tunnel(name="r", responder="rome")]),
        "names.crypto_acl = ACL: this initiator has several tunnels. Put {tunnel} into the name.",
    ),
    "an IKE policy of others": (
        "ios", {"ip http server": "crypto isakmp policy 10\n encr aes\nip http server"},
        having(names={"ike_policy": 10}),
        "names.ike_policy = 10: this policy exists with other algorithms. Choose a free number, or leave it "
        "out.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BEFORE_A_LINE)
def test_what_the_device_shows_is_refused_before_a_line_is_sent(case: str) -> None:
    platform, edits, changed, message = BEFORE_A_LINE[case]
    transports: list[ModelTransport] = []

    def opened(cli: Cli) -> Session:
        transports.append(ModelTransport(device(platform, edits)))
        return Session(transports[-1], cli)

    assert refusal(platform, opened, **changed) == message
    assert all(line.startswith(("show ", "more ")) for transport in transports for line in transport.typed)


def test_a_pfs_group_that_a_release_lacks_is_refused_with_the_best_that_it_has() -> None:
    require_group(None, ASA_7_2.spelling, "PIX/ASA 7.2(2)", "pfs of hub")
    require_group(5, ASA_7_2.spelling, "PIX/ASA 7.2(2)", "pfs of hub")
    with pytest.raises(InputError) as error:
        require_group(14, ASA_7_2.spelling, "PIX/ASA 7.2(2)", "pfs of hub")
    assert str(error.value) == (
        "pfs of hub = 14: PIX/ASA 7.2(2) has no Diffie-Hellman group 14. "
        "The best group of this version is 5 (allow_weak_crypto: legacy)."
    )


def test_names_of_lists_are_judged_with_the_tunnels_and_without_the_device() -> None:
    hubs = [responder(), ROME]
    several = intent(hubs, [tunnel(), tunnel(name="to-rome", responder="rome")]).tunnels
    require_list_names(Names(), several)
    require_list_names(Names(crypto_acl="VPN"), several[:1])
    require_list_names(
        Names(crypto_acl="VPN"), intent(hubs, [tunnel(), tunnel(name="r", responder="rome", state="absent")]).tunnels
    )
    with pytest.raises(InputError, match="this initiator has several tunnels"):
        require_list_names(Names(crypto_acl="VPN"), several)
    with pytest.raises(InputError, match="which has 65 characters"):
        require_list_names(Names(crypto_acl="x" * 60 + "{tunnel}"), several)


# --- whatever YAML and JSON can hold -----------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([5000]).map(lambda digits: 10**digits), st.floats(),
    st.text(max_size=12), st.binary(max_size=4), st.dates(), st.datetimes(),
    st.sampled_from(["10.1.1.0/24", "hub", "osaka", "192.168.1.2", "reference", "٣", "{tunnel}", "9" * 5000]),
)  # fmt: skip
KEYS = st.one_of(st.text(max_size=8), st.integers(), st.booleans(), st.none())
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.tuples(inner),
        st.frozensets(st.text(max_size=2), max_size=2),
    ),
)
HUB_KEYS = (*responder(), "ike", "ipsec", "dpd", "pfs", "lifetimes")
SPOKE_KEYS = (*tunnel(), "responder_networks", "state", "pre_shared_key")
PART_KEYS = ("encryption", "hash", "group", "interval", "retry", "ike_seconds", "ipsec_seconds", "ipsec_kilobytes")
OPTIONS = sorted(set(Options.__dataclass_fields__) - {"names"})
START = {
    platform: (SEED / name).read_text(encoding="utf-8")
    for platform, name in (("asa", "pix-7.2-start.cfg"), ("ios", "ios-12.4-start.cfg"))
}


def mapping(keys: Iterable[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(list(keys)), ANYTHING, max_size=3)


@settings(max_examples=300)
@given(
    mapping(HUB_KEYS),
    mapping(SPOKE_KEYS),
    mapping(Names.__dataclass_fields__),
    mapping(OPTIONS),
    mapping(["responders", "tunnels", "names"]),
)
def test_whatever_is_given_is_carried_out_or_refused_by_name(
    hub: dict[str, Any], spoke: dict[str, Any], names: dict[str, Any], chosen: dict[str, Any], whole: dict[str, Any]
) -> None:
    told = {"responders": [{**responder(), **hub}], "tunnels": [{**tunnel(), **spoke}], "names": names, **chosen}
    for platform in PLATFORMS:
        start = {"state": "rendered", "running_config": START[platform]}
        for changed in (told, {**told, **whole}):
            asked = {**request(platform), **changed, **start}
            error = refused(partial(run, platform, asked, check_mode=True, open_session=no_session))
            if error is not None:
                assert error.option
                assert error.remedy
                assert str(error).isprintable()
                assert len(str(error)) < 2000


@given(st.sampled_from(["ike", "ipsec", "dpd", "lifetimes"]), mapping(PART_KEYS))
def test_whatever_stands_in_an_inner_mapping_is_read_or_refused_by_name(part: str, data: dict[str, Any]) -> None:
    full = {
        "ike": {"encryption": "aes256", "hash": "sha", "group": 5},
        "ipsec": {"encryption": "aes256", "hash": "sha"},
    }
    error = refused(lambda: intent([responder(suite=None, **{**full, part: data})]))
    assert error is None or error.option.startswith("l2l_responders[0].")


@given(ANYTHING, ANYTHING, ANYTHING)
def test_whatever_a_filter_is_given_is_computed_or_refused_by_name(one: Any, two: Any, three: Any) -> None:
    pair = {"local": ["10.1.1.0/24"], "remote": ["10.2.1.0/24"], "address": "192.0.2.1"}
    lists = ["access-list A extended permit ip any any"]
    tries: list[Callable[[], object]] = [
        lambda: compute.tunnels_for(one, two, three),
        lambda: compute.tunnels_for([{**tunnel(), "networks": one}], "pix", [{**responder(), "host": two}]),
        lambda: compute.crypto_acl(one, two, "asa"),
        lambda: compute.crypto_acl(pair, "A", one),
        lambda: compute.crypto_acl({**pair, "local": one}, "A", "ios"),
        lambda: compute.nat_exemption({**pair, "remote": one}, two, "asa", three),
        lambda: compute.crypto_map({"address": one}, two, platform="asa", sequence=three, transform_set="T", acl="A"),
        lambda: compute.crypto_map(one, "M", platform="asa", sequence=10, transform_set="T", acl=two),
        lambda: compute.crypto_map(pair, "M", platform="ios", sequence=10, transform_set=one, acl=two, dynamic_map="D"),
        lambda: compute.mirror_acl(one, "asa"),
        lambda: compute.mirror_acl(lists, "asa", one, two),
    ]
    for attempt in tries:
        error = refused(attempt)
        assert error is None or error.option


def test_long_lists_are_judged_in_no_time() -> None:
    """Ten thousand sites: what compares each with each takes minutes."""
    sites = [
        tunnel(name=f"t{i}", initiator=f"p{i}", networks=[f"10.{128 + (i >> 8)}.{i & 255}.0/24"]) for i in range(10_000)
    ]
    assert len(intent(tunnels=sites).tunnels) == 10_000
    with pytest.raises(InputError, match=r"= 10.128.7.0/25: it overlaps 10.128.7.0/24 of the tunnel t7") as error:
        intent(tunnels=[*sites, tunnel(name="last", initiator="p", networks=["10.128.7.0/25"])])
    assert error.value.option == "l2l_tunnels[10000].networks"


close = st.builds(
    lambda a, n: Prefix(a >> (32 - n) << (32 - n), n), st.integers(0x0A010000, 0x0A0100FF), st.integers(24, 32)
)


@given(st.lists(st.tuples(st.sampled_from("PQ"), close, close), max_size=5))
def test_overlaps_are_found_as_by_comparing_each_with_each(sites: list[tuple[str, Prefix, Prefix]]) -> None:
    """Each tunnel goes to a responder of its own, so that only what an initiator must tell apart is judged."""
    hubs = [
        responder(host=f"h{i}", address=f"192.0.2.{i + 1}", networks=[str(far)])
        for i, (_host, _near, far) in enumerate(sites)
    ]
    spokes = [
        tunnel(name=f"t{i}", initiator=host, responder=f"h{i}", networks=[str(near)])
        for i, (host, near, _far) in enumerate(sites)
    ]
    clash = any(
        one[0] == two[0] and (one[1].overlaps(two[2]) or (i != j and one[2].overlaps(two[2])))
        for i, one in enumerate(sites)
        for j, two in enumerate(sites)
    ) or any(near.overlaps(far) for _host, near, far in sites)
    assert (refused(lambda: intent(hubs, spokes)) is not None) == clash


# --- nothing gets from a field into a line unseen ----------------------------------------------------------------------

#: What IOS takes in one line (PIX/ASA take more).
LINE_LIMIT = 254


@dataclass(frozen=True)
class Field:
    """A field of the input: a harmless value, and what is changed in the request for another value.

    ``shape`` tells what stands in the lines for a value; None: nothing of it does.
    """

    harmless: str
    put: Callable[[str], dict[str, Any]]
    platforms: Sequence[str] = ("asa", "ios")
    shape: Callable[[str], str] | None = str
    #: Starts from nothing but named interfaces, not from the seed's device.
    blank: bool = False


def number(text: str) -> str:
    return str(int(text))


def filled(text: str) -> str:
    return text.replace("{tunnel}", "osaka").replace("{interface}", "inside").replace("{transform}", "DES-MD5")


def in_names(key: str, harmless: str, *platforms: str, shape: Callable[[str], str] = filled) -> Field:
    return Field(harmless, lambda text: {"names": {key: text}}, platforms, shape)


def in_hub(harmless: str, put: Callable[[str], dict[str, Any]], *platforms: str, **more: Any) -> Field:
    return Field(harmless, lambda text: {"responders": [responder(match_address=True, **put(text))]}, platforms, **more)


FIELDS = {
    "crypto_map": in_names("crypto_map", "ZqMap", "asa", "ios"),
    "transform_set": in_names("transform_set", "ZqSet", "asa", "ios"),
    "crypto_acl": in_names("crypto_acl", "ZqAcl", "asa"),
    "exemption_acl": in_names("exemption_acl", "ZqNoNat", "asa"),
    "dynamic_map": in_names("dynamic_map", "ZqDyn", "ios"),
    "match_acl": in_names("match_acl", "ZqMatch", "ios"),
    "nat_acl": in_names("nat_acl", "ZqNat", "ios"),
    "ike_policy": in_names("ike_policy", "4711", "asa", "ios", shape=number),
    "sequence": in_names("sequence", "4711", "asa", "ios", shape=number),
    "nat_id": in_names("nat_id", "4711", "asa", shape=number),
    "key": in_hub("ZqKey4711", lambda text: {"pre_shared_key": text}, "asa", "ios"),
    "address": in_hub("198.51.100.77", lambda text: {"address": text}, "asa"),
    "suite": in_hub("reference", lambda text: {"suite": text}, "asa", "ios", shape=None),
    "ike_seconds": in_hub("4711", lambda text: {"lifetimes": {"ike_seconds": text}}, "asa", "ios", shape=number),
    "ipsec_seconds": in_hub("4711", lambda text: {"lifetimes": {"ipsec_seconds": text}}, "asa", "ios", shape=number),
    "ipsec_kilobytes": in_hub(
        "471147", lambda text: {"lifetimes": {"ipsec_kilobytes": text}}, "asa", "ios", shape=number
    ),
    "interval": in_hub("471", lambda text: {"dpd": {"interval": text}}, "asa", "ios", shape=number),
    "responder": Field(
        "zqhub", lambda text: {"responders": [responder(host=text)], "tunnels": [tunnel(responder=text)], "hub": text},
        shape=None,
    ),
    "initiator": Field("zqpix", lambda text: {"tunnels": [tunnel(initiator=text)], "pix": text}, shape=None),
    "tunnel": Field("zqosaka", lambda text: {"tunnels": [tunnel(name=text)]}, ("asa",)),
    "interface": Field(
        "zqinside",
        lambda text: {
            "tunnels": [tunnel(networks=[{"prefix": "10.1.1.0/24", "interface": text}])], "names": {"exemption_acl": "N"},
        },
        ("asa",), blank=True,
    ),
    "outside_interface": Field("zqoutside", lambda text: {"outside_interface": text}, blank=True),
    "version of PIX/ASA": Field("7.2(2)", lambda text: {"version": text}, ("asa",), None, blank=True),
    "version of IOS": Field("12.4", lambda text: {"version": text}, ("ios",), None, blank=True),
}  # fmt: skip

HARMFUL = (
    "\n", "\r", "\r\n", "\t", "\x00", "\x03", "\x15", "\x16", "\x1a", "\x1b[2K", "\x7f", "\x85", "\u2028", " ", "\xa0",
    "?", "!", '"', "'", "|", "\\", ";", "{tunnel}", "{interface}", "{transform}", "{0}", "%s", "$(reload)", "\nreload\n",
    "\n!\nno crypto map\n", " log", "\uff21", "\xe9", "\u0663", "\uff13", "x" * 300,
)  # fmt: skip
ADDED = st.one_of(
    st.sampled_from(HARMFUL), st.text(max_size=6), st.from_regex(r"[A-Za-z0-9_.:/-]{0,20}", fullmatch=True)
)


def lines(platform: str, changed: dict[str, Any], *, blank: bool = False) -> list[str]:
    """All that ``state: rendered`` would have typed, keys and all, and all that would undo it."""
    hosts = {"asa": changed.get("pix", "pix"), "ios": changed.get("hub", "hub")}
    if blank:
        asked = {
            "tunnels": [tunnel(networks=[{"prefix": "10.1.1.0/24", "interface": "zq1"}])],
            "responders": [responder(networks=[{"prefix": "10.2.1.0/24", "interface": "zq2"}])],
            "version": "7.2(2)" if platform == "asa" else "12.4",
            "outside_interface": "zq0",
        }
    else:
        asked = {"running_config": START[platform]}
    asked = request(platform, **{**asked, **changed, "state": "rendered", "host": hosts[platform]})
    chosen, made = PLATFORMS[platform], []

    def watched(*given_: Any, **more: Any) -> Plan:
        made.append(chosen.make_plan(*given_, **more))
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PLATFORMS, platform, replace(chosen, make_plan=watched))
        rendered = run(platform, asked, check_mode=True, open_session=no_session)["rendered"]
    plan: Plan = made[0]
    assert rendered == plan.commands
    back, _mode = typed(line for step in reversed(plan.steps) for line in step.undo)
    return [line.sent for line in (*typed(plan.lines)[0], *back)]


def typed_or_refused(attempt: Callable[[], list[str]]) -> list[str] | None:
    """The lines, each of which a device takes as one line and nothing else; None when they are refused."""
    got: list[str] = []
    error = refused(lambda: got.extend(attempt()))
    if error is not None:
        assert str(error).isprintable()
        return None
    for line in got:
        assert line.isascii()
        assert line.isprintable()
        assert "?" not in line
        assert not line.startswith(("!", " "))
        assert len(line) <= LINE_LIMIT
    return got


@settings(max_examples=600)
@given(st.sampled_from(sorted(FIELDS)), st.data())
def test_a_value_is_refused_or_stands_alone_in_the_place_of_a_harmless_one(name: str, data: st.DataObject) -> None:
    tested = FIELDS[name]
    start = data.draw(st.sampled_from([tested.harmless, tested.harmless[:1], ""]))
    at = data.draw(st.integers(0, len(start)))
    text = start[:at] + data.draw(ADDED) + start[at:]
    for platform in tested.platforms:
        got = typed_or_refused(partial(lines, platform, tested.put(text), blank=tested.blank))
        harmless = lines(platform, tested.put(tested.harmless), blank=tested.blank)
        if got is None or (name in ("nat_acl", "match_acl") and text.isdecimal()):
            continue  # the line of a numbered list is another one
        if tested.shape is None:
            assert got == harmless or name == "suite" or name.startswith("version")
            continue
        # A name is never part of another word: what is harmless stands in the lines where its value was put.
        assert got == [line.replace(tested.harmless, tested.shape(text)) for line in harmless]


#: Fields with few values, each of which is part of other words too: the field, what a value changes in the responder.
FEW_VALUES: dict[str, tuple[Sequence[str | int], Callable[[Any], dict[str, Any]]]] = {
    "retry": (range(2, 11), lambda value: {"dpd": {"interval": 30, "retry": value}}),
    "pfs": ((1, 2, 5), lambda value: {"pfs": value}),
    "group": (
        (1, 2, 5),
        lambda value: {"suite": None, "ike": {"encryption": "des", "hash": "md5", "group": value}, "ipsec": ESP},
    ),
    "encryption": (
        ("des", "3des", "aes128", "aes192", "aes256"),
        lambda value: {"suite": None, "ike": IKE, "ipsec": {"encryption": value, "hash": "md5"}},
    ),
    "hash": (("md5", "sha"), lambda value: {"suite": None, "ike": {**IKE, "hash": value}, "ipsec": ESP}),
    "allow_weak_crypto": (("broken",), lambda value: {"allow_weak_crypto": value}),
    "match_address": (("true", "false"), lambda value: {"match_address": value}),
}
IKE, ESP = {"encryption": "des", "hash": "md5", "group": 1}, {"encryption": "des", "hash": "md5"}


@given(st.sampled_from(sorted(FEW_VALUES)), st.sampled_from(["asa", "ios"]), st.data())
def test_a_value_of_few_is_refused_or_gives_what_one_of_them_gives(
    name: str, platform: str, data: st.DataObject
) -> None:
    values, put = FEW_VALUES[name]
    start = str(data.draw(st.sampled_from(list(values))))
    at = data.draw(st.integers(0, len(start)))
    text = start[:at] + data.draw(st.one_of(st.just(""), ADDED)) + start[at:]
    got = typed_or_refused(lambda: lines(platform, {"responders": [responder(**put(text))]}))
    if got is not None:
        assert got in [lines(platform, {"responders": [responder(**put(value))]}) for value in values]


@settings(max_examples=300)
@given(st.sampled_from(["asa", "ios"]), st.sampled_from(range(8)), st.data())
def test_a_filter_refuses_a_value_or_writes_it_as_one_word(platform: str, place: int, data: st.DataObject) -> None:
    """For templates of others: what they are given may come from anywhere too."""
    text = data.draw(st.one_of(st.just(""), st.just("Zq"), st.just("10.1.1.0/24"))) + data.draw(ADDED)
    pair = {"local": ["10.1.1.0/24"], "remote": ["10.2.1.0/24"], "address": "192.0.2.1"}
    whole = {"platform": platform, "sequence": 10, "transform_set": "T", "acl": "A", "dynamic_map": "D"}
    entries = {
        "asa": ["access-list A extended permit ip 10.1.1.0 255.255.255.0 10.2.1.0 255.255.255.0"],
        "ios": ["access-list 101 permit ip 10.1.1.0 0.0.0.255 10.2.1.0 0.0.0.255"],
    }[platform]
    attempts: list[tuple[Callable[[], list[str]], Callable[[], list[str]]]] = [
        (lambda: compute.crypto_acl(pair, text, platform), lambda: compute.crypto_acl(pair, "W", platform)),
        (
            lambda: compute.nat_exemption(pair, text, platform, "inside"),
            lambda: compute.nat_exemption(pair, "W", platform, "inside"),
        ),
        (
            lambda: compute.nat_exemption(pair, "N", platform, text),
            lambda: compute.nat_exemption(pair, "N", platform, "W"),
        ),
        *(
            (
                lambda option=option: compute.crypto_map(pair, "M", **{**whole, option: text}),
                lambda option=option: compute.crypto_map(pair, "M", **{**whole, option: "W"}),
            )
            for option in ("transform_set", "acl", "dynamic_map")
        ),
        (
            lambda: compute.mirror_acl(entries, platform, name=text),
            # Without a name the list keeps its own.
            lambda: compute.mirror_acl(entries, platform, name="W" if text else ""),
        ),
        (
            lambda: compute.mirror_acl([f"{entries[0]}{text}"], platform),
            lambda: compute.mirror_acl(entries, platform),
        ),
    ]
    attempt, harmless = attempts[place]
    got: list[str] = []
    if refused(lambda: got.extend(attempt())) is not None:
        return
    expected = harmless()
    assert len(got) == len(expected) or place == len(attempts) - 1
    for line in got:
        assert line.isascii()
        assert line.isprintable()
        assert "?" not in line
        assert not line.startswith("!")
    if place < len(attempts) - 1:
        assert [len(line.split()) for line in got] == [len(line.split()) for line in expected]


@settings(max_examples=200)
@given(st.sampled_from(["asa", "ios"]), st.booleans(), st.data())
def test_a_network_is_refused_or_stands_there_as_address_and_mask(
    platform: str, far: bool, data: st.DataObject
) -> None:
    address = data.draw(st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), st.just("10.1.3.0")))
    start = f"{address}/{data.draw(st.integers(0, 33))}"
    at = data.draw(st.integers(0, len(start)))
    text = start[:at] + data.draw(st.one_of(st.just(""), ADDED)) + start[at:]
    item = {"prefix": text, "interface": "zq3"}
    changed = {"responders": [responder(networks=[item])]} if far else {"tunnels": [tunnel(networks=[item])]}
    got = typed_or_refused(partial(lines, platform, changed, blank=True))
    if got is None:
        return
    read = Prefix.parse(text)
    others = {"10.1.1.0", "10.2.1.0", "255.255.255.0", "0.0.0.255", "0.0.0.0", "192.168.1.2"}
    for line in got:
        assert set(re.findall(r"\d+\.\d+\.\d+\.\d+", line)) <= others | {read.address, read.netmask, read.wildcard}


@given(st.text(max_size=400))
def test_no_message_writes_over_itself_in_a_terminal_or_drowns_the_reader(text: str) -> None:
    message = str(InputError("option", text, "it is wrong", "Mend it"))
    assert message.isprintable()
    assert len(message) < 1500
    assert message.startswith("option = ")
    assert message.endswith(": it is wrong. Mend it.")
