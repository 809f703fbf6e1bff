"""
OBR -> Specimen, before SPM existed and beside it (HL7 v2-to-FHIR guide, maps OBR[Specimen], SPS[Specimen-Source]).

OBR-7, 8, 9, 10, 14, 15 and 39: the tables are those of `obr` and `obr_order`.

Policy: without SPM, an OBR that says what was collected, by whom or when it arrived makes a specimen; its time alone
(OBR-7) does not, for it is that of the observation too.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.formats.hl7v2.results import report_key
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept_of
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field

_MAKES_ONE = (9, 10, 14, 15)
_COLLECTED = ("collectedDateTime", "_collectedDateTime", "collectedPeriod")


def specimen_from_obr(context: Context, obr: Segment, orc: Segment | None) -> Resource | None:
    """Return the Specimen of an OBR without SPM, None where it says nothing of one."""
    if not any(obr.fields[9:16]) or not any(obr.first(number) for number in _MAKES_ONE):
        return None
    specimen = context.add("Specimen", "report", context.scope, report_key(context.message, obr, orc))
    if (source := obr.first(15)) is not None:
        _set_source(context, specimen, obr, source)
    return specimen


def add_obr_to_specimens(
    context: Context, request: Resource, obr: Segment, specimens: list[Resource], report: Resource | None
) -> None:
    """Add to the only specimen what OBR says of it; where there is none, or several, the order keeps it."""
    only = specimens[0] if len(specimens) == 1 else None
    if only is None:
        for number in (9, 10, 14, 39):
            carry_field(request, obr, number)
        return
    if "receivedTime" not in only and "_receivedTime" not in only:
        put_date_time(context, only, "receivedTime", obr, 14)
    else:
        carry_field(request, obr, 14)
    for repetition in obr.repetitions(39):
        append(only, "note", {"text": repetition.text()})
    collection = only.get("collection", {})
    _set_collector(context, request, collection, obr)
    if not any(name in collection for name in _COLLECTED):
        _set_collected(context, collection, obr, report)
    if collection:
        only["collection"] = collection


def _set_source(context: Context, specimen: Resource, obr: Segment, source: Repetition) -> None:
    coded = Repetition(source.delimiters.component.join(_raw_parts(source, 1)), source.delimiters)
    if kind := concept_of(context, coded, "OBR-15", "HL70070"):
        specimen["type"] = kind
    preserved = Repetition(source.delimiters.component.join(_raw_parts(source, 2)), source.delimiters)
    if additive := concept_of(context, preserved, "OBR-15", "HL70371"):
        specimen["container"] = [{"additiveCodeableConcept": additive}]
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


def _set_collector(context: Context, request: Resource, collection: Resource, obr: Segment) -> None:
    if (volume := quantity_from_cq(context, obr.first(9))) and "quantity" not in collection:
        collection["quantity"] = volume
    elif obr.raw(9):
        carry_field(request, obr, 9)
    people = practitioners(context, obr, 10)
    if people:
        collection["collector"] = reference(people[0])
    if len(obr.repetitions(10)) > 1 or not people:
        carry_field(request, obr, 10)


def _set_collected(context: Context, collection: Resource, obr: Segment, report: Resource | None) -> None:
    """Set when it was collected: what the report says, which read OBR-7 and OBR-8 already, else the fields."""
    if report is None:
        period: Resource = {}
        put_date_time(context, period, "start", obr, 7)
        put_date_time(context, period, "end", obr, 8)
        if "end" in period or "_end" in period:
            collection["collectedPeriod"] = period
        else:
            collection.update({name.replace("start", "collectedDateTime"): value for name, value in period.items()})
        return
    for name, value in report.items():
        if name.lstrip("_").startswith("effective"):
            collection[name.replace("effective", "collected")] = value


def _raw_parts(repetition: Repetition, component: int) -> list[str]:
    raw = repetition.parts[component - 1] if component <= len(repetition.parts) else ""
    return raw.split(repetition.delimiters.subcomponent) if repetition.delimiters.subcomponent else [raw]
