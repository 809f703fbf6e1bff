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
    Observation          of a laboratory: category laboratory; a time to the day; a unit of UCUM, if any
    DiagnosticReport     of a laboratory: category LAB alone; time and issue, once there are results

Specification: the elements that the profiles require (cardinality, invariants) beyond R4, and what they ask of the
resources referred to: a claim stands only where those of the bundle meet theirs. Policy: a claim is made here, at
build time, and nowhere else; a National Provider Identifier, whose check digits the profile judges, makes none; and
no Organization or RelatedPerson makes one, for HL7 v2 does not tell that they are active.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from shared.terminology.systems import TERMINOLOGY, UCUM

Resource = dict[str, Any]
# The element, the part of it that is the reference ("" where it is one itself), and the types it may lead to.
Referred = tuple[tuple[str, str, frozenset[str]], ...]

_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_VERSION = "6.1.0"
_DAY = 10
_NPI = "http://hl7.org/fhir/sid/us-npi"
_MEMBER = "MB"
_CONDITION_PROFILES = {
    "encounter-diagnosis": "condition-encounter-diagnosis",
    "problem-list-item": "condition-problems-health-concerns",
}
_LABORATORY = (TERMINOLOGY + "observation-category", "laboratory")
_LAB = (TERMINOLOGY + "v2-0074", "LAB")
_ISSUED = frozenset({"partial", "preliminary", "final", "amended", "corrected", "appended"})
# Which elements want a resource of which types to meet its own profile.
_PATIENT = frozenset({"Patient"})
_ACTORS = frozenset({"Organization", "Practitioner", "Patient", "RelatedPerson"})
_REFERRED: dict[str, Referred] = {
    "Encounter": (
        ("subject", "", _PATIENT),
        ("participant", "individual", frozenset({"Practitioner", "PractitionerRole", "RelatedPerson"})),
        ("reasonReference", "", frozenset({"Condition", "Procedure"})),
        ("serviceProvider", "", frozenset({"Organization"})),
    ),
    "Condition": (("subject", "", _PATIENT), ("encounter", "", frozenset({"Encounter"}))),
    "AllergyIntolerance": (("patient", "", _PATIENT),),
    "Immunization": (("patient", "", _PATIENT),),
    "Procedure": (("subject", "", _PATIENT), ("basedOn", "", frozenset({"CarePlan", "ServiceRequest"}))),
    "ServiceRequest": (("subject", "", _PATIENT), ("requester", "", _ACTORS)),
    "Specimen": (("subject", "", _PATIENT),),
    "Location": (("managingOrganization", "", frozenset({"Organization"})),),
    "Coverage": (("beneficiary", "", _PATIENT), ("payor", "", _ACTORS)),
    "Observation": (("subject", "", _PATIENT), ("specimen", "", frozenset({"Specimen"}))),
    "DiagnosticReport": (
        ("subject", "", _PATIENT),
        ("performer", "", frozenset({"CareTeam", "Organization", "Practitioner", "PractitionerRole"})),
        ("result", "", frozenset({"Observation"})),
    ),
}


def claim_profiles(resources: list[Resource]) -> None:
    """Add to `meta.profile` of each resource the profile that it meets, if there is one, the resources being all."""
    met: dict[str, tuple[Resource, str]] = {}
    wanted: dict[str, set[str]] = {}
    for one in resources:
        kind = one["resourceType"]
        if (check := _PROFILES.get(kind)) is not None and (profile := check(one)):
            name = f"{kind}/{one['id']}"
            met[name] = one, profile
            if kind in _REFERRED and (others := _wanted(one, _REFERRED[kind])):
                wanted[name] = others
    absent = set().union(*wanted.values()) - met.keys()
    while absent:
        absent = {name for name, others in wanted.items() if not others.isdisjoint(absent)}
        for name in absent:
            del met[name], wanted[name]
    for resource, profile in met.values():
        claim = _claim(profile)
        if "meta" in resource:
            resource["meta"].setdefault("profile", []).append(claim)
        else:
            resource["meta"] = {"profile": [claim]}


@cache
def _claim(profile: str) -> str:
    """Return the profile of US Core as resources claim it: by its URL and version."""
    return f"{_US_CORE}{profile}|{_VERSION}"


def _wanted(resource: Resource, referred: Referred) -> set[str]:
    """Return the references to what has to meet a profile of its own."""
    wanted = set()
    for first, second, types in referred:
        if (found := resource.get(first)) is None:
            continue
        for one in found if found.__class__ is list else (found,):
            value = one.get(second) if second else one
            if value is not None and (target := value.get("reference", "")).partition("/")[0] in types:
                wanted.add(target)
    return wanted


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
    if "name" not in resource or "identifier" not in resource:
        return ""
    for identifier in resource["identifier"]:
        if "value" not in identifier or identifier.get("system", _NPI) == _NPI:
            return ""
    return "practitioner" if _each_has(resource, "name", "family") else ""


def _coverage(resource: Resource) -> str:
    member = any(
        coding.get("code") == _MEMBER
        for identifier in resource.get("identifier", ())
        for coding in identifier.get("type", {}).get("coding", ())
    )
    return "coverage" if "relationship" in resource and ("subscriberId" in resource or member) else ""


def _observation(resource: Resource) -> str:
    unit = resource.get("valueQuantity", {}).get("system", UCUM)
    dated = len(resource.get("effectiveDateTime", "0000-00-00")) >= _DAY
    return "observation-lab" if dated and unit == UCUM and _LABORATORY in _categories(resource) else ""


def _report(resource: Resource) -> str:
    dated = "effectiveDateTime" in resource or "effectivePeriod" in resource
    issued = dated and "issued" in resource
    complete = issued or resource["status"] not in _ISSUED
    return "diagnosticreport-lab" if complete and _categories(resource).count(_LAB) == 1 else ""


def _categories(resource: Resource) -> list[tuple[str, str]]:
    codings = [coding for kind in resource.get("category", ()) for coding in kind.get("coding", ())]
    return [(coding.get("system", ""), coding.get("code", "")) for coding in codings]


def _each_has(resource: Resource, element: str, *parts: str) -> bool:
    for value in resource.get(element, ()):
        for part in parts:
            if part not in value:
                return False
    return True


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
    "Observation": _observation,
    "DiagnosticReport": _report,
}
