"""
SPM, or OBR-15 before it existed -> Specimen (HL7 v2-to-FHIR guide, maps SPM[Specimen], OBR[Specimen]).

    [dropped]                             = SPM-1    numbers the segment
    Specimen.identifier                   = SPM-2    EIP   placer PLAC, filler FILL
    Specimen.parent                       = SPM-3*   EIP   logical references
    Specimen.type                         = SPM-4    CWE
    Specimen.extension                    = SPM-5*   AS-SENT
    Specimen.container.additiveCodeableConcept = SPM-6*  CWE  the first; further ones in extensions
    Specimen.collection.method            = SPM-7    CWE
    Specimen.collection.bodySite          = SPM-8    CWE
    Specimen.extension                    = SPM-9..11*  AS-SENT
    Specimen.collection.quantity          = SPM-12   CQ
    Specimen.extension                    = SPM-13   AS-SENT
    Specimen.note                         = SPM-14*  ST
    Specimen.extension                    = SPM-15..16*  AS-SENT
    Specimen.collection.collectedDateTime = SPM-17   DR    collectedPeriod with an end
    Specimen.receivedTime                 = SPM-18   DTM
    Specimen.extension                    = SPM-19   AS-SENT
    Specimen.status                       = SPM-20   ID    Y available, N unavailable
    Specimen.condition                    = SPM-21*  CWE   status unsatisfactory
    Specimen.extension                    = SPM-22..23*  AS-SENT
    Specimen.condition                    = SPM-24*  CWE
    Specimen.extension                    = SPM-25..26*  AS-SENT
    Specimen.container.type               = SPM-27   CWE
    Specimen.extension                    = SPM-28..35*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.authority import authority
from shared.formats.hl7v2.message import Repetition, Segment
from shared.formats.hl7v2.results import report_key
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concept_of, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_eip
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of

TABLE = table_of(__doc__)

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
    carry(context, specimen, spm, TABLE)
    return specimen


def specimen_from_obr(context: Context, obr: Segment, orc: Segment | None) -> Resource | None:
    """Return the Specimen of OBR-15, None where the field is empty."""
    source = obr.first(15)
    if source is None:
        return None
    specimen = context.add("Specimen", "report", context.scope, report_key(context.message, obr, orc))
    coded = Repetition(source.delimiters.component.join(_raw_parts(source, 1)), source.delimiters)
    if kind := concept_of(context, coded, "OBR-15", "HL70070"):
        specimen["type"] = kind
    collection: Resource = {}
    if method := source.component(3):
        collection["method"] = {"text": method}
    if site := source.component(4):
        collection["bodySite"] = {"text": site}
    if collection:
        specimen["collection"] = collection
    # What has no element here, and repetitions beyond the first, travel as sent.
    if len(source.parts) > 1 or len(obr.repetitions(15)) > 1:
        carry_field(specimen, obr, 15)
    return specimen


def add_obr_to_specimens(
    context: Context, request: Resource, obr: Segment, specimens: list[Resource], *, from_spm: bool
) -> None:
    """Add to the only specimen what OBR says of it; where there is none, or several, the order keeps it."""
    only = specimens[0] if len(specimens) == 1 else None
    if only is not None and "receivedTime" not in only and "_receivedTime" not in only:
        put_date_time(context, only, "receivedTime", obr, 14)
    else:
        carry_field(request, obr, 14)
    if from_spm or only is None:
        carry_field(request, obr, 15)
    for repetition in obr.repetitions(39) if only is not None else ():
        append(only or {}, "note", {"text": repetition.text()})
    if only is None:
        carry_field(request, obr, 39)


def _raw_parts(repetition: Repetition, component: int) -> list[str]:
    raw = repetition.parts[component - 1]
    return raw.split(repetition.delimiters.subcomponent) if repetition.delimiters.subcomponent else [raw]


def _key(context: Context, spm: Segment, owner: str) -> tuple[str, ...]:
    if number := spm.first(2):
        for component in (2, 1):
            value, *issuer = (number.subcomponent(component, part) for part in (1, 2, 3, 4))
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


def _numbers(context: Context, specimen: Resource, pair: Repetition) -> list[Resource]:
    """Return the placer's and the filler's number in an EIP; an issuer without a number is kept beside them."""
    found = []
    for component, kind in ((1, "PLAC"), (2, "FILL")):
        if identifier := identifier_from_eip(context, pair, component, kind):
            found.append(identifier)
        elif text := pair.component(component):
            append(specimen, "extension", original_value(text))
    return found


def _collection(context: Context, spm: Segment) -> Resource:
    collection: Resource = {}
    for number, element, table in ((7, "method", "HL70488"), (8, "bodySite", "")):
        if value := concept(context, spm, number, table):
            collection[element] = value
    if volume := quantity_from_cq(context, spm.first(12)):
        collection["quantity"] = volume
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
