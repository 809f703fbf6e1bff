"""
The segments of a query and of its answer -> Parameters.parameter, one for each segment, one part for each repetition.

    parameter.name      the segment
    part.name           what HL7 calls the field, in lower case with hyphens; without a name of its own, `QPD-3`
    part.value[x]       of the field's data type; a string where the value does not fit it
    part.extension      the field as sent, beside what is neither a string nor a number
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.coverage import FieldTable
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, field_name
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept_of
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad, contact_from_xtn
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field

# The name of a field, and its data type.
Names = Mapping[int, tuple[str, str]]
_Reader = Callable[[Context, Repetition, str], Any]


def parameter_from(context: Context, segment: Segment, table: FieldTable, names: Names) -> Resource:
    """Return the parameter of a segment with a part for each repetition of its fields."""
    context.claim(segment, table)
    parts: list[Resource] = []
    for number in range(1, len(segment.fields)):
        if number not in table.rules:
            break
        name, datatype = names.get(number, (field_name(segment, number), "ST"))
        parts += _parts(context, segment, number, name, datatype)
    # inv-1: a parameter has a value or parts.
    return {"name": segment.name, "part": parts} if parts else {"name": segment.name, "valueBoolean": True}


def _parts(context: Context, segment: Segment, number: int, name: str, datatype: str) -> list[Resource]:
    parts: list[Resource] = []
    for repetition in segment.repetitions(number):
        part = _part(context, repetition, name, datatype, segment.location(number))
        if part is not None:
            parts.append(part)
    if any("valueString" not in part and "valueDecimal" not in part for part in parts):
        carry_field(parts[0], segment, number)
    return parts


def _part(context: Context, repetition: Repetition, name: str, datatype: str, location: str) -> Resource | None:
    if datatype == "QIP" and len(repetition.parts) > 1:
        said = "^".join(repetition.component(part) for part in range(2, len(repetition.parts) + 1))
        return {"name": repetition.component(1) or name, "valueString": said} if said.strip("^ ") else None
    if (read := _READERS.get(datatype)) is not None:
        element, reader = read
        if (value := reader(context, repetition, location)) is not None:
            return {"name": name, element: value}
    text = repetition.text().strip()
    return {"name": name, "valueString": text} if text else None


def _time(context: Context, repetition: Repetition, location: str) -> str | None:
    found: Resource = {}
    date_time(context, found, "value", repetition, location)
    value: str | None = found.get("value")
    return value if "_value" not in found else None


def _quantity(context: Context, repetition: Repetition, _location: str) -> Resource | None:
    found = quantity_from_cq(context, repetition)
    return found if found is not None and "value" in found else None


_READERS: dict[str, tuple[str, _Reader]] = {
    "CQ": ("valueQuantity", _quantity),
    "CWE": ("valueCodeableConcept", lambda context, one, location: concept_of(context, one, location)),
    "CX": ("valueIdentifier", identifier_from_cx),
    "DTM": ("valueDateTime", _time),
    "NM": ("valueDecimal", lambda _context, one, _location: decimal(one.text())),
    "XAD": ("valueAddress", address_from_xad),
    "XPN": ("valueHumanName", name_from_xpn),
    "XTN": ("valueContactPoint", contact_from_xtn),
}
