# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The netvpn.dynamic_l2l contributors
"""The tables of what the emulated devices do, the page that is made of them, and the count of what rests on recall."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from devices import Device, Grade
from devices.fidelity import document
from devices.recall import FILE, Ledger, found, watched
from devices.wire import facts, logfacts, used
from devices.wire.crypto import read_crypto
from devices.wire.cryptochanges import CONSEQUENCES
from devices.wire.reading import read_fabric
from devices.wire.sa import ChildSa, Errors, IkeSa, Snapshot
from devices.wire.used import Moment, Used

ROOT = Path(__file__).resolve().parents[3]
SEED = ROOT / "tests" / "golden" / "seed"
PAGE = ROOT / "docs" / "fidelity.md"
COMMAND = "PYTHONPATH=tests python -m devices.fidelity --write docs/fidelity.md"
PIX_ADDRESSES = {"outside": ("172.16.1.1", 24), "inside": ("10.1.1.2", 24)}
HUB_ADDRESSES = {"Ethernet0/0": ("192.168.1.2", 24), "FastEthernet1/0": ("10.2.1.1", 24)}


@pytest.fixture(autouse=True)
def _recall() -> None:
    """Nothing here proves a behaviour, so nothing of it counts."""


def test_the_page_is_what_the_tables_give(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden", default=False):
        PAGE.write_text(document(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == document(), f"write it anew and look at the diff: {COMMAND}"


def test_each_fact_is_told_once_with_a_source_and_a_subject() -> None:
    table = facts.table()
    assert len(table) == len(facts._FACTS) + len(logfacts.FACTS) + len(CONSEQUENCES)
    for fact in table.values():
        assert fact.subject in facts.SUBJECTS
        assert fact.source
        assert fact.says.endswith("."), fact.key


def test_what_is_counted_is_on_recall() -> None:
    assert {facts.table()[key].grade for key in used.counted()} == {Grade.RECALL}


# -- what a device is found to rely on


def moment(name: str, *edits: tuple[str, str], addresses: Mapping[str, Any] | None = None) -> Moment:
    text = (SEED / f"{name}-running-config.cfg").read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    secrets = {"pre_shared_keys": {"192.168.1.2": "key"}}
    device = Device.from_text(name, text, secrets=secrets)
    own = addresses or (PIX_ADDRESSES if name.startswith("pix") else HUB_ADDRESSES)
    return Moment(device, read_fabric(device), read_crypto(device), own, {})


def pair(**more: Any) -> ChildSa:
    return replace(
        ChildSa("192.168.1.2", "172.16.1.1", "M", 1, None, "outside", "10.1.1.0/24", "10.2.1.0/24", 1, 2, "des", "md5"),
        **more,
    )


UP = Snapshot(ike=(IkeSa(1, "172.16.1.1", "192.168.1.2", True, "established"),), children=(pair(),))


def relied(*moments: Moment, sas: Snapshot = UP) -> set[str]:
    watch = Used()
    for each in moments:
        watch.look(each, lambda: sas)
    watch.seen(sas)
    return watch.keys


def test_the_reference_rests_on_little() -> None:
    assert relied(moment("pix-7.2")) == {"pix-identity-auto"}
    assert relied(moment("ios-12.4")) == set()


def test_a_pix_whose_configuration_rests_on_recall() -> None:
    edit = ("route outside 0.0.0.0 0.0.0.0 172.16.1.2", "route outside 0.0.0.0 0.0.0.0 172.16.9.2")
    assert "pix-route-stays" in relied(moment("pix-7.2", edit))
    # What a published source tells is no recall, whatever else it is.
    assert "pix-nat-no-global" not in relied(moment("pix-7.2", ("global (outside) 1 interface\n", "")))


def test_a_router_whose_configuration_rests_on_recall() -> None:
    rule = "ip nat inside source list 100 interface"
    assert "ios-nat-no-route-map" in relied(moment("ios-12.4", (rule, "ip nat inside source route-map NO interface")))
    key = "crypto isakmp key cisco123 address 0.0.0.0 0.0.0.0\n"
    assert "key-specific" in relied(moment("ios-12.4", (key, f"{key}crypto isakmp key other address 172.16.1.1\n")))


def test_a_change_counts_while_there_are_associations() -> None:
    before = moment("ios-12.4")
    after = moment("ios-12.4", (" crypto map IPSEC\n", ""))
    name = "crypto map taken from the interface"
    assert name in relied(before, after)
    assert name not in relied(before, after, sas=Snapshot())


def test_a_new_lease_counts() -> None:
    before = moment("pix-7.2")
    after = replace(before, addresses={**PIX_ADDRESSES, "outside": ("172.16.1.77", 24)})
    assert {"address of the interface changed", "flow-old-lease"} <= relied(before, after)
    assert "address of the interface changed" not in relied(before, before)


def test_rules_of_nat_that_change_count_and_other_lines_do_not() -> None:
    before = moment("pix-7.2")
    assert "pix-flow-plain" in relied(before, moment("pix-7.2", ("global (outside) 1 interface\n", "")))
    assert "pix-flow-plain" not in relied(before, moment("pix-7.2", ("hostname ", "hostname x")))


@pytest.mark.parametrize(
    ("seen", "key"),
    [
        (Snapshot(children=(pair(), pair(peer="192.168.1.9"))), "newest-sa"),
        (Snapshot(ike=(IkeSa(1, "a", "b", True, "deleted"),)), "traces"),
        (Snapshot(children=(pair(dynamic="D"),)), "show-pix-dynamic"),
    ],
)
def test_associations_that_rest_on_recall(seen: Snapshot, key: str) -> None:
    assert key in relied(moment("pix-7.2"), sas=seen)


def test_packets_that_a_dynamic_entry_drops_count() -> None:
    dynamic = "crypto dynamic-map DYN 10\n set transform-set DYN-TS\n"
    listed = moment(
        "ios-12.4",
        (dynamic, f"{dynamic} match address 120\n"),
        ("access-list 100 ", "access-list 120 permit ip 10.2.1.0 0.0.0.255 10.1.1.0 0.0.0.255\naccess-list 100 "),
    )
    dropped = Snapshot(errors={("10.2.1.0/24", "10.1.1.0/24"): Errors(send=3)})
    assert "ios-no-sa-dynamic" in relied(listed, sas=dropped)
    assert "ios-no-sa-dynamic" not in relied(moment("ios-12.4"), sas=dropped)


# -- telling


def test_rows_and_facts_are_told_to_who_watches() -> None:
    with watched() as rows:
        facts.use("newest-sa")
        facts.use("pix-nat-order")  # not on recall
    facts.use("traces")
    assert rows == {"wire: newest-sa"}


def test_a_process_keeps_a_list_in_its_state_folder(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    ledger = Ledger(tmp_path)
    try:
        assert json.loads((tmp_path / FILE).read_text()) == []
        facts.use("newest-sa")
        facts.use("newest-sa")
        device = Device.from_text("pix-7.2", (SEED / "pix-7.2-start.cfg").read_text())
        shell = device.open_shell(privileged=True)
        shell.start()
        shell.feed("show clock\r")
        assert found(tmp_path) == ["pix-7.2 exec: show clock", "wire: newest-sa"]
    finally:
        ledger.close()
    facts.use("traces")
    assert "wire: traces" not in found(tmp_path)
