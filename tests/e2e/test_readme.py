# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README.md tells a newcomer to write works as it stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from .conftest import ROOT, Playbooks

#: The YAML blocks of the README: an inventory and a playbook.
INVENTORY, PLAYBOOK = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_first_tunnel_of_the_readme_comes_up_as_written(
    playbooks: Playbooks, emulated: Callable[..., Path]
) -> None:
    state = emulated("pix515e", "hub")
    written = playbooks.folder / "written.yml"
    written.write_text(INVENTORY, encoding="utf-8")
    # Only where the emulated devices are, and what a vault would hold.
    vault = {"vault_password": "admin", "vault_enable": "admin", "vault_hub_psk": "from-the-vault"}
    hosts = {
        name: {key: host[key] for key in ("ansible_host", "ansible_port")} for name, host in playbooks.hosts.items()
    }
    playbooks.hosts.clear()
    where = playbooks.folder / "where.yml"
    where.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": vault}}), encoding="utf-8")
    arguments = ["-i", str(written), "-i", str(where)]
    planned = playbooks.play("netvpn.dynamic_l2l.plan", *arguments)
    assert "crypto map L2L-MAP interface outside" in planned
    assert "crypto map" not in (state / "hub.running").read_text(encoding="utf-8")
    playbooks.play("netvpn.dynamic_l2l.site", *arguments)
    assert " crypto map L2L-MAP\n" in (state / "hub.running").read_text(encoding="utf-8")
    assert "nat (inside) 1" not in (state / "pix515e.running").read_text(encoding="utf-8")

    group = playbooks.folder / "group.yml"
    group.write_text(yaml.safe_dump({"branches": {"hosts": {"pix515e": {}}}}), encoding="utf-8")
    own = playbooks.folder / "own.yml"
    own.write_text(PLAYBOOK, encoding="utf-8")
    playbooks.play(str(own), *arguments, "-i", str(group))
    assert "nat (inside) 1 0.0.0.0 0.0.0.0\n" in (state / "pix515e.running").read_text(encoding="utf-8")
    assert "from-the-vault" not in playbooks.printed


def test_a_playbook_of_ones_own_has_under_thirty_lines() -> None:
    assert len(INVENTORY.splitlines()) < 30
    assert len(PLAYBOOK.splitlines()) < 30
