"""
The 78 checks of a landing zone, each with the ids by which PSRule, checkov and Azure Policy know it.

`docs/infra-checks.md` lists them. `RULES` are those that no wider rule holds already.
"""

from __future__ import annotations

from infra.rules.checks import (
    api_management,
    functions,
    governance,
    key_vault,
    messaging,
    platform,
    storage,
)

CHECKS = (
    *key_vault.CHECKS,
    *storage.CHECKS,
    *functions.CHECKS,
    *messaging.CHECKS,
    *api_management.CHECKS,
    *platform.CHECKS,
    *governance.CHECKS,
)

RULES = tuple(check.own_findings for check in CHECKS if not check.is_held)
