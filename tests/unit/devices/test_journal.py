# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""Steps of negotiations, read off the log of the IKE daemon; what every step makes a device print."""

from __future__ import annotations

import typing

import pytest
from devices import Device
from devices.platforms.ios import log as ios_log
from devices.platforms.pix import log as pix_log
from devices.wire.crypto import Crypto
from devices.wire.journal import Journal
from devices.wire.steps import Main, Quick, Step, StepName, Suite, suites

DES = Suite("des", "md5", (1,))


def steps(*lines: str) -> list[Step]:
    """`GROUP NUMBER TEXT`, `GROUP - TEXT`; all written by one thread of the daemon."""
    found: list[Step] = []
    journal = Journal(found.append)
    for line in lines:
        group, number, text = line.split(" ", 2)
        journal.line("05", group, "" if number == "-" else number, text)
    return found


def names(found: list[Step]) -> list[str]:
    return [step.name for step in found]


TAKEN = "NET 1 received packet: from 172.16.1.1[500] to 192.168.1.2[500] (192 bytes)"
SENT = "NET 1 sending packet: from 192.168.1.2[500] to 172.16.1.1[500] (136 bytes)"
ASKED = (TAKEN, "ENC 1 parsed ID_PROT request 0 [ SA V V V V ]", "IKE 1 172.16.1.1 is initiating a Main Mode IKE_SA")
OFFERED = "CFG 1 received proposals: IKE:DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768, IKE:AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1536"
CHOSEN = "CFG 1 selected proposal: IKE:DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768"
UP = (
    *ASKED, OFFERED, CHOSEN, "ENC 1 generating ID_PROT response 0 [ SA V V V ]", SENT,
    TAKEN, "ENC 1 parsed ID_PROT request 0 [ KE No NAT-D NAT-D ]", "ENC 1 generating ID_PROT response 0 [ KE No ]", SENT,
    TAKEN, "ENC 1 parsed ID_PROT request 0 [ ID HASH ]",
    "IKE 1 IKE_SA Ethernet0/0:0.0.0.0/0[1] established between 192.168.1.2[192.168.1.2]...172.16.1.1[172.16.1.1]",
    "ENC 1 generating ID_PROT response 0 [ ID HASH ]", SENT,
)  # fmt: skip
PROPOSED = (
    TAKEN,
    "ENC 1 parsed QUICK_MODE request 77 [ HASH SA No ID ID ]",
    "CFG 1 looking for a child config for 10.2.1.0/24 === 10.1.1.0/24",
)


def test_a_main_mode_is_told_message_by_message() -> None:
    found = steps(*UP)
    assert names(found) == [
        "mm1-received", "mm2-sent", "mm3-received", "mm4-sent", "mm5-received", "up", "mm6-sent",
    ]  # fmt: skip
    main = found[-1].main
    assert (main.local, main.remote, main.initiator, main.up) == ("192.168.1.2", "172.16.1.1", False, True)
    assert main.offered == (DES, Suite("aes256", "sha", (5,)))
    assert main.suite == DES
    assert [step.size for step in found] == [192, 136, 192, 136, 192, 0, 136]


def test_a_quick_mode_is_told_with_its_networks_spis_and_lifetimes() -> None:
    found = steps(
        *UP, *PROPOSED, 'CFG 1 found matching child config "IPSEC:10:DYN:10/any" with prio 2',
        "CFG 1 received proposals: ESP:DES_CBC/HMAC_MD5_96/KE_NONE/NO_EXT_SEQ",
        "CFG 1 selected proposal: ESP:DES_CBC/HMAC_MD5_96/NO_EXT_SEQ", "IKE 1 received 28800s lifetime, configured 3600s",
        "ESP 1 allocated SPI c0000001", "ENC 1 generating QUICK_MODE response 77 [ HASH SA No ID ID ]", SENT,
        TAKEN, "ENC 1 parsed QUICK_MODE request 77 [ HASH ]",
        "IKE 1 CHILD_SA IPSEC:10:DYN:10/any{3} established with SPIs c0000001_i c0000002_o and TS 10.2.1.0/24 === 10.1.1.0/24",
        "IKE 1 closing CHILD_SA IPSEC:10:DYN:10/any{3} with SPIs c0000001_i (84 bytes, 1 packets) c0000002_o (0 bytes) "
        "and TS 10.2.1.0/24 === 10.1.1.0/24",
    )[7:]  # fmt: skip
    assert names(found) == ["qm1-received", "qm2-sent", "qm3-received", "child-closed"]
    quick = found[0].quick
    assert quick is not None
    assert all(step.quick is quick for step in found)
    assert (quick.local, quick.remote, quick.child) == ("10.2.1.0/24", "10.1.1.0/24", "IPSEC:10:DYN:10/any")
    assert (quick.spi_in, quick.spi_out, quick.lifetimes, quick.number) == (0xC0000001, 0xC0000002, (28800, 3600), 3)
    assert (quick.taken, quick.sent, quick.first) == (84, 0, True)


@pytest.mark.parametrize(
    ("ours", "why"),
    [
        ("ESP:NULL/HMAC_SHA2_512_256/NO_EXT_SEQ", "proxies"),
        ("ESP:AES_CBC_256/HMAC_SHA1_96/KE_NONE/NO_EXT_SEQ", "transform"),
        ("ESP:DES_CBC/HMAC_MD5_96/MODP_1536/NO_EXT_SEQ", "pfs"),
    ],
)
def test_a_refused_quick_mode_is_told_with_the_reason(ours: str, why: str) -> None:
    found = steps(
        *UP, *PROPOSED,
        "CFG 1 received proposals: ESP:DES_CBC/HMAC_MD5_96/KE_NONE/NO_EXT_SEQ", f"CFG 1 configured proposals: {ours}",
        "IKE 1 no matching proposal found, sending NO_PROPOSAL_CHOSEN",
        "ENC 1 generating INFORMATIONAL_V1 request 88 [ HASH N(NO_PROP) ]", SENT,
    )[7:]  # fmt: skip
    assert names(found) == ["qm1-received", "quick-refused"]
    assert found[1].quick is not None
    assert found[1].quick.refused == why
    assert found[1].message == 88


def test_a_daemon_that_looks_for_an_association_on_its_own_has_received_nothing() -> None:
    """Half a minute after a refused main mode its clean-up looks for what is gone; no packet has come."""
    refused = (*ASKED, OFFERED, "IKE 1 no proposal found", "MGR 1 checkin and destroy IKE_SA (unnamed)[1]")
    cleaning = ("MGR - checkout IKEv1 SA with SPIs 44b8_i f460_r", "MGR - IKE_SA checkout not successful")
    assert names(steps(*refused, *cleaning)) == ["mm1-received", "policy-refused"]
    seen = "MGR - checkin IKEv1 SA outside:x[1] with SPIs 44b8_i f460_r"
    assert names(steps(*UP, seen, *cleaning)) == names(steps(*UP))
    packet = "MGR - checkout IKEv1 SA by message with SPIs 44b8_i f460_r"
    assert names(steps(*UP, seen, packet, cleaning[1])) == [*names(steps(*UP)), "unknown-sa"]


def test_a_refused_policy_an_unreadable_message_and_silence_are_told() -> None:
    assert names(steps(*ASKED, OFFERED, "IKE 1 no proposal found")) == ["mm1-received", "policy-refused"]
    assert names(steps("IKE 1 no IKE config found for a...b, sending NO_PROPOSAL_CHOSEN")) == ["mm1-received", "no-key"]
    assert names(
        steps(*UP[:11], "IKE 1 message parsing failed", "IKE 1 ID_PROT request with message ID 0 processing failed")
    )[-1:] == ["mm5-unreadable"]
    begin = (
        "IKE 2 initiating Main Mode IKE_SA outside:x[2] to 192.168.1.2",
        "ENC 2 generating ID_PROT request 0 [ SA V ]",
    )
    out = "NET 2 sending packet: from 172.16.1.1[500] to 192.168.1.2[500] (192 bytes)"
    silent = steps(
        *begin,
        out,
        "IKE 2 sending retransmit 1 of request message ID 0, seq 1",
        out,
        "IKE 2 giving up after 3 retransmits",
    )
    assert names(silent) == ["mm1-sent", "resent", "given-up"]
    assert silent[1].again == 1
    refused = steps(*begin, out, "IKE 2 received NO_PROPOSAL_CHOSEN error notify")
    assert names(refused) == ["mm1-sent", "policy-notified"]


def test_a_phase_1_that_another_one_makes_is_told_as_its_own() -> None:
    """strongSwan writes the first message of a renewed phase 1 under the old one's number."""
    found = steps(
        "IKE 1 initiating Main Mode IKE_SA outside:x[2] to 192.168.1.2",
        "ENC 1 generating ID_PROT request 0 [ SA V ]",
        "NET 1 sending packet: from 172.16.1.1[4500] to 192.168.1.2[4500] (192 bytes)",
        "NET 2 received packet: from 192.168.1.2[4500] to 172.16.1.1[4500] (136 bytes)",
        "ENC 2 parsed ID_PROT response 0 [ SA V V V ]",
        CHOSEN.replace(" 1 ", " 2 "),
    )
    assert names(found) == ["mm1-sent", "mm2-received"]
    assert {step.main.number for step in found} == {2}


def test_a_packet_that_fits_no_association_is_told_where_it_fitted_one_before() -> None:
    closed = "IKE 1 closing CHILD_SA x{1} with SPIs c0000001_i (0 bytes) c0000002_o (0 bytes) and TS 10.2.1.0/24 === 10.1.1.0/24"
    stray = (
        "ESP - parsed ESP header with SPI {} [seq 9]",
        "ESP - inbound ESP packet does not belong to an installed SA",
    )
    found = steps(*UP, closed, stray[0].format("c0000001"), stray[1], stray[0].format("c0000009"), stray[1])
    assert names(found)[-2:] == ["child-closed", "unknown-spi"]
    assert (found[-1].spi, found[-1].main.remote) == (0xC0000001, "172.16.1.1")


def test_words_of_the_daemon_are_the_devices() -> None:
    assert suites("ESP:3DES_CBC/HMAC_SHA1_96/MODP_1024/NO_EXT_SEQ") == (Suite("3des", "sha", (2,)),)
    assert suites("ESP:NULL/HMAC_SHA2_512_256/NO_EXT_SEQ") == (Suite("", "", ()),)


@pytest.mark.parametrize("initiator", [True, False])
@pytest.mark.parametrize("name", typing.get_args(StepName))
def test_every_step_can_be_printed_by_both_platforms(name: StepName, initiator: bool) -> None:
    main = Main(1, initiator, "192.0.2.1", "192.0.2.2", offered=(DES,), configured=(DES,), suite=DES, step=1)
    wanted = {"local": "10.1.1.0/24", "remote": "10.2.1.0/24", "interface": "inside", "map": "M"}
    for refused in ("", "proxies", "transform", "pfs"):
        quick = Quick(
            1 << 31, initiator, "10.1.1.0/24", "10.2.1.0/32", "M:10/1", 1, 2, (DES,), (DES,), DES, refused=refused
        )  # type: ignore[arg-type]
        about = quick if name.startswith(("qm", "quick", "child")) else None
        for up in (False, True):
            main.up = up
            for why in ("esp", "ike"):
                step = Step(name, main, about, 5, 100, 7, why, 1, wanted if name == "wanted" else {})
                pix = list(pix_log.Narrator().narrate(step, pix_log.View(Crypto("pix"))))
                ios = list(ios_log.Narrator().narrate(step, ios_log.View(Crypto("ios"))))
                for record in (*pix, *ios):
                    assert "{" not in record.text.replace("{esp-", "")
                    assert "None" not in record.text.replace("type for this connection: None", "")
                for platform, records in (("pix-7.2", pix), ("ios-12.4", ios)):
                    device = Device.from_text(platform, "hostname x\n")
                    for record in records:
                        device.logs.take(record)
