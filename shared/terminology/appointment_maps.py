"""
Concept maps of appointments and documents, from HL7 v2 tables to FHIR codes, each with a version.

They follow the HL7 v2-to-FHIR guide; what the guide leaves open is our policy and marked so.
"""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

# The guide leaves Discontinued, Blocked and Overbook open: policy.
APPOINTMENT_STATUS = ConceptMap(
    "appointment-status",
    "1.0.0",
    "HL70278",
    {
        "PENDING": "pending",
        "WAITLIST": "waitlist",
        "BOOKED": "booked",
        "STARTED": "checked-in",
        "COMPLETE": "fulfilled",
        "CANCELLED": "cancelled",
        "DELETED": "entered-in-error",
        "NOSHOW": "noshow",
        "DISCONTINUED": "cancelled",
        "BLOCKED": "booked",
        "OVERBOOK": "booked",
        # FHIR's own words, which senders write too.
        "PROPOSED": "proposed",
        "ARRIVED": "arrived",
        "CHECKED-IN": "checked-in",
        "FULFILLED": "fulfilled",
    },
)
# Policy: what an event says whatever SCH-25 holds, and what it says where SCH-25 is silent.
DECIDED_BY_EVENT = {"S15": "cancelled", "S16": "cancelled", "S17": "entered-in-error", "S26": "noshow"}
REQUEST_EVENTS = frozenset(f"S{number:02d}" for number in range(1, 12))
CANCELLING_REQUESTS = frozenset({"S04", "S05", "S06"})
BLOCKED, OPENED = "S23", "S24"
# Policy: a participant's own status, from the filler status of the resource.
PARTICIPATION_STATUS = ConceptMap(
    "participation-status",
    "1.0.0",
    "HL70278",
    {
        **dict.fromkeys(("BOOKED", "STARTED", "COMPLETE", "BLOCKED", "OVERBOOK", "CONFIRMED"), "accepted"),
        **dict.fromkeys(("PENDING", "WAITLIST"), "tentative"),
        **dict.fromkeys(("CANCELLED", "DELETED", "DISCONTINUED", "NOSHOW"), "declined"),
    },
)
MINUTES = {"M": 1, "MIN": 1, "MINUTE": 1, "MINUTES": 1, "S": 1 / 60, "SEC": 1 / 60, "H": 60, "HR": 60, "D": 1440}
