"""
US Core 6.1 profiles that a resource claims in `meta.profile`: only where what the profile asks for is there.

    Patient              identifier with system and value, name, gender; telecom with system and value
    Encounter            type, subject; identifiers with system and value
    Condition            category encounter-diagnosis or problem-list-item, code
    AllergyIntolerance   code
    Immunization         what R4 itself asks for
    Procedure            code; performed, where it is completed or in progress
    ServiceRequest       code
    Specimen             type
    Location             name
    Practitioner         identifier with system and value, family name
    Coverage             relationship; subscriber or member id

Specification: the elements that the profiles require (cardinality, invariants) beyond R4. Policy: a claim is made
here, at build time, and nowhere else; a National Provider Identifier, whose check digits the profile judges, makes
none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Resource = dict[str, Any]

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_VERSION = "6.1.0"
_NPI = "http://hl7.org/fhir/sid/us-npi"
_MEMBER = "MB"
_CONDITION_PROFILES = {
    "encounter-diagnosis": "condition-encounter-diagnosis",
    "problem-list-item": "condition-problems-health-concerns",
}


def claim_profile(resource: Resource) -> None:
    """Add to `meta.profile` the profile that the resource meets, if there is one."""
    check = _PROFILES.get(resource["resourceType"])
    if check is not None and (profile := check(resource)):
        meta = resource.setdefault("meta", {})
        meta.setdefault("profile", []).append(f"{_US_CORE}{profile}|{_VERSION}")


def _patient(resource: Resource) -> str:
    names = resource.get("name", ())
    named = names and all("family" in name or "given" in name for name in names)
    complete = _each_has(resource, "identifier", "system", "value") and _each_has(
        resource, "telecom", "system", "value"
    )
    return "patient" if named and complete and "identifier" in resource and "gender" in resource else ""


def _encounter(resource: Resource) -> str:
    complete = "type" in resource and "subject" in resource
    return "encounter" if complete and _each_has(resource, "identifier", "system", "value") else ""


def _condition(resource: Resource) -> str:
    if "code" not in resource:
        return ""
    codes = [coding.get("code") for kind in resource.get("category", ()) for coding in kind.get("coding", ())]
    return next((profile for code, profile in _CONDITION_PROFILES.items() if code in codes), "")


def _procedure(resource: Resource) -> str:
    performed = "performedDateTime" in resource or "performedPeriod" in resource
    if "code" not in resource or (resource.get("status") in ("completed", "in-progress") and not performed):
        return ""
    return "procedure"


def _practitioner(resource: Resource) -> str:
    names, identifiers = resource.get("name", ()), resource.get("identifier", ())
    if not names or not identifiers or any(one.get("system") == _NPI for one in identifiers):
        return ""
    complete = _each_has(resource, "identifier", "system", "value") and _each_has(resource, "name", "family")
    return "practitioner" if complete else ""


def _coverage(resource: Resource) -> str:
    member = any(
        coding.get("code") == _MEMBER
        for identifier in resource.get("identifier", ())
        for coding in identifier.get("type", {}).get("coding", ())
    )
    return "coverage" if "relationship" in resource and ("subscriberId" in resource or member) else ""


def _each_has(resource: Resource, element: str, *parts: str) -> bool:
    return all(part in value for value in resource.get(element, ()) for part in parts)


def _with(element: str, profile: str) -> Callable[[Resource], str]:
    return lambda resource: profile if element in resource else ""


_PROFILES: dict[str, Callable[[Resource], str]] = {
    "Patient": _patient,
    "Encounter": _encounter,
    "Condition": _condition,
    "AllergyIntolerance": _with("code", "allergyintolerance"),
    "Immunization": _with("vaccineCode", "immunization"),
    "Procedure": _procedure,
    "ServiceRequest": _with("code", "servicerequest"),
    "Specimen": _with("type", "specimen"),
    "Location": _with("name", "location"),
    "Practitioner": _practitioner,
    "Coverage": _coverage,
}
