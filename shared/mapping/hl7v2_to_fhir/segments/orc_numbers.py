"""
The numbers of an order -> identifiers of its request and report (HL7 v2-to-FHIR guide, map ORC[ServiceRequest]).

    identifier    ORC-2, OBR-2 PLAC                                  ORC-3, OBR-3 FILL
                  ORC-33 PLAC, the alternate placer order numbers    ORC-38 FGN, the filler's number of the group
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_from_ei, identifier_type


def add_order_numbers(context: Context, resource: Resource, first: Segment | None, second: Segment | None) -> None:
    """Add the placer's and the filler's number of an order from its ORC and OBR, which mostly say the same."""
    if first is not None:
        _add_numbers(context, resource, first)
    if second is not None and (first is None or first.fields[2:4] != second.fields[2:4]):
        _add_numbers(context, resource, second)


def _add_numbers(context: Context, resource: Resource, segment: Segment) -> None:
    # Request and report have the same numbers.
    memory = ("numbers of an order", *segment.fields[2:4])
    if (numbers := context.known.get(memory)) is None:
        placer, filler = segment.first(2), segment.first(3)
        numbers = [identifier_from_ei(context, placer, "PLAC"), identifier_from_ei(context, filler, "FILL")]
        context.known[memory] = numbers
    for number in numbers:
        append(resource, "identifier", number)


def add_further_numbers(context: Context, request: Resource, orc: Segment) -> None:
    """Add the numbers after the first two; one that is no identifier is kept as sent."""
    for repetition in orc.repetitions(33):
        if identifier := identifier_from_cx(context, repetition, orc.location(33)):
            append(request, "identifier", {"type": identifier_type("PLAC"), **identifier})
        else:
            append(request, "extension", original_value(repetition.text()))
    append(request, "identifier", identifier_from_ei(context, orc.first(38), "FGN"))
