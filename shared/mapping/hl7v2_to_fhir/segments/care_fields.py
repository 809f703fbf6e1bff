"""What PRB, GOL and PTH say alike: which instance it is, its number, its state."""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key, identifier_from_ei
from shared.terminology.care_maps import DELETED
from shared.terminology.concept_maps import ConceptMap

ENTERED_IN_ERROR = "entered-in-error"


def care_resource(
    context: Context, kind: str, segment: Segment, subject: Resource, *, number: int, code: int
) -> tuple[Resource, bool]:
    """
    Return the resource of a problem, goal or pathway, and whether it is new: the same segment again is the same one.

    Its business key is the instance number in field `number`; without one, the patient and the code.
    """
    whom = str(subject.get("reference") or context.message.control_id)
    memory = (kind, whom, *segment.fields)
    if memory in context.known:
        known: Resource = context.known[memory]
        return known, False
    if key := entity_key(context, segment.first(number)):
        resource = context.add(kind, "instance", *key)
    else:
        words = segment.text(code) or segment.text(code, 2)
        resource = context.add(kind, "care", context.scope, whom, words, segment.text(code, 3))
    context.known[memory] = resource
    if sent := segment.first(number):
        identifier = identifier_from_ei(context, sent)
        append(resource, "identifier", identifier)
        if identifier is None:
            append(resource, "extension", original_value(sent.text()))
    return resource, True


def status_of(context: Context, segment: Segment, number: int, codes: ConceptMap, default: str) -> str:
    """Return the state in a field in FHIR's words; `default` where it is silent, or unknown, which is reported."""
    if segment.text(1) == DELETED:
        return ENTERED_IN_ERROR
    sent = segment.text(number) or segment.text(number, 2)
    code = codes.get(sent.upper().replace(" ", "-").replace("_", "-"))
    if sent and code is None:
        place = segment.location(number)
        context.report("warning", "code-invalid", "unmapped-code", place, "No translation of this state.")
    return code or default
