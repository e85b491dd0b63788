#!/usr/bin/python
# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads a device as the modules do and writes the running configuration to a file as it was read. For tests only."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._cli_transport import CliTransport
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import CoreError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.run import PLATFORMS
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.session import Session


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "platform": {"type": "str", "choices": list(PLATFORMS), "required": True},
            "path": {"type": "path", "required": True},
        }
    )
    try:
        transport = CliTransport(module._socket_path)
        text = Session(transport, PLATFORMS[module.params["platform"]].cli).read()
        transport.close()
    except CoreError as error:
        module.fail_json(msg=str(error))
    Path(module.params["path"]).write_text(text, encoding="utf-8")
    module.exit_json()


if __name__ == "__main__":
    main()
