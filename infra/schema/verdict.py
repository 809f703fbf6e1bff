"""Every resource of a stack held against the authorities that know its type in its API version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.engine.resources import Resource
from infra.rules import Finding, Severity
from infra.schema import azure_sdk
from infra.schema.arm import ArmResource, render
from infra.schema.arm_types import ArmType, arm_type
from infra.schema.azure_types import AzureTypes
from infra.schema.check import flaws
from infra.schema.shapes import Record

Authority = Callable[[ArmType], Record | None]


@dataclass(frozen=True)
class Verdict:
    """What the schemas say about a stack: `checked` and `unchecked` count resources of Azure."""

    findings: tuple[Finding, ...]
    checked: int
    unchecked: int


def authorities(types: Path | None = None) -> tuple[Authority, ...]:
    """Return the authorities at hand: the installed models, and a folder of Azure's types where one is given."""
    return (azure_sdk.shape_of,) if types is None else (azure_sdk.shape_of, AzureTypes(types).shape_of)


def judge(resources: Sequence[Resource], wanted: Sequence[Authority]) -> Verdict:
    """Return what is wrong with the resources, each flaw once, and how many no authority knows."""
    azure = [each for each in resources if each.custom and each.type.startswith("azure-native:")]
    found: dict[Finding, None] = {}
    unchecked: dict[str, list[Resource]] = {}
    for resource in azure:
        shapes = _shapes(resource, wanted)
        if not shapes:
            unchecked.setdefault(resource.type, []).append(resource)
        for shape in shapes:
            found |= dict.fromkeys(_findings(resource, shape))
    missed = sum(len(each) for each in unchecked.values())
    notes = [_unchecked(each) for each in unchecked.values()]
    return Verdict((*found, *notes), len(azure) - missed, missed)


def as_arm(resources: Sequence[Resource], wanted: Sequence[Authority]) -> list[ArmResource]:
    """Return every resource of Azure as ARM gets it, by the first authority that knows its type."""
    rendered = (render(each, next(iter(_shapes(each, wanted)), None)) for each in resources)
    return [each for each in rendered if each is not None]


def _shapes(resource: Resource, wanted: Sequence[Authority]) -> list[Record]:
    kind = arm_type(resource.type)
    found = (authority(kind) for authority in wanted) if kind and resource.custom else ()
    return [shape for shape in found if shape is not None]


def _findings(resource: Resource, shape: Record) -> Iterator[Finding]:
    rendered = render(resource, shape)
    for flaw in flaws(shape, rendered.body) if rendered else ():
        severity = Severity.ERROR if flaw.certain else Severity.WARNING
        yield Finding(flaw.code, severity, resource.urn, flaw.path, flaw.text)


def _unchecked(resources: Sequence[Resource]) -> Finding:
    first = resources[0]
    known = arm_type(first.type)
    text = f"no schema of {known.version} is at hand" if known else "a type that arm-types.json does not list"
    return Finding("schema-unchecked", Severity.NOTE, first.urn, "", f"{first.kind} ({len(resources)}): {text}")
