"""Production never takes a dial that is meant for development."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import of_kinds, value

PRODUCTION = "prod"
_REPLICA = "Replica"  # the spare of a region: it has none of its own
_STATE = ("dbforpostgresql:Server", "keyvault:Vault")

# What must hold in production, of which kind, at which path, and how to say it.
_WANTED: tuple[tuple[str, str, Callable[[Any], bool], str], ...] = (
    ("servicebus:Namespace", "sku.name", lambda it: it == "Premium", "Premium: nothing less has a private endpoint"),
    ("web:AppServicePlan", "zoneRedundant", lambda it: it is True, "true: a zone may be lost"),
    ("dbforpostgresql:Server", "highAvailability.mode", lambda it: it == "ZoneRedundant", "ZoneRedundant"),
    ("dbforpostgresql:Server", "backup.geoRedundantBackup", lambda it: it == "Enabled", "Enabled"),
    ("dbforpostgresql:Server", "sku.tier", lambda it: it != "Burstable", "GeneralPurpose or MemoryOptimized"),
    ("keyvault:Vault", "properties.enablePurgeProtection", lambda it: it is True, "true"),
    ("storage:StorageAccount", "sku.name", lambda it: "ZRS" in str(it), "a replication across zones"),
    ("apimanagement:ApiManagementService", "sku.name", lambda it: it != "Developer", "a tier with an SLA"),
)  # fmt: skip


def production_takes_no_development_dial(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find what production must survive and would not."""
    for kind, path, holds, wanted in _WANTED:
        for resource in of_kinds(_in_production(resources), kind):
            if value(resource, "createMode") == _REPLICA:
                continue
            found = value(resource, path)
            if not holds(found):
                yield error("production-dial", resource, path, f"is {found} in production: set it to {wanted}")


def production_protects_its_state(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find what holds records in production and could be deleted in one step."""
    for resource in of_kinds(_in_production(resources), *_STATE):
        if not resource.protect:
            yield error("production-protection", resource, "protect", "holds records: protect it")


def _in_production(resources: Sequence[Resource]) -> list[Resource]:
    return [resource for resource in resources if resource.stack == PRODUCTION]


RULES = (production_takes_no_development_dial, production_protects_its_state)
