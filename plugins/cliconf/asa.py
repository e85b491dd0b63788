# Copyright: The netvpn.dynamic_l2l contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and changing a PIX/ASA by commands. Used by ``ansible_network_os: netvpn.dynamic_l2l.asa``."""

from __future__ import annotations

DOCUMENTATION = """
name: asa
author: netvpn.dynamic_l2l contributors (@netvpn)
short_description: Commands on Cisco PIX and ASA, 7.0 and later
description:
  - Sends commands to a PIX/ASA through P(ansible.netcommon.network_cli#connection).
  - Set C(ansible_network_os) to V(netvpn.dynamic_l2l.asa), C(ansible_become) to V(true) and C(ansible_become_method) to
    V(ansible.netcommon.enable).
  - Nothing that it does on its own changes the configuration. Paging is turned off for the session only.
version_added: 0.1.0
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.ansible.netcommon.plugins.module_utils.network.common.config import NetworkConfig, dumps
from ansible_collections.ansible.netcommon.plugins.module_utils.network.common.utils import to_list
from ansible_collections.ansible.netcommon.plugins.plugin_utils.cliconf_base import CliconfBase, enable_mode

#: ``show version`` → device_info.
_FACTS = {
    "network_os_version": r"^Cisco (?:PIX|Adaptive) Security Appliance Software Version (\S+)",
    "network_os_model": r"^Hardware: +([^,\s]+)",
    "network_os_hostname": r"^(\S+) up ",
    "network_os_image": r'^System image file is "(.+)"',
}


class Cliconf(CliconfBase):
    """``get``, ``get_config``, ``edit_config`` and what tells of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._device_info: dict[str, str] = {}

    @enable_mode
    def get_config(self, source: str = "running", flags: list[str] | None = None, format: str | None = None) -> str:
        """The running or the startup configuration; ``flags`` are the words behind (``all``, ``crypto map``)."""
        if source not in ("running", "startup"):
            raise ValueError(f"a PIX/ASA has no {source} configuration: source is running or startup")
        if format:
            raise ValueError(f"a PIX/ASA shows its configuration as text only, not as {format}")
        command = " ".join([f"show {source}-config", *to_list(flags)]).strip()
        # Kept whole (netcommon would drop every line that holds the prompt), then less its own last line.
        answer: str = self.send_command(command, strip_prompt=False)
        prompt = to_text(self._connection.get_prompt()).strip()
        return answer.rstrip().removesuffix(prompt).rstrip()

    @enable_mode
    def edit_config(
        self, candidate: Any = None, commit: bool = True, replace: Any = None, comment: str | None = None
    ) -> dict[str, list[str]]:
        """Type lines in configuration mode; leaves it again even when a line is refused."""
        self.check_edit_config_capability(self.get_device_operations(), candidate, commit, replace, comment)
        if not commit:
            raise ValueError("a PIX/ASA has no candidate configuration: nothing can be loaded without commit")
        requests: list[str] = []
        responses: list[str] = []
        self.send_command("configure terminal")
        try:
            for item in to_list(candidate):
                line = item if isinstance(item, Mapping) else {"command": item}
                if line["command"].strip() in ("", "end") or line["command"].startswith(("!", ":")):
                    continue
                responses.append(self.send_command(**line))
                requests.append(line["command"])
        finally:
            self.send_command("end")
        return {"request": requests, "response": responses}

    def get_diff(
        self,
        candidate: str | None = None,
        running: str | None = None,
        diff_match: str = "line",
        diff_ignore_lines: list[str] | None = None,
        path: list[str] | None = None,
        diff_replace: str = "line",
    ) -> dict[str, str]:
        """Which lines of ``candidate`` the running configuration lacks."""
        for value, name in ((diff_match, "diff_match"), (diff_replace, "diff_replace")):
            known = self.get_option_values()[name]
            if value not in known:
                raise ValueError(f"{name} is {value}; known are {', '.join(known)}")
        if candidate is None:
            raise ValueError("get_diff needs a candidate configuration")
        wanted = NetworkConfig(indent=1, contents=candidate)
        items = wanted.items
        if running and diff_match != "none":
            present = NetworkConfig(indent=1, contents=running, ignore_lines=diff_ignore_lines)
            items = wanted.difference(present, path=path, match=diff_match, replace=diff_replace)
        return {"config_diff": dumps(items, "commands") if items else ""}

    def get_device_info(self) -> dict[str, str]:
        """Version, model, host name and image from ``show version``."""
        if not self._device_info:
            text = to_text(self.get("show version"))
            found = {name: re.search(pattern, text, re.MULTILINE) for name, pattern in _FACTS.items()}
            self._device_info = {name: match[1] for name, match in found.items() if match}
            self._device_info["network_os"] = "asa"
        return self._device_info

    def get_device_operations(self) -> dict[str, bool]:
        """What a PIX/ASA can do with configurations."""
        return {
            "supports_diff_replace": True,
            "supports_commit": False,
            "supports_rollback": False,
            "supports_defaults": True,
            "supports_onbox_diff": False,
            "supports_commit_comment": False,
            "supports_multiline_delimiter": False,
            "supports_diff_match": True,
            "supports_diff_ignore_lines": True,
            "supports_generate_diff": True,
            "supports_replace": False,
        }

    def get_option_values(self) -> dict[str, list[str]]:
        """The values that :meth:`get_diff` takes."""
        return {
            "format": ["text"],
            "diff_match": ["line", "strict", "exact", "none"],
            "diff_replace": ["line", "block"],
            "output": [],
        }

    def get_defaults_flag(self) -> str:
        """The word behind ``show running-config`` that shows defaults as well."""
        return "all"

    def get_capabilities(self) -> str:
        """All of the above, as JSON."""
        result: dict[str, Any] = super().get_capabilities()
        result["rpc"] = [*result["rpc"], "get_diff", "get_defaults_flag"]
        result["device_operations"] = self.get_device_operations()
        result.update(self.get_option_values())
        return json.dumps(result)

    def set_cli_prompt_context(self) -> None:
        """Leave configuration mode, where an earlier task may have been stopped."""
        if not self._connection.connected:
            return
        prompt = self._connection.get_prompt()
        if prompt is None:
            raise AnsibleConnectionFailure("no prompt was seen after the last command: the session has lost step")
        if re.search(r"\(config.*\)#", to_text(prompt)):
            self.send_command("end")
