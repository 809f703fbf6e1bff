"""
Concept maps of medications and immunizations, from HL7 v2 tables to FHIR codes, each with a version.

They follow the HL7 v2-to-FHIR guide; what the guide leaves open is our policy and marked so.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

COMPLETION_STATUS = ConceptMap(
    "immunization-status",
    "1.0.0",
    "HL70322",
    {"CP": "completed", "PA": "completed", "RE": "not-done", "NA": "not-done"},
)
# Policy: an administration that began and was not finished.
ADMINISTRATION_STATUS = ConceptMap(
    "medication-administration-status",
    "1.0.0",
    "HL70322",
    {"CP": "completed", "PA": "stopped", "RE": "not-done", "NA": "not-done"},
)
ROUTE = ConceptMap(
    "route-of-administration",
    "1.0.0",
    "HL70162",
    {"ID": "IDINJ", "IM": "IM", "IV": "IVINJ", "PO": "PO", "SC": "SQ", "TD": "TRNSDERM"},
)
# Policy: the guide has no map from table 0119 or 0038 to a medication request.
MEDICATION_REQUEST_CONTROL = ConceptMap(
    "medication-request-status-by-control",
    "1.1.0",
    "HL70119",
    {
        **dict.fromkeys(("NW", "OK", "XO", "XX", "XR", "RO", "RF", "AF", "RL", "OE", "OR"), "active"),
        **dict.fromkeys(("PA", "CH"), "active"),
        **dict.fromkeys(("CA", "OC", "CR"), "cancelled"),
        # RP names what is replaced, RO what replaces it.
        **dict.fromkeys(("DC", "OD", "DR", "RP", "RU"), "stopped"),
        **dict.fromkeys(("HD", "OH", "HR"), "on-hold"),
    },
)
MEDICATION_REQUEST_STATUS = ConceptMap(
    "medication-request-status",
    "1.1.0",
    "HL70038",
    {
        **dict.fromkeys(("A", "IP", "SC"), "active"),
        "ER": "entered-in-error",
        "CM": "completed",
        "CA": "cancelled",
        "DC": "stopped",
        "HD": "on-hold",
        "RP": "stopped",
    },
)
# Policy: where the order is to be carried out.
MEDICATION_REQUEST_CATEGORY = ConceptMap(
    "medication-request-category", "1.0.0", "HL70482", {"I": "inpatient", "O": "outpatient"}
)
# Policy: RXA-9, table NIP001 of the immunization guides: 00 is newly administered, all others are reported by someone.
NEW_RECORD = "00"
# On the way to HL7 v2 alone; what was sent in NIP001 goes as it is.
REPORT_ORIGIN = ConceptMap(
    "immunization-origin",
    "1.0.0",
    "NIP001",
    {"02": "provider", "03": "record", "04": "recall", "05": "jurisdiction", "07": "school"},
)
NOTHING_ADMINISTERED = "998"
# The immunization guides: the filler's number (ORC-3) of whatever was refused or not given (RXA-20, table 0322).
NO_NUMBER = "9999"
NOT_GIVEN = ("RE", "NA")
UNKNOWN_AMOUNT = "999"
