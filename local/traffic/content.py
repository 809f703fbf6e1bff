"""What a laboratory says, before it is written as HL7 v2: reports, results, and which of them are critical."""

from __future__ import annotations

from dataclasses import dataclass

from local.traffic.er7 import Components, Value


@dataclass(frozen=True, slots=True)
class Result:
    """
    One OBX.

    `critical` states, independently of any rule of ours, that a person must be told. `status` stands only where
    it differs from the report's. `DTM` and `CWE` are written as `TS` and `CE` in versions that lack them.
    """

    kind: str
    code: Components
    value: Value
    units: Value = ""
    normal: str = ""
    flag: str = ""
    sub_id: str = ""
    critical: bool = False
    status: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One OBR with its results; `specimen` is (code, words) of table 0487."""

    service: Components
    section: str
    results: tuple[Result, ...]
    specimen: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    parent: bool = False
    status: str = ""


def loinc(code: str, text: str) -> Components:
    """Return a LOINC code as CE or CWE."""
    return (code, text, "LN")


def snomed(code: str, text: str) -> Components:
    """Return a SNOMED CT code as CE or CWE."""
    return (code, text, "SCT")


def ucum(unit: str) -> Components:
    """Return a unit of UCUM."""
    return (unit, unit, "UCUM")
