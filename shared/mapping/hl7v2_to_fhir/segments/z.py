"""
Z-segments -> extensions and elements, as far as the partner file maps their fields; the rest is reported as unknown.

The mapping is the partner's: `z-fields` names the field, the resource type, and the extension or the element. An
element that the message has filled already stays as it is; the field is then reported as unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.coverage import FieldTable, Rule
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, field_name, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon, practitioner_from_xcn
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept_of
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad, contact_from_xtn, contacts_from_xtn
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time
from shared.partners.profile import ElementMapping, ExtensionMapping


def map_z_segments(context: Context, segments: list[Segment]) -> None:
    """Put the mapped fields of the Z-segments among `segments` where the partner file says; once per segment."""
    fields = context.partner.z_fields
    for segment in segments if fields else ():
        if segment in context.claims:
            continue
        rules: dict[int, Rule] = {}
        for number in range(1, len(segment.fields)):
            mapping = fields.get(field_name(segment, number))
            if mapping is not None and (rule := _map_field(context, segment, number, mapping)):
                rules[number] = rule
        if rules:
            context.claim(segment, FieldTable(segment.name, rules))


def _map_field(
    context: Context, segment: Segment, number: int, mapping: ExtensionMapping | ElementMapping
) -> Rule | None:
    """Put one field into every resource that it is for; None where it says nothing or there is none."""
    targets = [one for one in context.resources if one["resourceType"] == mapping.resource]
    repetitions = segment.repetitions(number)
    if isinstance(mapping, ExtensionMapping):
        text = "~".join(one.text() for one in repetitions)
        if not text.strip() or not targets:
            return None
        for resource in targets:
            append(resource, "extension", {"url": mapping.url, "valueString": text})
        return Rule((f"{mapping.resource}.extension",), "", "AS-SENT", repeats=True)
    several = mapping.element.endswith("[]")
    if several and mapping.datatype == "XTN":
        values: list[Any] = contacts_from_xtn(context, segment, number)
    else:
        read, location = _READERS[mapping.datatype], segment.location(number)
        values = [value for one in repetitions if (value := read(context, one, location)) is not None]
    placed = [_place(resource, mapping.element, values) for resource in targets] if values else []
    if not any(placed):
        return None
    element = mapping.element.replace("[]", "")
    return Rule((f"{mapping.resource}.{element}",), "", mapping.datatype, repeats=several)


def _place(resource: Resource, path: str, values: list[Any]) -> bool:
    """
    Set the element at `path`; tell whether it took the value.

    What lies on the way is the resource's own from then on: others may hold the same address or telephone.
    """
    *parents, last = path.split(".")
    element: Resource = resource
    for name in parents:
        if name.endswith("[]"):
            first, *others = element.get(name[:-2]) or [{}]
            child = {**first}
            element[name[:-2]] = [child, *others]
        else:
            child = element[name] = {**element.get(name, {})}
        element = child
    if last.endswith("[]"):
        element[last[:-2]] = [*element.get(last[:-2], ())]
        for value in values:
            append(element, last[:-2], value)
        return True
    if last in element or f"_{last}" in element:
        return False
    element[last] = values[0]
    return True


def _text(_: Context, repetition: Repetition, __: str) -> str | None:
    return repetition.text().strip() or None


def _code(_: Context, repetition: Repetition, __: str) -> str | None:
    return repetition.component(1) or None


def _number(_: Context, repetition: Repetition, __: str) -> Any:
    return decimal(repetition.component(1))


def _date(context: Context, repetition: Repetition, location: str) -> str | None:
    value = _date_time(context, repetition, location)
    return value[:10] if value else None


def _date_time(context: Context, repetition: Repetition, location: str) -> str | None:
    holder: Resource = {}
    date_time(context, holder, "value", repetition, location)
    value: str | None = holder.get("value")
    return value


def _concept(context: Context, repetition: Repetition, location: str) -> Resource | None:
    return concept_of(context, repetition, location)


def _person(context: Context, repetition: Repetition, location: str) -> Resource | None:
    person = practitioner_from_xcn(context, repetition, location)
    return reference(person) if person is not None else None


def _organization(context: Context, repetition: Repetition, _: str) -> Resource | None:
    organization = organization_from_xon(context, repetition)
    return reference(organization) if organization is not None else None


_READERS: dict[str, Callable[[Context, Repetition, str], Any]] = {
    "ST": _text,
    "ID": _code,
    "NM": _number,
    "DT": _date,
    "DTM": _date_time,
    "CWE": _concept,
    "CX": identifier_from_cx,
    "XPN": name_from_xpn,
    "XAD": address_from_xad,
    "XTN": contact_from_xtn,
    "XCN": _person,
    "XON": _organization,
}
