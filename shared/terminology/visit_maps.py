"""
Concept maps of the registration, visit and finance messages (ADT, BAR, DFT), each with a version.

They follow the HL7 v2-to-FHIR guide; what the guide leaves open is our policy and marked so.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

RELATIONSHIP = ConceptMap(
    "relationship-role",
    "1.0.0",
    "HL70063",
    {
        "SEL": "ONESELF",
        "SPO": "SPS",
        "DOM": "SIGOTHR",
        "CHD": "CHILD",
        "GCH": "GRNDCHILD",
        "NCH": "NCHILD",
        "SCH": "STPCHLD",
        "FCH": "CHLDFOST",
        "PAR": "PRN",
        "MTH": "MTH",
        "FTH": "FTH",
        "GRP": "GRPRN",
        "EXF": "EXT",
        "SIB": "SIB",
        "BRO": "BRO",
        "SIS": "SIS",
        "FND": "FRND",
        # Policy: the guide leaves this one in the v2 table; RoleCode has the same meaning.
        "GRD": "GUARD",
    },
)
SUBSCRIBER_RELATIONSHIP = ConceptMap(
    "subscriber-relationship",
    "1.0.0",
    "HL70063",
    # Policy: the guide maps to RoleCode, Coverage.relationship wants this code system (extensible).
    {
        "SEL": "self",
        "SPO": "spouse",
        "DOM": "common",
        **dict.fromkeys(("CHD", "NCH", "SCH", "FCH", "GCH"), "child"),
        **dict.fromkeys(("PAR", "MTH", "FTH"), "parent"),
        "OTH": "other",
    },
)
# Policy, on the way to HL7 v2 alone: the guide has no map, and what was sent in table 0112 goes as it is.
DISCHARGE_DISPOSITION = ConceptMap(
    "discharge-disposition",
    "1.0.0",
    "HL70112",
    {"01": "home", "03": "snf", "05": "other-hcf", "07": "aadvice", "20": "exp"},
)
# Policy, as above: the guide has no map of table 0023 to FHIR's own codes.
ADMIT_SOURCE = ConceptMap(
    "admit-source",
    "1.0.0",
    "HL70023",
    {"1": "mp", "2": "outp", "4": "hosp-trans", "5": "nursing", "6": "rehab", "7": "emd", "9": "other"},
)
CONTACT_ROLE = ConceptMap("contact-role", "1.0.0", "HL70131", {code: code for code in "ECFINSOU"})
ALLERGY_CATEGORY = ConceptMap(
    "allergy-category",
    "1.0.0",
    "HL70127",
    {
        "DA": "medication",
        "FA": "food",
        "AA": "biologic",
        **dict.fromkeys(("EA", "PA", "LA"), "environment"),
    },
)
ALLERGY_TYPE = ConceptMap(
    "allergy-type",
    "1.0.0",
    "HL70127",
    {
        **dict.fromkeys(("DA", "FA", "MA", "EA", "AA", "PA", "LA"), "allergy"),
        # Policy: IAM-9 names the sensitivity (table 0436) where the sender tells it.
        "AL": "allergy",
        "IN": "intolerance",
    },
)
ALLERGY_CRITICALITY = ConceptMap("allergy-criticality", "1.0.0", "HL70128", {"SV": "high", "MI": "low"})
REACTION_SEVERITY = ConceptMap(
    "reaction-severity", "1.0.0", "HL70128", {"SV": "severe", "MO": "moderate", "MI": "mild"}
)
# Policy: the guide names the field and no map.
ALLERGY_VERIFICATION = ConceptMap(
    "allergy-verification",
    "1.0.0",
    "HL70438",
    {
        **dict.fromkeys("UPSD", "unconfirmed"),
        **dict.fromkeys("CI", "confirmed"),
        "E": "entered-in-error",
    },
)
DIAGNOSIS_ROLE = ConceptMap("diagnosis-role", "1.0.0", "HL70052", {"A": "AD"})
# Policy: the guide has no map of DG1-6 to the certainty of the diagnosis.
DIAGNOSIS_VERIFICATION = ConceptMap(
    "diagnosis-verification", "1.0.0", "HL70052", {"A": "provisional", "W": "provisional", "F": "confirmed"}
)
VISIT_PRIORITY = ConceptMap("visit-priority", "1.0.0", "HL70217", {"1": "EM", "2": "UR", "3": "EL"})
PROVIDER_ROLE = ConceptMap(
    "provider-role",
    "1.0.0",
    "HL70443",
    {"AD": "ADM", "AT": "ATND", "CP": "CON", "RP": "REF"},
)
PARTICIPATION = ConceptMap(
    "participation",
    "1.0.0",
    "HL70912",
    # Policy: the guide leaves these open; they mean what the same codes of table 0443 mean.
    {"AD": "ADM", "AT": "ATND", "CP": "CON", "RP": "REF"},
)
EVENT_REASON = ConceptMap("event-reason", "1.0.0", "HL70062", {"01": "PATRQT", "02": "TREAT", "03": "HOPERAT"})
# The class alone (the guide's second map of PV1-2), for registration messages without an event that says more.
CLASS_STATUS = ConceptMap(
    "encounter-status-by-class",
    "1.0.0",
    "HL70004",
    {**dict.fromkeys("EIORBCN", "in-progress"), "P": "planned", "U": "unknown"},
)
# Policy: only a charge can be billed; payments and adjustments are kept as what they are, status unknown.
CHARGE_STATUS = ConceptMap("charge-status", "1.0.0", "HL70017", {"CG": "billable"})


def all_maps() -> tuple[ConceptMap, ...]:
    """Return every concept map of this module."""
    return tuple(value for value in globals().values() if isinstance(value, ConceptMap))
