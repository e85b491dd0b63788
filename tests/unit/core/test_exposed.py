# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a configuration leaves a device: enough to judge its tunnels by, and no secret."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from _core.asa import parse as asa_parse
from _core.diagnosis.exposed import exposed
from _core.ios import parse as ios_parse
from _core.treatment import classes
from core_support import golden

TEXTS = {
    "asa": [
        golden.seed("pix-7.2-running-config.cfg"),
        (golden.SEED.parent / "wire/pix-7.2-everything.cfg").read_text(encoding="ascii"),
    ],
    "ios": [
        golden.seed("ios-12.4-running-config.cfg"),
        (golden.SEED.parent / "wire/ios-12.4-everything.cfg").read_text(encoding="ascii"),
    ],
}
CASES = [(platform, text) for platform, texts in TEXTS.items() for text in texts]

#: Each line as the platform writes it, with a secret in it.
SECRETS = {
    "asa": """enable password SECRET encrypted
passwd SECRET encrypted
username admin password SECRET encrypted privilege 15
snmp-server community SECRET
aaa-server A host 10.1.1.9 SECRET
interface Ethernet7
 nameif dmz
 ospf message-digest-key 1 md5 SECRET
 ospf authentication-key SECRET
group-policy P attributes
 vpn-idle-timeout none
 banner value SECRET
tunnel-group 192.0.2.9 ipsec-attributes
 pre-shared-key SECRET
 ikev1 pre-shared-key SECRET
isakmp key SECRET address 192.0.2.9
ntp authentication-key 1 md5 SECRET
banner motd pre-shared-key SECRET
""",
    "ios": """enable secret 5 SECRET
username admin password 0 SECRET
snmp-server community SECRET RO
crypto isakmp key SECRET address 192.0.2.9
crypto isakmp key 6 SECRET address 192.0.2.10
crypto isakmp key SECRET hostname branch.example.net
crypto keyring K
  pre-shared-key address 192.0.2.9 key SECRET
interface Serial9/0
 ip address 192.0.2.30 255.255.255.252
 ppp chap password 0 SECRET
 ip ospf message-digest-key 1 md5 SECRET
 ip ospf authentication-key SECRET
 standby 1 authentication SECRET
key chain K
 key 1
  key-string SECRET
line vty 0 4
 password SECRET
tacacs-server key SECRET
banner motd ^C
crypto isakmp key SECRET address 0.0.0.0 0.0.0.0
^C
""",
}


@pytest.mark.parametrize(("platform", "text"), CASES)
def test_what_is_shown_parses_as_the_whole_but_for_keys(platform: str, text: str) -> None:
    shown = exposed(text, platform)
    if platform == "asa":
        whole, part = asa_parse.parse(text), asa_parse.parse(shown)
        groups = {name: replace(group, key=part.groups[name].key) for name, group in whole.groups.items()}
        assert part == replace(whole, groups=groups)
    else:
        whole_, part_ = ios_parse.parse(text, ""), ios_parse.parse(shown, "")
        keys = [replace(key, key=other.key) for key, other in zip(whole_.keys, part_.keys, strict=True)]
        assert part_ == replace(whole_, keys=keys)


@pytest.mark.parametrize(("platform", "text"), CASES)
def test_packets_meet_the_same(platform: str, text: str) -> None:
    parse = asa_parse.parse if platform == "asa" else lambda text: ios_parse.parse(text, "")
    assert classes(parse(exposed(text, platform))) == classes(parse(text))


@pytest.mark.parametrize("platform", ["asa", "ios"])
def test_no_secret_is_shown(platform: str) -> None:
    text = TEXTS[platform][0]
    planted = re.sub(r"(?m)^(: end|end)$", lambda end: SECRETS[platform] + end[0], text)
    assert planted.count("SECRET") > 10
    shown = exposed(planted, platform)
    assert "SECRET" not in shown
    assert "cisco123" not in shown
    assert "********" in shown
