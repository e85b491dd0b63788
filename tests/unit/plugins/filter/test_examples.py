# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented examples of the filters run through Ansible and give what stands below them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors as somewhere
import yaml

COLLECTION = Path(somewhere.__file__).parents[3]
FILTERS = sorted((COLLECTION / "plugins" / "filter").glob("*.yml"))


def _examples(path: Path) -> list[tuple[dict[str, Any], Any]]:
    """Each task of EXAMPLES with what the comment below it says."""
    text: str = yaml.safe_load(path.read_text(encoding="utf-8"))["EXAMPLES"]
    parts = text.split("\n- name: ")[1:]
    # A later example may refer to an anchor of the first one, so tasks are read together.
    tasks = yaml.safe_load(text)
    comments = ["\n".join(row[2:] for row in part.splitlines() if row.startswith("# ")) for part in parts]
    assert len(tasks) == len(comments)
    return list(zip(tasks, map(yaml.safe_load, comments), strict=True))


def test_every_filter_is_documented_with_examples() -> None:
    names = {"crypto_acl", "crypto_map", "mirror_acl", "nat_exemption", "tunnels_for"}
    names |= {"verification_junit", "verification_table", "parse_ipsec_sa", "diagnose_ike", "diagnosis_text"}
    assert {path.stem for path in FILTERS} == names
    assert all(_examples(path) for path in FILTERS)


def test_examples_give_what_is_written_below_them(tmp_path: Path) -> None:
    tasks = []
    for path in FILTERS:
        for task, expected in _examples(path):
            message = task["ansible.builtin.debug"]["msg"]
            tasks.append(
                {
                    "name": f"{path.stem}: {task['name']}",
                    "ansible.builtin.assert": {"that": "got == expected", "fail_msg": "{{ got | to_json }}"},
                    "vars": {**task.get("vars", {}), "got": message, "expected": expected},
                }
            )
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    playbook = tmp_path / "examples.yml"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTION.parents[2]), "ANSIBLE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(playbook)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"ok={len(tasks)} " in done.stdout
