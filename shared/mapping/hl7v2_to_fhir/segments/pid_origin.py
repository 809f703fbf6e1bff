"""
PID -> where a patient comes from and belongs to: extensions of Patient (HL7 v2-to-FHIR guide, map PID[Patient]).

    us-core-race                PID-10   CDC's categories; any other code: our own extension `race`
    us-core-ethnicity           PID-22   CDC's categories, H and N of table 0189; any other code: `ethnicity`
    patient-religion            PID-17   v3-ReligiousAffiliation first where the guide has it
    patient-citizenship         PID-26   one for each
    patient-nationality         PID-28
    us-core-tribal-affiliation  PID-39   one for each; the guide has patient-citizenship, US Core 6.1 this one
    patient-animal              PID-35 species, PID-36 breed; a breed without a species stays as sent
    veteran-military-status     PID-27   our own

Policy: H and N of table 0189 mean what CDC's two categories of ethnicity mean; U says nothing.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concept_of, concepts, translated
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.terminology.person_maps import ETHNICITY, RELIGION
from shared.terminology.systems import TERMINOLOGY

_STANDARD = "http://hl7.org/fhir/StructureDefinition/patient-"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_CDC = "urn:oid:2.16.840.1.113883.6.238"
_CDC_NAMES = frozenset({"", "HL70005", "HL70189", "CDCREC"})
_RACES = frozenset({"1002-5", "2028-9", "2054-5", "2076-8", "2106-3"})
_ETHNICITIES = frozenset({"2135-2", "2186-5"})
_BELONGING = (
    (26, "HL70171", f"{_STANDARD}citizenship", "code"),
    (28, "HL70212", f"{_STANDARD}nationality", "code"),
    (39, "HL70171", f"{_US_CORE}tribal-affiliation", "tribalAffiliation"),
)
_RELIGIONS = TERMINOLOGY + "v3-ReligiousAffiliation"


def add_origin(context: Context, patient: Resource, pid: Segment) -> None:
    """Add what PID says of race, ethnicity, religion, citizenship, tribe and species to the patient."""
    if religion := translated(context, pid, 17, RELIGION, _RELIGIONS):
        append(patient, "extension", {"url": f"{_STANDARD}religion", "valueCodeableConcept": religion})
    _set_categories(context, patient, pid, 10, "race", _RACES)
    _set_categories(context, patient, pid, 22, "ethnicity", _ETHNICITIES)
    if not any(pid.fields[26:29]) and not any(pid.fields[35:]):
        return
    for number, table, url, part in _BELONGING:
        for value in concepts(context, pid, number, table):
            append(patient, "extension", {"url": url, "extension": [{"url": part, "valueCodeableConcept": value}]})
    if veteran := concept(context, pid, 27, "HL70172"):
        append(patient, "extension", {"url": f"{EXTENSIONS}veteran-military-status", "valueCodeableConcept": veteran})
    _set_animal(context, patient, pid)


def _set_animal(context: Context, patient: Resource, pid: Segment) -> None:
    species, breed = concept(context, pid, 35, "HL70446"), concept(context, pid, 36, "HL70447")
    if species is None:
        carry_field(patient, pid, 36)
        return
    parts: list[Resource] = [{"url": "species", "valueCodeableConcept": species}]
    if breed:
        parts.append({"url": "breed", "valueCodeableConcept": breed})
    append(patient, "extension", {"url": f"{_STANDARD}animal", "extension": parts})


def _set_categories(
    context: Context, patient: Resource, pid: Segment, number: int, kind: str, categories: frozenset[str]
) -> None:
    """Set race or ethnicity: US Core's extension for CDC's codes, ours for any other."""
    parts: list[Resource] = []
    words: list[str] = []
    for repetition in pid.repetitions(number):
        sent, display, system = repetition.components(3)
        code = (ETHNICITY.get(sent) or sent) if number == 22 and system in _CDC_NAMES else sent
        if sent not in categories or len(repetition.parts) > 3 or system not in _CDC_NAMES:
            value = concept_of(context, repetition, f"PID-{number}", f"HL7{'0005' if number == 10 else '0189'}")
            own = {"url": f"{EXTENSIONS}{kind}", "valueCodeableConcept": value} if value else None
            append(patient, "extension", own)
        if code in categories:
            words.append(display or sent)
            parts.append({"url": "ombCategory", "valueCoding": _category(code, display)})
    if parts:
        text: Resource = {"url": "text", "valueString": ", ".join(words)}
        # An ethnicity is one category at most; further ones stay in our own extension.
        most = 5 if kind == "race" else 1
        append(patient, "extension", {"url": f"{_US_CORE}{kind}", "extension": [*parts[:most], text]})


def _category(code: str, display: str) -> Resource:
    coding: Resource = {"system": _CDC, "code": code}
    if display:
        coding["display"] = display
    return coding
