"""
One order group -> ServiceRequest, DiagnosticReport, Specimen, Observation, and what hangs under them.

    ORC, OBR, TQ1, TQ2, TCD     ServiceRequest                 OBR        DiagnosticReport, where it reports
    SPM, SAC, or OBR-9 to 15    Specimen                       OBX        Observation
    DG1                         Condition, a reason            FT1        ChargeItem
    CTI                         ResearchStudy                  IPC, ZDS   ImagingStudy
    ODS, ODT                    NutritionOrder                 RQD        SupplyRequest
    PRT                         participations                 CTD        PractitionerRole, supports the request
    BLG                         Account                        NTE        note of what it follows

Policy: an OBR reports in messages of results, below a previous result, and where OBR-25 says how far the report is;
its OBX are then results of the report, else what supports the request. Answers to questions about the order (OBX-29
QST, SCI) support the request in any case, as the guide has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Segment
from shared.formats.hl7v2.results import report_key
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.messages.order_groups import Noted, OrderGroup, SpecimenGroup
from shared.mapping.hl7v2_to_fhir.messages.participations import add_to_observation, add_to_order, add_to_specimen
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.messages.result_links import MappedObservation, MappedReport, link_members
from shared.mapping.hl7v2_to_fhir.segments.blg import add_blg
from shared.mapping.hl7v2_to_fhir.segments.ctd import add_ctd
from shared.mapping.hl7v2_to_fhir.segments.cti import add_cti
from shared.mapping.hl7v2_to_fhir.segments.dg1 import condition_from_dg1
from shared.mapping.hl7v2_to_fhir.segments.ft1 import charge_from_ft1
from shared.mapping.hl7v2_to_fhir.segments.inv import add_inv
from shared.mapping.hl7v2_to_fhir.segments.ipc import imaging_study
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.obr import complete_request, is_laboratory, report_from_obr
from shared.mapping.hl7v2_to_fhir.segments.obr_order import add_order_obr
from shared.mapping.hl7v2_to_fhir.segments.obr_specimen import add_obr_to_specimens, specimen_from_obr
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.ods import nutrition_order_from_ods
from shared.mapping.hl7v2_to_fhir.segments.odt import nutrition_order_from_odt
from shared.mapping.hl7v2_to_fhir.segments.orc import service_request
from shared.mapping.hl7v2_to_fhir.segments.rqd import supply_request_from_rqd
from shared.mapping.hl7v2_to_fhir.segments.sac import add_sac, drop_empty, specimen_without_spm
from shared.mapping.hl7v2_to_fhir.segments.sid import add_sid
from shared.mapping.hl7v2_to_fhir.segments.spm import specimen_from_spm
from shared.mapping.hl7v2_to_fhir.segments.tcd import add_tcd
from shared.mapping.hl7v2_to_fhir.segments.tq1 import add_tq, add_tq1
from shared.mapping.hl7v2_to_fhir.segments.tq2 import add_tq2
from shared.terminology.systems import TERMINOLOGY

# OBX-29, the observation type: an answer to a question about the order.
_ASKED_AS = 29
_ANSWERS = frozenset(("QST", "SCI"))
_EFFECTIVE = ("effectiveDateTime", "_effectiveDateTime", "effectivePeriod")
_LABORATORY = {"system": TERMINOLOGY + "observation-category", "code": "laboratory"}
_ADDED = {"TQ1": add_tq1, "TQ2": add_tq2, "TCD": add_tcd, "CTD": add_ctd, "CTI": add_cti, "BLG": add_blg}
_MADE = {"ODS": nutrition_order_from_ods, "ODT": nutrition_order_from_odt, "RQD": supply_request_from_rqd}


@dataclass(slots=True)
class Scene:
    """What the order groups of a patient share: whom they are about, and the specimens that several of them have."""

    context: Context
    about: About
    provenance: Resource
    specimens: dict[int, Resource] = field(default_factory=dict)
    before_orders: frozenset[int] = frozenset()

    @property
    def fields(self) -> Resource:
        """Return `subject` and `encounter` for a resource about the patient."""
        return self.about.as_fields()


def map_order(scene: Scene, order: OrderGroup, *, reports: bool) -> tuple[Resource, MappedReport | None]:
    """Return the request of an order group, and its report where it has one."""
    context, obr, orc = scene.context, order.obr, order.orc
    fields = scene.fields
    request = service_request(context, orc, obr, fields, scene.provenance)
    report: Resource | None = None
    key = str(request["id"])
    if obr is not None:
        key = report_key(context.message, obr, orc)
        complete_request(context, request, obr)
        if reports or obr.text(25):
            report = report_from_obr(context, obr, orc, fields, request, key)
        else:
            add_order_obr(context, request, obr)
    for segment, number in ((orc, 7), (obr, 27)):
        if segment is not None and segment.raw(number):
            add_tq(context, request, segment, number)
    specimens = _specimens(scene, order, request, report, key)
    for note in order.notes:
        add_nte(context, request, note)
    _add_details(scene, order, request, report, specimens)
    found = _results(scene, order, request, report, specimens, key)
    attach(context, report)
    if report is None or obr is None:
        _support(request, [observation for _, observation in found])
        return request, None
    if specimens:
        report["specimen"] = [reference(specimen) for specimen in specimens]
    results: list[Resource] = []
    for obx, observation in found:
        if len(obx.fields) > _ASKED_AS and obx.text(_ASKED_AS) in _ANSWERS:
            append(request, "supportingInfo", reference(observation))
        else:
            results.append(reference(observation))
    if results:
        report["result"] = results
    return request, MappedReport(report, obr, found)


def _support(request: Resource, resources: list[Resource]) -> None:
    for resource in resources:
        append(request, "supportingInfo", reference(resource))


def _add_details(
    scene: Scene, order: OrderGroup, request: Resource, report: Resource | None, specimens: list[Resource]
) -> None:
    for segment in order.details:
        if add := _ADDED.get(segment.name):
            add(scene.context, request, segment)
        elif make := _MADE.get(segment.name):
            append(request, "supportingInfo", reference(make(scene.context, request, segment)))
        elif study := imaging_study(scene.context, request, segment):
            if report is not None:
                append(report, "imagingStudy", reference(study))
        elif segment.name == "PRT":
            add_to_order(scene.context, segment, request, report, specimens)
        else:
            add_reason_or_charge(scene, segment, request, report)


def add_reason_or_charge(scene: Scene, segment: Segment, request: Resource, report: Resource | None) -> None:
    """Add a diagnosis to the reasons of a request of any kind, or refer to it from a charge."""
    context, about = scene.context, scene.about
    if segment.name == "DG1":
        condition = condition_from_dg1(context, segment, about.subject, None)
        if about.encounter is not None:
            condition.setdefault("encounter", reference(about.encounter))
        append(request, "reasonReference", reference(condition))
    elif segment.name == "FT1":
        charge = charge_from_ft1(context, segment, about.subject, about.encounter)
        append(charge, "supportingInformation", reference(request))
        if report is not None:
            append(charge, "service", reference(report))


def _specimens(
    scene: Scene, order: OrderGroup, request: Resource, report: Resource | None, key: str
) -> list[Resource]:
    context = scene.context
    specimens = [specimen_of(scene, group, key) for group in order.specimens]
    if order.obr is not None:
        if specimens:
            carry_field(request, order.obr, 15)
        elif source := specimen_from_obr(context, order.obr, order.orc):
            specimens.append(source)
        add_obr_to_specimens(context, request, order.obr, specimens, report)
    for specimen in specimens:
        if "reference" in scene.about.subject:
            specimen["subject"] = scene.about.subject
        append(request, "specimen", reference(specimen))
        append(specimen, "request", reference(request))
    return specimens


def specimen_of(scene: Scene, group: SpecimenGroup, owner: str) -> Resource:
    """Return the Specimen of a group, the same for every order that has it; `owner` is of the first."""
    context = scene.context
    if found := scene.specimens.get(id(group)):
        return found
    if group.spm is not None:
        specimen = specimen_from_spm(context, group.spm, owner)
    else:
        specimen = specimen_without_spm(context, group.containers[0].segment, owner)
    scene.specimens[id(group)] = specimen
    for note in group.notes:
        add_nte(context, specimen, note)
    for segment in group.details:
        if segment.name == "PRT":
            add_to_specimen(context, segment, specimen)
    for held in group.containers:
        container = add_sac(context, specimen, held.segment)
        for note in held.notes:
            add_nte(context, specimen, note)
        for segment in held.details:
            if segment.name == "INV":
                add_inv(context, container, segment)
            elif segment.name == "PRT":
                add_to_specimen(context, segment, specimen)
    drop_empty(specimen)
    return specimen


def _results(
    scene: Scene,
    order: OrderGroup,
    request: Resource,
    report: Resource | None,
    specimens: list[Resource],
    key: str,
) -> list[MappedObservation]:
    """Return the observations of an order, those below its specimens included."""
    owner = (scene.context.scope, "report", key)
    times = {name: report[name] for name in _EFFECTIVE if name in report} if report is not None else {}
    about = scene.fields
    if report is not None:
        about["basedOn"] = [reference(request)]
    if order.obr is not None and is_laboratory(order.obr):
        about["category"] = [{"coding": [dict(_LABORATORY)]}]
    shared = {**about, "specimen": reference(specimens[0])} if len(specimens) == 1 else about
    found = observations(scene.context, order.observations, owner, shared, times)
    for group, specimen in zip(order.specimens, specimens, strict=False):
        below = {**about, "specimen": reference(specimen)}
        if id(group) not in scene.before_orders:
            found += observations(scene.context, group.observations, (*owner, "specimen"), below, times)
    return found


def observations(
    context: Context, noted: list[Noted], owner: tuple[str, ...], about: Resource, times: Resource
) -> list[MappedObservation]:
    """Return the Observation of every OBX with what stands under it; `times` serve where OBX-14 is silent."""
    found = []
    for one in noted:
        observation = observation_from_obx(context, one.segment, owner, about)
        if times and "effectiveDateTime" not in observation and "_effectiveDateTime" not in observation:
            observation.update(times)
        for note in one.notes:
            add_nte(context, observation, note)
        for segment in one.details:
            _add_to_observation(context, observation, segment)
        found.append((one.segment, observation))
    link_members(found)
    return found


def _add_to_observation(context: Context, observation: Resource, segment: Segment) -> None:
    if segment.name == "PRT":
        add_to_observation(context, segment, observation)
    elif segment.name == "TCD":
        add_tcd(context, observation, segment)
    elif segment.name == "SID":
        add_sid(context, observation, segment)
