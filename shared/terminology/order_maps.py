"""
Concept maps of orders and results, from HL7 v2 tables to FHIR codes, each with a version.

They follow the HL7 v2-to-FHIR guide; what the guide leaves open is our policy and marked so.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

# Policy: the guide says nothing of these codes. An order that could not be changed stays as it was; one that was
# replaced is no longer wanted; UA and DE say only that the filler will not act, not what becomes of the request.
OPEN_ORDER_CONTROL_STATUS = ConceptMap(
    "service-request-status-by-control-policy",
    "1.0.0",
    "HL70119",
    {
        **dict.fromkeys(("CH", "PA", "CN", "SN", "NA", "RR", "XO", "XR", "XX", "OE", "OR", "RF", "OF"), "active"),
        **dict.fromkeys(("UC", "UD", "UF", "UH", "UM", "UX"), "active"),
        **dict.fromkeys(("RP", "RU"), "revoked"),
        "UR": "on-hold",
    },
)
# Policy: what a filler's answer makes of the task to carry out the order.
TASK_STATUS = ConceptMap(
    "task-status-by-control",
    "1.0.0",
    "HL70119",
    {
        **dict.fromkeys(("OK", "AF", "NA", "XR", "RQ"), "accepted"),
        **dict.fromkeys(("CR", "DR", "OC", "OD"), "cancelled"),
        **dict.fromkeys(("HR", "OH"), "on-hold"),
        **dict.fromkeys(("OE", "OR", "SC", "XX", "RU"), "in-progress"),
        **dict.fromkeys(("UA", "DF"), "rejected"),
        **dict.fromkeys(("UC", "UD", "UF", "UH", "UM", "UR", "UX", "DE"), "failed"),
        **dict.fromkeys(("RR", "SN"), "received"),
        "FU": "completed",
        "OF": "completed",
        "RE": "completed",
    },
)
# Policy: what an acknowledgment makes of the task to process the message (tables 0008 and 0155).
ACKNOWLEDGMENT_STATUS = ConceptMap(
    "task-status-by-acknowledgment",
    "1.0.0",
    "HL70008",
    {"AA": "completed", "AE": "failed", "AR": "rejected", "CA": "received", "CE": "failed", "CR": "rejected"},
)
ISSUE_SEVERITY = ConceptMap(
    "issue-severity",
    "1.0.0",
    "HL70516",
    {"F": "fatal", "E": "error", "W": "warning", "I": "information"},
)
# Policy: the nearest issue type to a message error (table 0357).
ISSUE_TYPE = ConceptMap(
    "issue-type",
    "1.0.0",
    "HL70357",
    {
        "0": "informational",
        "100": "structure",
        "101": "required",
        "102": "value",
        "103": "code-invalid",
        "104": "value",
        "198": "structure",
        "199": "structure",
        **dict.fromkeys(("200", "201", "202", "203"), "not-supported"),
        "204": "not-found",
        "205": "duplicate",
        "206": "lock-error",
        "207": "processing",
    },
)
# Policy: what the status of a request is for a request of supplies.
SUPPLY_STATUS = ConceptMap(
    "supply-request-status",
    "1.0.0",
    "request-status",
    {
        "active": "active",
        "on-hold": "suspended",
        "revoked": "cancelled",
        "completed": "completed",
        "entered-in-error": "entered-in-error",
    },
)
LOCATION_BY_ORDER_TYPE = ConceptMap("location-by-order-type", "1.0.0", "HL70482", {"I": "HOSP", "O": "OF"})
ORDER_INTENT = ConceptMap("request-intent", "1.0.0", "HL70065", {"G": "reflex-order"})
# Policy: a container on an instrument or put away holds a specimen that is there; an unknown one says nothing.
SPECIMEN_STATUS_BY_CONTAINER = ConceptMap(
    "specimen-status-by-container",
    "1.0.0",
    "HL70370",
    {**dict.fromkeys("MX", "unavailable"), **dict.fromkeys("ILPRO", "available")},
)
PERIOD_UNIT = ConceptMap(
    "timing-units",
    "1.0.0",
    "UCUM",
    {
        **dict.fromkeys(("s", "sec", "S"), "s"),
        **dict.fromkeys(("min", "M"), "min"),
        **dict.fromkeys(("h", "hr", "H"), "h"),
        **dict.fromkeys(("d", "day", "D"), "d"),
        **dict.fromkeys(("wk", "W"), "wk"),
        **dict.fromkeys(("mo", "L"), "mo"),
        **dict.fromkeys(("a", "yr"), "a"),
    },
)
# Table 0528, as far as v3-TimingEvent has the same code.
TIMING_EVENT = ConceptMap(
    "timing-event",
    "1.0.0",
    "HL70528",
    {code: code for code in ("AC", "ACD", "ACM", "ACV", "HS", "PC", "PCD", "PCM", "PCV")},
)
# Table 0335: patterns with a name of their own in v3-GTSAbbreviation.
REPEAT_PATTERN = ConceptMap(
    "repeat-pattern",
    "1.0.0",
    "HL70335",
    {code: code for code in ("BID", "TID", "QID", "QD", "QOD", "Q1H", "Q2H", "Q3H", "Q4H", "Q6H", "Q8H")},
)
# Table 0074: the sections that are a laboratory's.
LABORATORY_SECTIONS = frozenset(
    ("BG", "BLB", "CG", "CH", "CP", "GE", "HM", "IMM", "LAB", "MB", "MCB", "MYC", "OSL", "SP", "SR", "TX", "VR")
)
