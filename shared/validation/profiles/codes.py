"""
Bindings of profiles, three-valued: in the value set, not in it, or not decidable here.

A value set is known by system: its codes, or None where the system's content is not known here or not free (LOINC,
SNOMED CT ...). A coding of a system that the value set does not name is not in it, whatever else is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.validation.profiles.definitions import PartlyKnown


def membership(value_set: PartlyKnown | None, value: object, kind: str = "") -> bool | None:
    """
    Return whether a value is in a value set; None when that cannot be decided here.

    A CodeableConcept is in it when one of its codings is. `kind` is the type of a choice, if it is one; a Quantity
    without a code has nothing to judge.
    """
    if value_set is None:
        return None
    if isinstance(value, str):
        return _any(_of_system(value_set, system, value) for system in value_set)
    if not isinstance(value, dict):
        return None
    if kind == "Quantity" and "code" not in value:
        return None
    codings = value.get("coding") if "coding" in value or "text" in value else [value]
    return _any(_coding(value_set, one) for one in (codings if isinstance(codings, list) else ()))


def _coding(value_set: PartlyKnown, coding: object) -> bool | None:
    system, code = (coding.get("system"), coding.get("code")) if isinstance(coding, dict) else (None, None)
    return _of_system(value_set, system, code) if isinstance(system, str) and isinstance(code, str) else False


def _of_system(value_set: PartlyKnown, system: str, code: str) -> bool | None:
    if system not in value_set:
        return False
    codes = value_set[system]
    return None if codes is None else code in codes


def _any(verdicts: Iterable[bool | None]) -> bool | None:
    """Return the best of them: yes before unknown before no."""
    found = set(verdicts)
    return True if True in found else None if None in found else False
