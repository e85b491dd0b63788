# Copyright: The netvpn.dynamic_l2l contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The core's computations as filters; each is documented in the file of its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.basic import missing_required_lib
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core import compute
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.associations import reading as associations
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.diagnosis import evidence
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.diagnosis import text as diagnosis_text
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.errors import CoreError
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.prefixes import NETADDR_IMPORT_ERROR
from ansible_collections.netvpn.dynamic_l2l.plugins.module_utils._core.verification import report

_FILTERS: dict[str, Callable[..., Any]] = {
    "crypto_acl": compute.crypto_acl,
    "crypto_map": compute.crypto_map,
    "diagnose_ike": evidence.diagnose_ike,
    "diagnosis_text": diagnosis_text.diagnosis_text,
    "mirror_acl": compute.mirror_acl,
    "nat_exemption": compute.nat_exemption,
    "parse_ipsec_sa": associations.parse_ipsec_sa,
    "tunnels_for": compute.tunnels_for,
    "verification_junit": report.verification_junit,
    "verification_table": report.verification_table,
}


def _filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if NETADDR_IMPORT_ERROR:
            raise AnsibleFilterError(missing_required_lib("netaddr"))
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
        return {name: _filter(name, function) for name, function in _FILTERS.items()}
