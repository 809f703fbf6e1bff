"""
CWE -> the language that somebody speaks, as FHIR wants it: BCP 47 first, the sender's own coding beside it.

Policy: a code of table 0296 or without a table is taken for one of ISO 639; what is none stays as it came.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.terminology.languages import BCP_47, LANGUAGE

_ISO = "ISO639"


def language(context: Context, segment: Segment, number: int) -> Resource | None:
    """Return the first repetition of a field as a language, None when it says nothing."""
    value = concept(context, segment, number, LANGUAGE.table)
    if value is None:
        return None
    system = segment.text(number, 3).upper()
    if system and system != LANGUAGE.table and not system.startswith(_ISO):
        return value
    code, found = LANGUAGE.get(segment.text(number).lower()), value.get("coding", [])
    if code is None or any(one.get("system") == BCP_47 and one.get("code") == code for one in found):
        return value
    value["coding"] = [{"system": BCP_47, "code": code}, *found]
    return value
