# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verification over real packets: a tunnel that comes up from cold, one that cannot, answers that do not come back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from xml.etree import ElementTree

from .sites import CONFIGURED, PATIENCE, REFERENCE, SECRET, TUNNEL, Site, changed
from .test_several import topology

VERIFY = "netvpn.dynamic_l2l.verify"

#: The second branch has another transform set than the hub, so phase 2 is refused.
KOBE = {**TUNNEL, "name": "kobe", "initiator": "pix2", "networks": ["10.1.2.0/24"]}
NAMES = {
    "asa_l2l_initiator_names": {"crypto_map": "IPSEC", "transform_set": "DYN-TS", "crypto_acl": "IPSec-traffic", "exemption_acl": "NO-NAT"},
    "ios_dynamic_responder_names": {"crypto_map": "IPSEC", "transform_set": "DYN-TS", "dynamic_map": "DYN", "nat_acl": "100"},
}  # fmt: skip


def table(printed: str) -> dict[tuple[str, str], dict[str, str]]:
    """(tunnel, host) → column → what stands there."""
    lines = [line.strip().strip('",') for line in printed.splitlines()]
    head = re.split(r"\s{2,}", next(line for line in lines if line.startswith("TUNNEL ")))
    found = {}
    for line in lines:
        if re.match(r"(osaka|kobe|\(device\)) +(pix515e|pix2|hub) ", line):
            tunnel, host, *cells = line.split()
            found[tunnel, host] = dict(zip(head[2:], cells, strict=True))
    return found


def test_both_ends_of_a_tunnel_that_comes_up_of_one_that_cannot_and_of_one_whose_answers_are_lost(
    start: Callable[..., Site],
) -> None:
    places = topology()
    del places["links"]["isp-pix3"], places["lans"]["lan-pix3"]
    second = changed(CONFIGURED["pix515e"], ("172.16.1.", "172.16.2."), ("10.1.1.", "10.1.2."))
    configs = {
        **CONFIGURED,
        "pix2": changed(
            second, ("transform-set DYN-TS esp-des esp-md5-hmac", "transform-set DYN-TS esp-3des esp-sha-hmac")
        ),
    }
    site = start(places, configs, {"192.168.1.2": SECRET}, {"pix2": "pix515e"})
    site.intend([{**REFERENCE, "pre_shared_key": SECRET}], [TUNNEL, KOBE], **NAMES)
    file = site.playbooks.folder / "vpn.xml"
    expect = [
        {"name": "no tunnel has two peers", "query": "tunnels[?length(peers) > `1`]", "truthy": False},
        {"name": "an address that nobody has", "query": "tunnels[].peers[]", "equals": ["203.0.113.1"]},
    ]
    asked = ("-e", "l2l_verify=traffic", "-e", "l2l_verify_bring_up=true")
    # What comes is waited for as long as the machine needs, what cannot come for one round.
    site.playbooks.hosts["pix515e"]["l2l_verify_wait"] = PATIENCE
    site.playbooks.hosts["pix2"]["l2l_verify_wait"] = 1
    more = {"l2l_verify_junit": str(file), "l2l_verify_expect": expect}
    assert site.world.sas("hub")["ike"] == []

    printed = site.play(VERIFY, *asked, "-e", json.dumps(more), expect=2)
    found = table(printed)
    for end in ("pix515e", "hub"):
        assert {found["osaka", end][column] for column in ("UP", "PEER", "SENT", "RECEIVED")} == {"ok"}, printed
    told = " ".join(printed.split())
    assert "kobe on pix2: up FAILED" in told
    assert "IKE is up, so phase 2 failed" in told
    assert "kobe on hub: up FAILED" in told
    root = ElementTree.parse(file).getroot()
    status = {
        (case.attrib["classname"], case.attrib["name"]): "failed" if case.find("failure") is not None else "ok"
        for case in root.iter("testcase")
        if case.find("skipped") is None
    }
    assert status["osaka.pix515e", "up"] == status["osaka.hub", "received"] == status["osaka.hub", "ike"] == "ok"
    assert status["osaka.pix515e", "configured"] == "ok"
    assert status["kobe.pix2", "configured"] == status["kobe.pix2", "up"] == status["kobe.hub", "up"] == "failed"
    # The hub's list of what is not translated lacks the second branch.
    assert status["kobe.hub", "configured"] == "failed"
    for host in ("pix515e", "pix2", "hub"):
        assert status[f"(device).{host}", "expect no tunnel has two peers"] == "ok"
        assert status[f"(device).{host}", "expect an address that nobody has"] == "failed"
    assert SECRET not in site.playbooks.printed + file.read_text(encoding="utf-8")

    # The host that is probed now has no route back: packets go, none comes.
    site.world.run("lan-hub", "ip", "route", "del", "default")
    probed = {"l2l_verify_probe": ["10.2.1.10"], "l2l_verify_wait": 1}
    printed = site.play(VERIFY, *asked, "-e", json.dumps(probed), "--limit", "pix515e", expect=2)
    told = " ".join(printed.split())
    assert "osaka on pix515e: received FAILED" in told
    assert "see the route back" in told
    assert "osaka on pix515e: sent FAILED" not in told
