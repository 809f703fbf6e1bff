"""
Concept maps of documents, from HL7 v2 tables to FHIR codes, each with a version.

The HL7 v2-to-FHIR guide gives no vocabulary for them but AV; all else is our policy.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

DOCUMENT_COMPLETION = ConceptMap(
    "document-completion",
    "1.0.0",
    "HL70271",
    {
        **dict.fromkeys(("AU", "LA"), "final"),
        **dict.fromkeys(("DI", "DO", "IN", "IP", "PA"), "preliminary"),
    },
)
DOCUMENT_AVAILABILITY = ConceptMap(
    "document-availability",
    "1.0.0",
    "HL70273",
    {"AV": "current", "OB": "superseded", "CA": "entered-in-error"},
)
DOCUMENT_PRESENTATION = ConceptMap(
    "document-presentation",
    "1.0.0",
    "HL70191",
    dict.fromkeys(("TX", "TEXT", "FT"), "text/plain"),
)
# What a document of this event is to its parent, TXA-13: an addendum, a replacement, an edited copy.
RELATION_OF_EVENT = {
    **dict.fromkeys(("T05", "T06"), "appends"),
    **dict.fromkeys(("T09", "T10"), "replaces"),
    **dict.fromkeys(("T07", "T08"), "transforms"),
}
CANCELLED_DOCUMENT = "T11"
