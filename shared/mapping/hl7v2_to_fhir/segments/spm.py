"""
SPM -> Specimen (HL7 v2-to-FHIR guide, map SPM[Specimen]).

    [dropped]                             = SPM-1    numbers the segment
    Specimen.identifier                   = SPM-2    EIP   placer PLAC, filler FILL
    Specimen.parent                       = SPM-3*   EIP   logical references
    Specimen.type                         = SPM-4    CWE
    Specimen.extension[spm-5]             = SPM-5*   CWE   type modifier
    Specimen.container.additiveCodeableConcept = SPM-6*  CWE  the first; further ones in extensions
    Specimen.collection.method            = SPM-7    CWE
    Specimen.collection.bodySite          = SPM-8    CWE
    Specimen.collection.bodySite.extension = SPM-9*  CWE   site modifier; without a site: Specimen.extension
    Specimen.extension[spm-10]            = SPM-10*  CWE   collection site
    Specimen.extension[spm-11]            = SPM-11*  CWE   role
    Specimen.collection.quantity          = SPM-12   CQ
    Specimen.extension                    = SPM-13   AS-SENT
    Specimen.note                         = SPM-14*  ST
    Specimen.collection.extension[specialHandling] = SPM-15*  CWE
    Specimen.extension[spm-16]            = SPM-16*  CWE   risk
    Specimen.collection.collectedDateTime = SPM-17   DR    collectedPeriod with an end
    Specimen.receivedTime                 = SPM-18   DTM
    Specimen.extension                    = SPM-19   AS-SENT
    Specimen.status                       = SPM-20   ID    Y available, N unavailable
    Specimen.condition                    = SPM-21*  CWE   status unsatisfactory
    Specimen.extension                    = SPM-22..23*  AS-SENT
    Specimen.condition                    = SPM-24*  CWE
    Specimen.extension                    = SPM-25..26*  AS-SENT
    Specimen.container.type               = SPM-27   CWE
    Specimen.extension[spm-28]            = SPM-28*  CWE   container condition
    Specimen.extension[spm-29]            = SPM-29*  CWE   how it relates to its parent
    Specimen.accessionIdentifier          = SPM-30*  CX    the first; further ones are identifiers
    Specimen.identifier                   = SPM-31*  CX
    Specimen.identifier                   = SPM-32   EI    SHIP
    Specimen.extension                    = SPM-33..35*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.authority import authority
from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import (
    identifier_from_cx,
    identifier_from_ei,
    identifier_from_eip,
)
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of

TABLE = table_of(__doc__)

_SPECIAL_HANDLING = "http://hl7.org/fhir/StructureDefinition/specimen-specialHandling"
_SITE_MODIFIER = 9
_KEPT = {
    5: "HL70541",
    9: "HL70542",
    10: "HL70543",
    11: "HL70369",
    16: "HL70489",
    28: "HL70544",
    29: "HL70494",
}
_AVAILABILITY = {"Y": "available", "N": "unavailable"}


def specimen_from_spm(context: Context, spm: Segment, owner: str) -> Resource:
    """Return the Specimen; `owner` names its report, for a specimen that has no number of its own."""
    context.claim(spm, TABLE)
    specimen = context.add("Specimen", *_key(context, spm, owner))
    _set_identifiers(context, specimen, spm)
    if kind := concept(context, spm, 4, "HL70487"):
        specimen["type"] = kind
    if collection := _collection(context, spm):
        specimen["collection"] = collection
    put_date_time(context, specimen, "receivedTime", spm, 18)
    _set_state(context, specimen, spm)
    _set_container(context, specimen, spm)
    for repetition in spm.repetitions(14):
        append(specimen, "note", {"text": repetition.text()})
    _set_kept(context, specimen, spm)
    carry(context, specimen, spm, TABLE)
    return specimen


def _key(context: Context, spm: Segment, owner: str) -> tuple[str, ...]:
    if number := spm.first(2):
        for component in (2, 1):
            value, *issuer = number.subcomponents(component, 4)
            if value:
                return "number", context.scope, authority(*issuer), value
    return "report", context.scope, owner


def _set_identifiers(context: Context, specimen: Resource, spm: Segment) -> None:
    if number := spm.first(2):
        for identifier in _numbers(context, specimen, number):
            append(specimen, "identifier", identifier)
    for repetition in spm.repetitions(3):
        for identifier in _numbers(context, specimen, repetition):
            append(specimen, "parent", {"type": "Specimen", "identifier": identifier})
    for place in (30, 31):
        for repetition in spm.repetitions(place):
            found = identifier_from_cx(context, repetition, spm.location(place))
            if found is None:
                append(specimen, "extension", original_value(repetition.text()))
            elif place == 30 and "accessionIdentifier" not in specimen:
                specimen["accessionIdentifier"] = found
            else:
                append(specimen, "identifier", found)
    append(specimen, "identifier", identifier_from_ei(context, spm.first(32), "SHIP"))


def _numbers(context: Context, specimen: Resource, pair: Repetition) -> list[Resource]:
    """Return the placer's and the filler's number in an EIP; an issuer without a number is kept beside them."""
    found = []
    for component, kind in ((1, "PLAC"), (2, "FILL")):
        if identifier := identifier_from_eip(context, pair, component, kind):
            found.append(identifier)
        elif text := pair.component(component):
            append(specimen, "extension", original_value(text))
    return found


def _set_kept(context: Context, specimen: Resource, spm: Segment) -> None:
    """Keep, coded, what Specimen has no element for."""
    site = specimen.get("collection", {}).get("bodySite")
    for number, table in _KEPT.items():
        if spm.raw(number):
            holder = site if number == _SITE_MODIFIER and site is not None else specimen
            for value in concepts(context, spm, number, table):
                append(holder, "extension", {"url": f"{EXTENSIONS}spm-{number}", "valueCodeableConcept": value})


def _collection(context: Context, spm: Segment) -> Resource:
    collection: Resource = {}
    for number, element, table in ((7, "method", "HL70488"), (8, "bodySite", "")):
        if value := concept(context, spm, number, table):
            collection[element] = value
    if volume := quantity_from_cq(context, spm.first(12)):
        collection["quantity"] = volume
    for handling in concepts(context, spm, 15, "HL70376") if spm.raw(15) else ():
        append(collection, "extension", {"url": _SPECIAL_HANDLING, "valueCodeableConcept": handling})
    if collected := spm.first(17):
        if collected.component(2):
            period: Resource = {}
            date_time(context, period, "start", collected, spm.location(17))
            date_time(context, period, "end", collected, spm.location(17), 2)
            collection["collectedPeriod"] = period
        else:
            date_time(context, collection, "collectedDateTime", collected, spm.location(17))
    return collection


def _set_state(context: Context, specimen: Resource, spm: Segment) -> None:
    available = spm.text(20)
    rejected = concepts(context, spm, 21, "HL70490")
    if status := _AVAILABILITY.get(available):
        specimen["status"] = status
    elif available:
        append(specimen, "extension", original_value(available))
    if rejected:
        if available:
            carry_field(specimen, spm, 20)
        specimen["status"] = "unsatisfactory"
    if conditions := [*rejected, *concepts(context, spm, 24, "HL70493")]:
        specimen["condition"] = conditions


def _set_container(context: Context, specimen: Resource, spm: Segment) -> None:
    container: Resource = {}
    if kind := concept(context, spm, 27):
        container["type"] = kind
    for index, additive in enumerate(concepts(context, spm, 6, "HL70371")):
        if index == 0:
            container["additiveCodeableConcept"] = additive
        else:
            append(container, "extension", {"url": f"{EXTENSIONS}further-additive", "valueCodeableConcept": additive})
    if container:
        specimen["container"] = [container]
