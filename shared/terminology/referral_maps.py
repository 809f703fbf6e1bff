"""Concept maps of referrals, from HL7 v2 tables to FHIR codes, each with a version: policy, the guide has none."""

from __future__ import annotations

from shared.terminology.concept_maps import ConceptMap

REFERRAL_STATUS = ConceptMap(
    "referral-status", "1.0.0", "HL70283", {"A": "active", "P": "active", "R": "revoked", "E": "revoked"}
)
REFERRAL_PRIORITY = ConceptMap(
    "referral-priority", "1.0.0", "HL70280", {"S": "stat", "A": "asap", "R": "routine", "U": "urgent"}
)
CANCELLED_REFERRAL = "I14"
REFERRING, REFERRED_TO = "RP", "RT"
