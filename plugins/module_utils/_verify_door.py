# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door of ``ipsec_verify``: its options, JMESPath, and when it fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._core.verification.judging import LEVELS
from ._core.verification.report import summary
from ._core.verification.run import verify
from ._door import ARGUMENT_SPEC, OpenSession, carry_out

try:
    import jmespath
except ImportError:
    JMESPATH_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    JMESPATH_IMPORT_ERROR = None

#: The intent, and what decides how a device is configured.
_SHARED = (
    "host", "responders", "tunnels", "names", "pat", "remove_shared", "exclusive", "partial", "outside_interface",
    "behind_nat",
)  # fmt: skip

VERIFY_SPEC: dict[str, Any] = {
    **{option: ARGUMENT_SPEC[option] for option in _SHARED},
    "level": {"type": "str", "choices": list(LEVELS), "default": "traffic"},
    "tunnel": {"type": "list", "elements": "str"},
    "bring_up": {"type": "bool", "default": False},
    "probe": {"type": "list", "elements": "str"},
    "wait": {"type": "int", "default": 30},
    "interval": {"type": "int", "default": 0},
    "expect": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "query": {"type": "str", "required": True},
            "equals": {"type": "raw"},
            "truthy": {"type": "bool"},
        },
    },
    "fail_on": {"type": "str", "choices": ["failed", "unknown", "never"], "default": "failed"},
}


def run_verify(module: AnsibleModule) -> None:
    """Verify, and fail as ``fail_on`` says. Ends the module."""
    fail_on = module.params["fail_on"]
    if module.params["expect"] and JMESPATH_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("jmespath"), exception=JMESPATH_IMPORT_ERROR)

    def work(request: dict[str, Any], open_session: OpenSession) -> dict[str, Any]:
        return verify(request, check_mode=module.check_mode, open_session=open_session, compile_query=_compile)

    def judge(result: dict[str, Any]) -> str:
        bad = {"failed": ("failed",), "unknown": ("failed", "unknown"), "never": ()}[fail_on]
        found = [each for each in result["results"] if each["status"] in bad]
        if not found:
            return ""
        first = found[0]
        return f"{summary(result['results'])}. {first['tunnel'] or first['host']}, {first['check']}: {first['message']}"

    carry_out(module, work, judge=judge)


def _compile(query: str) -> Callable[[Any], Any]:
    search: Callable[[Any], Any] = jmespath.compile(query).search
    return search
