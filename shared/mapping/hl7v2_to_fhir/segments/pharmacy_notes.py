"""Instructions that pharmacy segments code (CWE) -> notes: FHIR has words for them, no codes."""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts


def add_notes_of_cwe(context: Context, resource: Resource, segment: Segment, number: int) -> None:
    """Add each repetition of a field as a note: its words, and its codes where it has no words."""
    for value in concepts(context, segment, number):
        codings = value.get("coding", [])
        words = [str(one.get("display") or one.get("code", "")) for one in codings]
        text = value.get("text") or ", ".join(words)
        code = str(codings[0].get("code", "")) if codings else ""
        append(resource, "note", {"text": f"{text} ({code})" if code and code not in text else text})
