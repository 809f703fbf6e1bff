"""
Concept maps of problems, goals, pathways and consents, from the words of HL7 v2 to FHIR codes, each with a version.

All of this is policy: the guide has no map for these segments, and HL7 suggests the words without a table of its own.
They are compared in capitals, with hyphens for blanks and underscores; FHIR's own codes are understood too.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

# Table 0287: the instance was never right.
DELETED = "DE"

# Table 0498 as Consent.status. B (bypassed) says that nobody was asked: FHIR has no such state.
CONSENT_STATUS = ConceptMap(
    "consent-status",
    "1.0.0",
    "HL70498",
    {**dict.fromkeys(("A", "L"), "active"), "P": "proposed", "R": "rejected", "X": "inactive"},
)
PROBLEM_CLINICAL_STATUS = ConceptMap(
    "problem-clinical-status",
    "1.0.0",
    "PRB-14",
    {
        **dict.fromkeys(("ACTIVE", "A", "ACTIVE-IMPROVING", "ACTIVE-STABLE", "ACTIVE-WORSENING"), "active"),
        **dict.fromkeys(("INACTIVE", "I"), "inactive"),
        **dict.fromkeys(("RESOLVED", "R", "CLOSED"), "resolved"),
        "RECURRENCE": "recurrence",
        "RELAPSE": "relapse",
        "REMISSION": "remission",
    },
)
PROBLEM_VERIFICATION = ConceptMap(
    "problem-verification-status",
    "1.0.0",
    "PRB-13",
    {
        **dict.fromkeys(("CONFIRMED", "C"), "confirmed"),
        **dict.fromkeys(("PROVISIONAL", "P"), "provisional"),
        # "Rule out" asks for it to be ruled out; it is not done yet.
        **dict.fromkeys(("DIFFERENTIAL", "D", "RULE-OUT"), "differential"),
        **dict.fromkeys(("RULED-OUT", "REFUTED"), "refuted"),
        **dict.fromkeys(("UNCONFIRMED", "SUSPECTED", "U"), "unconfirmed"),
        "ENTERED-IN-ERROR": "entered-in-error",
    },
)
GOAL_STATUS = ConceptMap(
    "goal-lifecycle-status",
    "1.0.0",
    "GOL-18",
    {
        **dict.fromkeys(("ACTIVE", "A", "IN-PROGRESS"), "active"),
        **dict.fromkeys(("ACHIEVED", "COMPLETED", "COMPLETE", "MET", "RESOLVED"), "completed"),
        **dict.fromkeys(("CANCELED", "CANCELLED", "DISCONTINUED", "INACTIVE"), "cancelled"),
        **dict.fromkeys(("SUSPENDED", "ON-HOLD", "HELD"), "on-hold"),
        "PROPOSED": "proposed",
        "PLANNED": "planned",
        "ACCEPTED": "accepted",
        "REJECTED": "rejected",
        "ENTERED-IN-ERROR": "entered-in-error",
    },
)
PATHWAY_STATUS = ConceptMap(
    "care-plan-status",
    "1.0.0",
    "PTH-5",
    {
        **dict.fromkeys(("ACTIVE", "A", "IN-PROGRESS"), "active"),
        **dict.fromkeys(("COMPLETED", "COMPLETE", "RESOLVED"), "completed"),
        **dict.fromkeys(("CANCELED", "CANCELLED", "DISCONTINUED", "INACTIVE", "REVOKED"), "revoked"),
        **dict.fromkeys(("SUSPENDED", "ON-HOLD", "HELD"), "on-hold"),
        **dict.fromkeys(("PLANNED", "PROPOSED", "DRAFT"), "draft"),
        "ENTERED-IN-ERROR": "entered-in-error",
    },
)


def all_maps() -> tuple[ConceptMap, ...]:
    """Return every concept map of this module."""
    return tuple(value for value in globals().values() if isinstance(value, ConceptMap))
