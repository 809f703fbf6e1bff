"""
Concept maps of master files (staff, charges, locations, tests), from HL7 v2 tables to FHIR codes, each with a version.

All of this is policy: the guide has no map for master files.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

# Table 0180: what happens to a record; with these two it is no longer in use.
RECORD_EVENTS = frozenset({"MAD", "MUP", "MDL", "MDC", "MAC"})
WITHDRAWN = frozenset({"MDL", "MDC"})
# Table 0183; senders write FHIR's words and Y, N too.
ACTIVE = ConceptMap(
    "active-flag",
    "1.0.0",
    "HL70183",
    {**dict.fromkeys(("A", "Y", "ACTIVE"), "true"), **dict.fromkeys(("I", "N", "INACTIVE"), "false")},
)
# Table 0125, the data types of a result, as far as an observation's definition has a type for them.
PERMITTED_TYPE = ConceptMap(
    "permitted-data-type",
    "1.0.0",
    "HL70125",
    {
        **dict.fromkeys(("NM", "SN", "CQ"), "Quantity"),
        **dict.fromkeys(("CE", "CWE", "CNE", "CF", "IS", "ID"), "CodeableConcept"),
        **dict.fromkeys(("ST", "TX", "FT"), "string"),
        **dict.fromkeys(("DT", "TS", "DTM"), "dateTime"),
        "NR": "Range",
        "TM": "time",
        "DR": "Period",
    },
)
# Table 0920: whether a specimen is the preferred one.
SPECIMEN_PREFERENCE = ConceptMap("specimen-preference", "1.0.0", "HL70920", {"P": "preferred", "A": "alternate"})
# Table 0136.
YES_NO = ConceptMap("yes-no", "1.0.0", "HL70136", {"Y": "true", "N": "false"})


def all_maps() -> tuple[ConceptMap, ...]:
    """Return every concept map of this module."""
    return tuple(value for value in globals().values() if isinstance(value, ConceptMap))
