# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core's computations as filters; each is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import CoreError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.prefixes import NETADDR_IMPORT_ERROR

_CORE = "ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core"

#: Filter → the module of the core that has the function of its name. Ansible loads all filters in every worker process
#: that uses one: only that one's module is worth the time.
_FILTERS = {
    "crypto_acl": "compute",
    "crypto_map": "compute",
    "diagnose_ike": "diagnosis.evidence",
    "diagnosis_text": "diagnosis.text",
    "mirror_acl": "compute",
    "nat_exemption": "compute",
    "parse_ipsec_sa": "associations.reading",
    "tunnels_for": "compute",
    "verification_junit": "verification.report",
    "verification_table": "verification.report",
}


def _filter(name: str, module: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if NETADDR_IMPORT_ERROR:
            raise AnsibleFilterError(missing_required_lib("netaddr"))
        function: Callable[..., Any] = getattr(import_module(f"{_CORE}.{module}"), name)
        try:
            return function(*args, **kwargs)
        except (CoreError, TypeError, AttributeError) as error:
            # The last two: an argument too many or of another shape. Nothing here ever sees a key.
            raise AnsibleFilterError(f"netvpn.dynamic_l2l.{name}: {error}") from error

    return call


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {name: _filter(name, module) for name, module in _FILTERS.items()}
