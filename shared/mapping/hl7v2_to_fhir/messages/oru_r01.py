"""
ORU^R01 -> transaction Bundle (HL7 v2-to-FHIR guide, map ORU_R01).

    PID, PD1, NK1     Patient                       PV1, PV2   Encounter
    ORC, OBR, TQ1     ServiceRequest                OBR        DiagnosticReport
    SPM or OBR-15     Specimen                      OBX        Observation, in DiagnosticReport.result
    NTE               note of what it follows       MSH        Provenance of all the others
    SFT, UAC, DSC     dropped: about the software and the transport
    Z-segments        what the partner file maps to extensions; else reported as unknown
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.formats.hl7v2.results import report_key
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages.order_groups import (
    Noted,
    OrderGroup,
    PatientGroup,
    read_groups,
)
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.nk1 import add_nk1
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.obr import complete_request, report_from_obr
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.orc import service_request
from shared.mapping.hl7v2_to_fhir.segments.pd1 import add_pd1
from shared.mapping.hl7v2_to_fhir.segments.pid import patient_from_pid
from shared.mapping.hl7v2_to_fhir.segments.pv1 import encounter_from_pv1
from shared.mapping.hl7v2_to_fhir.segments.pv2 import add_pv2
from shared.mapping.hl7v2_to_fhir.segments.spm import (
    add_obr_to_specimens,
    specimen_from_obr,
    specimen_from_spm,
)
from shared.mapping.hl7v2_to_fhir.segments.tq1 import add_tq1
from shared.mapping.hl7v2_to_fhir.segments.z import map_z_segments

MappedObservation = tuple[Segment, Resource]

_NOT_THE_RECORD = {
    "SFT": "the software that wrote the message, not the record",
    "UAC": "credentials of the sending user, not the record",
    "DSC": "continuation of a message split for transport",
}
_NOT_IDENTIFIED = {"display": "not identified in the message"}


@dataclass(frozen=True, slots=True)
class MappedReport:
    """A report's OBR and its observations, for the links between reports."""

    obr: Segment
    observations: list[MappedObservation]


def bundle_from_oru_r01(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    groups, rest = read_groups(context.message)
    provenance = provenance_from_msh(context, context.message.header)
    for group in groups:
        _map_patient_group(context, group, provenance)
    map_z_segments(context, rest)
    for segment in rest:
        if reason := _NOT_THE_RECORD.get(segment.name):
            context.drop(segment, reason)
    return transaction(context, provenance)


def _map_patient_group(context: Context, group: PatientGroup, provenance: Resource) -> None:
    patient = patient_from_pid(context, group.pid) if group.pid is not None else None
    about: Resource = {"subject": reference(patient) if patient is not None else dict(_NOT_IDENTIFIED)}
    if patient is not None:
        for note in group.notes:
            add_nte(context, patient, note)
        for segment in group.additional:
            (add_pd1 if segment.name == "PD1" else add_nk1)(context, patient, segment)
    for pv1, further in group.visits:
        encounter = encounter_from_pv1(context, pv1, about["subject"])
        for segment in further:
            add_pv2(context, encounter, segment)
        about.setdefault("encounter", reference(encounter))
    owner = (context.scope, "patient", about["subject"].get("reference", context.message.control_id))
    _observations(context, group.observations, owner, about, {})
    attach(context, None)
    _link_parents([found for order in group.orders if (found := _map_order(context, order, about, provenance))])


def _map_order(context: Context, order: OrderGroup, about: Resource, provenance: Resource) -> MappedReport | None:
    obr = order.obr
    request = service_request(context, order.orc, obr, about, provenance)
    report: Resource | None = None
    key = str(request["id"])
    if obr is not None:
        key = report_key(context.message, obr, order.orc)
        complete_request(context, request, obr)
        report = report_from_obr(context, obr, order.orc, about, request)
    for timing in order.timings:
        add_tq1(context, request, timing)
    for note in order.notes:
        add_nte(context, request, note)
    specimens = _specimens(context, order, about, request, key)
    found = _results(context, order, {**about, "basedOn": [reference(request)]}, report, specimens, key)
    attach(context, report)
    if report is None or obr is None:
        return None
    if specimens:
        report["specimen"] = [reference(specimen) for specimen in specimens]
    if found:
        report["result"] = [reference(observation) for _, observation in found]
    return MappedReport(obr, found)


def _specimens(context: Context, order: OrderGroup, about: Resource, request: Resource, key: str) -> list[Resource]:
    specimens = []
    for group in order.specimens:
        specimen = specimen_from_spm(context, group.spm, key)
        for note in group.notes:
            add_nte(context, specimen, note)
        specimens.append(specimen)
    if order.obr is not None:
        if not specimens and (source := specimen_from_obr(context, order.obr, order.orc)):
            specimens.append(source)
        add_obr_to_specimens(context, request, order.obr, specimens, from_spm=bool(order.specimens))
    for specimen in specimens:
        if "reference" in about["subject"]:
            specimen["subject"] = about["subject"]
        append(request, "specimen", reference(specimen))
    return specimens


def _results(
    context: Context,
    order: OrderGroup,
    about: Resource,
    report: Resource | None,
    specimens: list[Resource],
    key: str,
) -> list[MappedObservation]:
    """Return the observations of an order, those below its specimens included."""
    owner = (context.scope, "report", key)
    times = {name: value for name, value in (report or {}).items() if name.lstrip("_").startswith("effective")}
    shared = {**about, "specimen": reference(specimens[0])} if len(specimens) == 1 else about
    found = _observations(context, order.observations, owner, shared, times)
    for group, specimen in zip(order.specimens, specimens, strict=False):
        below = {**about, "specimen": reference(specimen)}
        found += _observations(context, group.observations, (*owner, "specimen"), below, times)
    return found


def _observations(
    context: Context, observations: list[Noted], owner: tuple[str, ...], about: Resource, times: Resource
) -> list[MappedObservation]:
    found = []
    for noted in observations:
        observation = observation_from_obx(context, noted.segment, owner, about)
        if times and "effectiveDateTime" not in observation and "_effectiveDateTime" not in observation:
            observation.update(times)
        for note in noted.notes:
            add_nte(context, observation, note)
        found.append((noted.segment, observation))
    _link_members(found)
    return found


def _link_members(found: list[MappedObservation]) -> None:
    """Make an observation with sub-id 1.1 a member of the one with sub-id 1, where exactly one has it."""
    by_sub_id: dict[str, list[Resource]] = {}
    for obx, observation in found:
        if sub_id := obx.text(4):
            by_sub_id.setdefault(sub_id, []).append(observation)
    for obx, observation in found:
        parent, dot, _ = obx.text(4).rpartition(".")
        candidates = by_sub_id.get(parent, []) if dot else []
        if len(candidates) == 1:
            append(candidates[0], "hasMember", reference(observation))


def _link_parents(reports: list[MappedReport]) -> None:
    """Make the results of a child report (OBR-26, say a susceptibility) members of the result that they refine."""
    if not any(report.obr.raw(26) for report in reports):
        return
    by_code: dict[tuple[str, str], list[tuple[MappedReport, Resource]]] = {}
    for report in reports:
        for obx, observation in report.observations:
            by_code.setdefault((obx.text(3), obx.text(4)), []).append((report, observation))
    for child in reports:
        parent = child.obr.first(26)
        if parent is None or not (code := parent.subcomponent(1, 1)):
            continue
        found = by_code.get((code, parent.component(2)), [])[:3]
        candidates = [observation for report, observation in found if report is not child]
        if len(candidates) == 1 == len(found):
            for _, observation in child.observations:
                append(candidates[0], "hasMember", reference(observation))


MAP = MessageMap("hl7v2-oru-r01", "1.0.0", bundle_from_oru_r01)
