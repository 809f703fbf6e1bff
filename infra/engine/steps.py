"""What an `up` would do to each resource: create, keep, update, replace, delete or let go of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.engine.resources import Resource, type_of
from infra.engine.state import Record, State
from infra.engine.wire import leaves
from infra.schema.arm_types import arm_type

# What no resource can change about itself: where it lies and what it is attached to.
_PLACE = {"location", "resourceGroupName", "resourceUri", "scope", "scopeId"}

# What Azure fixes at creation beyond names and places (general knowledge, not from a schema).
_FIXED = {
    "authorization:RoleAssignment": {"principalId", "principalType", "roleDefinitionId"},
    "dbforpostgresql:Server": {"network.delegatedSubnetResourceId"},
    "network:PrivateEndpoint": {"subnet.id"},
    "servicebus:Queue": {"requiresDuplicateDetection", "requiresSession"},
    "servicebus:Subscription": {"requiresSession"},
    "servicebus:Topic": {"requiresDuplicateDetection"},
    "storage:StorageAccount": {"isHnsEnabled"},
}


class Change(StrEnum):
    """What becomes of one resource."""

    CREATE = "create"
    SAME = "same"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"  # removed from the program, kept in Azure


@dataclass(frozen=True)
class Step:
    """
    The change of one resource.

    `paths` are the inputs that differ; `fixed` those among them that cannot be changed in place; `former` is
    the URN under which the state knows it, if an alias led there. `guarded` says that the state protects it.
    """

    change: Change
    urn: str
    paths: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    former: str = ""
    guarded: bool = False


def step_for(resource: Resource, prior: State) -> Step:
    """Return what becomes of a registered resource, found in the state by its URN or by an alias."""
    former = next((urn for urn in (resource.urn, *resource.aliases) if urn in prior.records), None)
    if former is None:
        return Step(Change.CREATE, resource.urn)
    record = prior.records[former]
    paths = _differences(resource, record, prior)
    fixed = tuple(path for path in paths if _is_fixed(resource, path))
    change = Change.REPLACE if fixed else Change.UPDATE if paths else Change.SAME
    renamed = former if former != resource.urn else ""
    return Step(change, resource.urn, paths, fixed, renamed, record.protect)


def steps_for_missing(steps: Iterable[Step], prior: State) -> list[Step]:
    """Return what becomes of the resources that the state has and the program no longer registers."""
    kept = {step.former or step.urn for step in steps}
    gone = (record for urn, record in sorted(prior.records.items()) if urn not in kept)
    return [
        Step(Change.FORGET if record.retain else Change.DELETE, record.urn, guarded=record.protect) for record in gone
    ]


def _differences(resource: Resource, record: Record, prior: State) -> tuple[str, ...]:
    new, old = dict(leaves(prior.sealed(resource.inputs))), dict(leaves(record.inputs))
    ignored = resource.ignore_changes
    return tuple(
        path
        for path in sorted(new.keys() | old.keys())
        if new.get(path, _ABSENT) != old.get(path, _ABSENT) and not _below_any(path, ignored)
    )


_ABSENT: Mapping[str, Any] = {"absent": True}


def _below_any(path: str, wanted: Collection[str]) -> bool:
    return any(each == "*" or path == each or path.startswith((f"{each}.", f"{each}[")) for each in wanted)


def _is_fixed(resource: Resource, path: str) -> bool:
    if not resource.custom:
        return False
    known = arm_type(resource.type)
    named = set(known.parameters) if known else {"name"}
    fixed = _FIXED.get(type_of(resource.urn).removeprefix("azure-native:"), set())
    return _below_any(path, _PLACE | named | fixed | set(resource.replace_on_changes))
