"""
LAN -> Practitioner.communication (policy: the guide has no map for master files).

    [dropped]                             = LAN-1    numbers the segment
    Practitioner.communication            = LAN-2    CWE   table 0296
    Practitioner.communication.extension  = LAN-3..4*  AS-SENT  tables 0403, 0404
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_lan(context: Context, person: Resource, lan: Segment) -> None:
    """Add a language with how, and how well, the person knows it."""
    language = dict(concept(context, lan, 2, "HL70296") or {})
    carry_into(context, language, lan, TABLE)
    append(person, "communication", language)
