"""
The links between what a message has.

    OBX-4                   1.1 is a member of 1
    OBR-26                  the results of this report are members of the one that they refine
    ORC-8, OBR-29, SPM-3    parents that are named by number alone, where the message has them
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Resource, append, reference

_PARENTS = {"ServiceRequest": "basedOn", "Specimen": "parent"}

MappedObservation = tuple[Segment, Resource]


@dataclass(frozen=True, slots=True)
class MappedReport:
    """A report with its OBR and its observations, for the links between reports."""

    report: Resource
    obr: Segment
    observations: list[MappedObservation]


def resolve_parents(resources: list[Resource]) -> None:
    """Make a reference by identifier literal where exactly one resource of the message has the identifier."""
    children = [one for one in resources if (kind := one["resourceType"]) in _PARENTS and _PARENTS[kind] in one]
    if not children:
        return
    by_number: dict[tuple[str, str, str], list[Resource]] = {}
    for resource in resources:
        if resource["resourceType"] in _PARENTS:
            for identifier in resource.get("identifier", ()):
                by_number.setdefault(_number(resource["resourceType"], identifier), []).append(resource)
    for resource in children:
        for link in resource[_PARENTS[resource["resourceType"]]]:
            found = by_number.get(_number(resource["resourceType"], link["identifier"]), [])
            if len(found) == 1 and found[0] is not resource:
                link.update(reference(found[0]))


def _number(kind: str, identifier: Resource) -> tuple[str, str, str]:
    issuer = identifier.get("system") or identifier.get("assigner", {}).get("display", "")
    types = identifier.get("type", {}).get("coding", [{}])
    return kind, f"{types[0].get('code', '')} of {issuer}", identifier["value"]


def link_members(found: list[MappedObservation]) -> None:
    """Make an observation with sub-id 1.1 a member of the one with sub-id 1, where exactly one has it."""
    by_sub_id: dict[str, list[Resource]] = {}
    numbered = [(sub_id, observation) for obx, observation in found if (sub_id := obx.text(4))]
    for sub_id, observation in numbered:
        by_sub_id.setdefault(sub_id, []).append(observation)
    for sub_id, observation in numbered:
        parent, dot, _ = sub_id.rpartition(".")
        candidates = by_sub_id.get(parent, []) if dot else []
        if len(candidates) == 1:
            append(candidates[0], "hasMember", reference(observation))


def link_parents(reports: list[MappedReport]) -> None:
    """Make the results of a child report (OBR-26, say a susceptibility) members of the result that they refine."""
    if not any(report.obr.raw(26) for report in reports):
        return
    by_code: dict[tuple[str, str], list[tuple[MappedReport, Resource]]] = {}
    for report in reports:
        for obx, observation in report.observations:
            by_code.setdefault((obx.text(3), obx.text(4)), []).append((report, observation))
    for child in reports:
        parent = child.obr.first(26)
        if parent is None or not (code := parent.subcomponent(1, 1)):
            continue
        found = by_code.get((code, parent.component(2)), [])[:3]
        candidates = [observation for report, observation in found if report is not child]
        if len(candidates) == 1 == len(found):
            for _, observation in child.observations:
                append(candidates[0], "hasMember", reference(observation))
