"""
Concept maps from HL7 v2 tables to FHIR codes, each with a version: part of what a mapping version means.

They follow the HL7 v2-to-FHIR guide; what the guide leaves open is our policy and marked so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConceptMap:
    """One table's codes and what they are in FHIR. A code that is absent has no translation."""

    name: str
    version: str
    table: str
    codes: Mapping[str, str]
    # Returns the FHIR code, None when the map has none.
    get: Callable[[str], str | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "get", self.codes.get)


OBSERVATION_STATUS = ConceptMap(
    "observation-status",
    "1.0.0",
    "HL70085",
    {
        "F": "final",
        "P": "preliminary",
        "C": "corrected",
        "D": "entered-in-error",
        "W": "entered-in-error",
        "X": "cancelled",
        # Policy: the guide leaves these open.
        "A": "amended",
        "B": "amended",
        "I": "registered",
        "N": "final",
        "O": "registered",
        "R": "preliminary",
        "S": "preliminary",
        "U": "final",
        "V": "final",
    },
)
REPORT_STATUS = ConceptMap(
    "diagnostic-report-status",
    "1.0.0",
    "HL70123",
    {
        "O": "registered",
        "I": "registered",
        "S": "registered",
        "P": "preliminary",
        "R": "partial",
        "F": "final",
        "C": "corrected",
        "X": "cancelled",
        # Policy: the guide leaves these open.
        "A": "partial",
        "M": "corrected",
        "N": "registered",
        "Y": "unknown",
        "Z": "unknown",
    },
)
REQUEST_STATUS_OF_REPORT = ConceptMap(
    "service-request-status-by-report",
    "1.0.0",
    "HL70123",
    {"F": "completed", "C": "completed", "X": "revoked", **dict.fromkeys("OISPRAMN", "active")},
)
REQUEST_STATUS = ConceptMap(
    "service-request-status",
    "1.0.0",
    "HL70038",
    {
        "CA": "revoked",
        "CM": "completed",
        "DC": "revoked",
        "ER": "entered-in-error",
        "HD": "on-hold",
        "IP": "active",
        "RP": "revoked",
        "SC": "active",
        "A": "active",
    },
)
ORDER_CONTROL_STATUS = ConceptMap(
    "service-request-status-by-control",
    "1.0.0",
    "HL70119",
    {
        **dict.fromkeys(("NW", "AF", "CA", "HD", "OK", "PR", "PY", "RL", "RO", "RQ"), "active"),
        **dict.fromkeys(("CR", "DC", "DF", "DR", "OC", "OD"), "revoked"),
        **dict.fromkeys(("HR", "OH"), "on-hold"),
        "FU": "completed",
    },
)
REQUEST_PRIORITY = ConceptMap(
    "request-priority",
    "1.0.0",
    "HL70027",
    {"S": "stat", "A": "asap", "R": "routine", "P": "urgent", "T": "urgent", "C": "routine"},
)
GENDER = ConceptMap(
    "administrative-gender",
    "1.0.0",
    "HL70001",
    {"F": "female", "M": "male", "O": "other", "U": "unknown", "A": "other", "N": "other", "X": "other"},
)
NAME_USE = ConceptMap(
    "name-use",
    "1.0.0",
    "HL70200",
    {
        "L": "official",
        "R": "official",
        "D": "usual",
        "M": "maiden",
        "N": "nickname",
        "MSK": "anonymous",
        "S": "anonymous",
        "TEMP": "temp",
        "NAV": "temp",
        "BAD": "old",
        "NOUSE": "old",
    },
)
ADDRESS_USE = ConceptMap(
    "address-use",
    "1.0.0",
    "HL70190",
    {"H": "home", "B": "work", "O": "work", "C": "temp", "BA": "old", "BI": "billing", "P": "home"},
)
ADDRESS_TYPE = ConceptMap("address-type", "1.0.0", "HL70190", {"M": "postal", "SH": "postal"})
TELECOM_USE = ConceptMap(
    "telecom-use",
    "1.0.0",
    "HL70201",
    {"PRN": "home", "WPN": "work", "PRS": "mobile", "ORN": "home", "VHN": "home"},
)
TELECOM_SYSTEM = ConceptMap(
    "telecom-system",
    "1.0.0",
    "HL70202",
    {
        "PH": "phone",
        "CP": "phone",
        "FX": "fax",
        "BP": "pager",
        "INTERNET": "email",
        "X.400": "email",
        "MD": "other",
        "SAT": "other",
        "TDD": "other",
        "TTY": "other",
    },
)
ENCOUNTER_CLASS = ConceptMap(
    "encounter-class", "1.0.0", "HL70004", {"E": "EMER", "I": "IMP", "O": "AMB", "P": "PRENC", "B": "IMP", "R": "AMB"}
)
MARITAL_STATUS = ConceptMap(
    "marital-status",
    "1.0.0",
    "HL70002",
    {"D": "D", "M": "M", "S": "S", "W": "W", "C": "C", "E": "L", "N": "A", "I": "I", "P": "T", "B": "U"},
)
# Table 0078 as far as v3-ObservationInterpretation has the same code for the same meaning.
INTERPRETATION = ConceptMap(
    "observation-interpretation",
    "1.0.0",
    "HL70078",
    {
        code: code
        for group in (
            ("<", ">", "A", "AA", "B", "CAR", "D", "DET", "E", "EX", "EXP", "H", "HH", "HM", "HU", "HX", "I", "IE"),
            ("IND", "L", "LL", "LU", "LX", "MS", "N", "NCL", "ND", "NEG", "NR", "NS", "POS", "QCF", "R", "RR", "S"),
            ("SDD", "SYN-R", "SYN-S", "TOX", "U", "UNE", "VS", "W", "WR"),
        )
        for code in group
    },
)


def all_maps() -> tuple[ConceptMap, ...]:
    """Return every concept map of this module."""
    return tuple(value for value in globals().values() if isinstance(value, ConceptMap))
