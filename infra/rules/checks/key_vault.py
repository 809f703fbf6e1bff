"""Key Vault: checks 1 to 12."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.rules import Finding
from infra.rules.checks.check import Check, Each, Held, departure, equal, every
from infra.rules.private_doors import every_service_has_a_private_endpoint, no_service_has_a_public_door
from infra.rules.production import production_takes_no_development_dial
from infra.rules.reading import items, of_kinds, value
from infra.rules.watching import everything_reports_to_the_workspace

_VAULT, _KEY, _SECRET = "keyvault:Vault", "keyvault:Key", "keyvault:Secret"
_SOFT_DELETE_DAYS = 90
_POLICY = "properties.rotationPolicy"


def _keys_that_never_expire(resources: Sequence[Resource]) -> Iterator[Finding]:
    for key in of_kinds(resources, _KEY):
        if not (value(key, "properties.attributes.expires") or value(key, f"{_POLICY}.attributes.expiryTime")):
            yield departure(key, f"{_POLICY}.attributes.expiryTime", "set it, or properties.attributes.expires")


def _keys_that_nobody_rotates(resources: Sequence[Resource]) -> Iterator[Finding]:
    for key in of_kinds(resources, _KEY):
        actions = [each.get("action", {}).get("type") for each in items(key, f"{_POLICY}.lifetimeActions")]
        if "rotate" not in [str(action).lower() for action in actions]:
            yield departure(key, f"{_POLICY}.lifetimeActions", "name one of the type rotate")


def _hsm(kind: Any) -> bool:
    return str(kind).endswith("-HSM")


def _long_enough(days: Any) -> bool:
    return isinstance(days, int) and days >= _SOFT_DELETE_DAYS


CHECKS = (
    Check(1, "vault-purge-protection", "a vault of production cannot be purged",
          ("AZR-000125", "CKV_AZURE_110", "0b60c0b2"),
          Held(production_takes_no_development_dial, "production-dial", (_VAULT,), "properties.enablePurge")),
    Check(2, "vault-soft-delete", f"what is deleted from a vault can be recovered for {_SOFT_DELETE_DAYS} days",
          ("AZR-000124", "CKV_AZURE_111", "1e66c121"),
          every(equal(_VAULT, "properties.enableSoftDelete", wanted=True),
                Each(_VAULT, "properties.softDeleteRetentionInDays", _long_enough, str(_SOFT_DELETE_DAYS)))),
    Check(3, "vault-roles", "roles say who may read a vault", ("12d4fa5e",),
          equal(_VAULT, "properties.enableRbacAuthorization", wanted=True)),
    Check(4, "vault-public", "a vault has no public door", ("CKV_AZURE_189", "405c5871"),
          Held(no_service_has_a_public_door, "public-door", (_VAULT,))),
    Check(5, "vault-firewall", "a vault's firewall denies by default", ("AZR-000355", "CKV_AZURE_109", "55615ac9"),
          equal(_VAULT, "properties.networkAcls.defaultAction", "Deny")),
    Check(6, "vault-endpoint", "a private endpoint leads to every vault", ("a6abeaec",),
          Held(every_service_has_a_private_endpoint, "private-endpoint", (_VAULT,))),
    Check(7, "vault-logs", "a vault reports to the workspace", ("AZR-000119", "cf820ca0"),
          Held(everything_reports_to_the_workspace, "diagnostics", (_VAULT,))),
    Check(8, "vault-secret-expiry", "a secret expires", ("CKV_AZURE_41",),
          Each(_SECRET, "properties.attributes.expires", bool, "a time in seconds since 1970")),
    Check(9, "vault-key-expiry", "a key expires", ("CKV_AZURE_40",), _keys_that_never_expire),
    Check(10, "vault-key-hsm", "a key never leaves its HSM", ("CKV_AZURE_112",),
          Each(_KEY, "properties.kty", _hsm, "RSA-HSM or EC-HSM")),
    Check(11, "vault-key-rotation", "a key rotates by itself", ("AZR-000123",), _keys_that_nobody_rotates),
    Check(12, "vault-access-policies", "no access policy stands beside the roles", ("AZR-000118",),
          Each(_VAULT, "properties.accessPolicies", lambda found: not found, "nothing: roles say who may")),
)  # fmt: skip
