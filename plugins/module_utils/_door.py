# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""From ``AnsibleModule`` to the core and back: the options, stated once, and how a module ends.

Keys: ``no_log`` keeps them out of the start-up log and of the task's arguments, but it also masks their text wherever
it occurs in a result, so that a key like ``outside`` would mangle every diff. Therefore the real keys are taken out of
the module right at the start; from there on the core masks them by their position, and every way out is here.
"""

from __future__ import annotations

import copy
import os
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._backup import write_backup
from ._cli_transport import CliTransport
from ._core.algorithms import ENCRYPTIONS, GROUPS, HASHES, SUITES
from ._core.errors import CoreError, DeviceError
from ._core.intent import ACCEPT
from ._core.prefixes import NETADDR_IMPORT_ERROR
from ._core.preflight import PreconditionError
from ._core.run import run
from ._core.secret import MASK
from ._core.session import Cli, Session

_IKE = {
    "encryption": {"type": "str", "required": True, "choices": list(ENCRYPTIONS)},
    "hash": {"type": "str", "required": True, "choices": list(HASHES)},
    "group": {"type": "int", "required": True, "choices": list(GROUPS)},
}

RESPONDER_SPEC: dict[str, Any] = {
    "host": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "networks": {"type": "list", "elements": "raw", "required": True},
    "suite": {"type": "str", "choices": list(SUITES)},
    "ike": {"type": "dict", "options": _IKE},
    "ipsec": {"type": "dict", "options": {key: _IKE[key] for key in ("encryption", "hash")}},
    "pre_shared_key": {"type": "str", "required": True, "no_log": True},
    "match_address": {"type": "bool", "default": True},
    "allow_weak_crypto": {"type": "str", "choices": ["none", "legacy", "broken"], "default": "legacy"},
    "dpd": {"type": "dict", "options": {"interval": {"type": "int"}, "retry": {"type": "int"}}},
    "pfs": {"type": "int", "choices": list(GROUPS)},
    "lifetimes": {
        "type": "dict",
        "options": {
            "ike_seconds": {"type": "int"},
            "ipsec_seconds": {"type": "int"},
            "ipsec_kilobytes": {"type": "int"},
        },
    },
}

TUNNEL_SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "initiator": {"type": "str", "required": True},
    "responder": {"type": "str", "required": True},
    "networks": {"type": "list", "elements": "raw", "required": True},
    "responder_networks": {"type": "list", "elements": "raw"},
    "accept": {"type": "list", "elements": "str", "choices": list(ACCEPT)},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "pre_shared_key": {"type": "str", "no_log": True},
}

NAMES_SPEC: dict[str, Any] = {
    **{
        name: {"type": "str"}
        for name in (
            "crypto_map", "transform_set", "crypto_acl", "exemption_acl", "dynamic_map", "match_acl", "nat_acl",
        )
    },
    **{name: {"type": "int"} for name in ("ike_policy", "sequence", "nat_id")},
}  # fmt: skip

ARGUMENT_SPEC: dict[str, Any] = {
    "host": {"type": "str"},
    "responders": {"type": "list", "elements": "dict", "options": RESPONDER_SPEC},
    "tunnels": {"type": "list", "elements": "dict", "options": TUNNEL_SPEC},
    "state": {
        "type": "str",
        "choices": ["present", "absent", "rendered", "parsed", "gathered"],
        "default": "present",
    },
    "names": {"type": "dict", "options": NAMES_SPEC},
    "pat": {"type": "str", "choices": ["foreign", "present"], "default": "foreign"},
    "save": {"type": "str", "choices": ["changed", "always", "never"], "default": "changed"},
    "remove_shared": {"type": "bool", "default": False},
    "exclusive": {"type": "bool", "default": False},
    "partial": {"type": "bool", "default": False},
    # The word "secret" in a name makes Ansible ask: this one is a policy.
    "update_secret": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    "outside_interface": {"type": "str"},
    "behind_nat": {"type": "bool", "default": False},
    "clear_flows": {"type": "str", "choices": ["none", "affected"], "default": "none"},
    "preflight": {"type": "str", "choices": ["skip", "warn", "fail"], "default": "warn"},
    "backup": {"type": "bool", "default": False},
    "backup_options": {"type": "dict", "options": {"dir_path": {"type": "path"}, "filename": {"type": "str"}}},
    # May hold keys in clear text (more system:running-config): kept out of logs, taken out of the result below.
    "running_config": {"type": "str", "no_log": True},
    "version": {"type": "str"},
}

_INTENT = ("host", "responders", "tunnels")

REQUIRED_IF = [
    *(("state", state, _INTENT) for state in ("present", "absent", "rendered")),
    ("state", "parsed", ("running_config",)),
]


#: Opens a session; called at most once, and only where a device is needed.
OpenSession = Callable[[Cli], Session]

#: What a module does: its options with the real keys, how to open a session → its result. Raises CoreError.
Work = Callable[[dict[str, Any], OpenSession], dict[str, Any]]


def run_module(module: AnsibleModule, platform: str) -> None:
    """Do what ``module`` was asked for on a device of ``platform`` (``asa`` or ``ios``). Ends the module."""
    kept: list[str] = []

    def keep(text: str, host: str) -> str:
        kept.append(write_backup(text, host, module.params["backup_options"], datetime.now()))
        return kept[-1]

    def work(request: dict[str, Any], open_session: OpenSession) -> dict[str, Any]:
        return run(
            platform,
            request,
            check_mode=module.check_mode,
            open_session=open_session,
            keep=keep if request["backup"] else None,
        )

    # Whoever has to mend a device by hand wants to know where its configuration is.
    carry_out(module, work, lambda: {"backup_path": kept[-1]} if kept else {})


def carry_out(
    module: AnsibleModule,
    work: Work,
    also: Callable[[], dict[str, Any]] = dict,
    judge: Callable[[dict[str, Any]], str] = lambda result: "",
) -> None:
    """Let a module do its ``work`` and end it: no key and no text of an unexpected error leaves it.

    ``also`` is what a failure returns besides. ``judge`` says in a sentence why a result is a failure, or nothing.
    """
    opened: list[CliTransport] = []

    def open_session(cli: Cli) -> Session:
        opened.append(CliTransport(getattr(module, "_socket_path", None)))
        return Session(opened[-1], cli)

    # fail_json adds the exception that is being handled, text and all: it is called when none is.
    failure: dict[str, Any] | None = None
    result: dict[str, Any] = {}
    try:
        try:
            # Inside: an exception on the way must not show the options.
            request = _take_secrets(module)
            if NETADDR_IMPORT_ERROR:
                module.fail_json(msg=missing_required_lib("netaddr"), exception=NETADDR_IMPORT_ERROR)
            result = work(request, open_session)
            if reason := judge(result):
                failure = {**result, "msg": reason}
        finally:
            for transport in opened:
                transport.close()
    except CoreError as error:
        failure = _explain(error)
    except Exception as error:
        failure = _confess(error)
    if failure is not None:
        module.fail_json(**{**failure, **also()})
    module.exit_json(**result)


def _explain(error: CoreError) -> dict[str, Any]:
    failure: dict[str, Any] = {"msg": str(error)}
    if isinstance(error, DeviceError):
        failure.update(line=error.line, answer=error.answer, rolled_back=error.rolled_back)
    if isinstance(error, PreconditionError):
        failure.update(findings=[finding.as_dict() for finding in error.findings])
    return failure


def _confess(error: Exception) -> dict[str, Any]:
    """A bug. The exception's text may hold a key, so only its kind and where it happened are told."""
    frames = [f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    return {
        "msg": f"This is a bug in netvpn.dynamic_l2l: {type(error).__name__} at {frames[-1]}. "
        "Please report it with the frames below; they hold no value of yours.",
        "frames": frames,
    }


def _take_secrets(module: AnsibleModule) -> dict[str, Any]:
    """The options with the real keys; the module keeps masks, and no longer hunts for their text in its result."""
    request: dict[str, Any] = copy.deepcopy(module.params)
    for holder, option in _secret_places(module.params):
        module.no_log_values.discard(holder[option])
        holder[option] = MASK
    return request


def _secret_places(params: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    holders = [*(params.get("responders") or ()), *(params.get("tunnels") or ())]
    yield from ((holder, "pre_shared_key") for holder in holders if holder.get("pre_shared_key") is not None)
    if params.get("running_config") is not None:
        yield params, "running_config"
