"""
A message about orders or results -> transaction Bundle: how every family of them is read.

    PID, PV1 and what hangs under them   as in every message (`patient`)
    ORC, OBR, SPM and theirs             `order_resources`; TXA `order_documents`
    MSA, ERR                             Task: the answer to a message; a Task for each order that it answers
    NTE before all groups                a note on the Provenance
    SFT, Z-segments and the like         as in every message (`remainder`)
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.order_choices import map_medication
from shared.mapping.hl7v2_to_fhir.messages.order_documents import add_documents
from shared.mapping.hl7v2_to_fhir.messages.order_groups import PatientGroup, PriorGroup, read_groups
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, map_order, observations, specimen_of
from shared.mapping.hl7v2_to_fhir.messages.patient import About, about_patient
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.messages.result_links import MappedReport, link_parents, resolve_parents
from shared.mapping.hl7v2_to_fhir.segments.msa import acknowledgment_from_msa
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.obx import attach
from shared.mapping.hl7v2_to_fhir.segments.orc_task import task_from_orc

_SAME_PATIENT = "identifies the patient of a previous result, who is the patient of the message"


def bundle_of_orders(context: Context, *, reports: bool) -> Resource:
    """Return the transaction Bundle; `reports` tells whether every OBR is a report, or only one that says so."""
    message = context.message
    reading = read_groups(message)
    provenance = provenance_from_msh(context, message.header)
    for note in reading.notes:
        add_nte(context, provenance, note)
    acknowledgment = _acknowledgment(context)
    for group in reading.patients:
        answered = _map_patient(context, group, provenance, reports=reports)
        if acknowledgment is not None:
            for orc, request in answered:
                task_from_orc(context, orc, request, acknowledgment)
    resolve_parents(context.resources)
    add_remainder(context, tree(reading.rest, {}), provenance)
    return transaction(context, provenance)


def _acknowledgment(context: Context) -> Resource | None:
    msa = context.message.first("MSA")
    return acknowledgment_from_msa(context, msa, list(context.message.all("ERR"))) if msa is not None else None


def _map_patient(
    context: Context, group: PatientGroup, provenance: Resource, *, reports: bool
) -> list[tuple[Segment, Resource]]:
    """Map a patient with all orders; return the requests with the ORC that they come from."""
    about = about_patient(context, _patient_tree(group.segments))
    scene = Scene(context, about, provenance, before_orders=frozenset(id(one) for one in group.specimens))
    if group.observations or group.specimens:
        _map_before_orders(scene, group)
    mapped = [
        (order, *(map_medication(scene, order) if order.is_medication else map_order(scene, order, reports=reports)))
        for order in group.orders
    ]
    found = [report for _, _, report in mapped if report is not None]
    for order, request, mapped_report in mapped:
        add_documents(scene, order, request, None if mapped_report is None else mapped_report.report)
        for prior in order.prior:
            found += _map_prior(scene, group, prior, request)
    link_parents(found)
    return [(order.orc, request) for order, request, _ in mapped if order.orc is not None]


def _map_before_orders(scene: Scene, group: PatientGroup) -> None:
    """Map observations and specimens that stand before all orders."""
    context, about, fields = scene.context, scene.about, scene.fields
    owner = (context.scope, "patient", fields["subject"].get("reference", context.message.control_id))
    observations(context, group.observations, owner, fields, {})
    for specimen_group in group.specimens:
        specimen = specimen_of(scene, specimen_group, f"message|{context.message.control_id}")
        if about.patient is not None:
            specimen["subject"] = about.subject
        below = {**fields, "specimen": reference(specimen)}
        observations(context, specimen_group.observations, (context.scope, "specimen", specimen["id"]), below, {})
    attach(context, None)


def _map_prior(scene: Scene, group: PatientGroup, prior: PriorGroup, request: Resource) -> list[MappedReport]:
    """Map previous results as results, and let them support the request."""
    context = scene.context
    then = Scene(context, _about_prior(scene, group, prior), scene.provenance)
    found = []
    for order in prior.orders:
        _, report = map_order(then, order, reports=True)
        if report is not None:
            found.append(report)
            append(request, "supportingInfo", reference(report.report))
    return found


def _about_prior(scene: Scene, group: PatientGroup, prior: PriorGroup) -> About:
    """Return whom previous results are about: the same patient, unless a PID of theirs names another identity."""
    context = scene.context
    own = next((segment for segment in prior.segments if segment.name == "PID"), None)
    if own is not None and not _is_same(own, group):
        return about_patient(context, _patient_tree(prior.segments))
    if own is not None:
        context.drop(own, _SAME_PATIENT)
    now = scene.about
    then = about_patient(context, _patient_tree([one for one in prior.segments if one is not own]), now.patient)
    return About(now.patient, then.encounter or now.encounter)


def _patient_tree(segments: list[Segment]) -> Group:
    """Return the patient's segments as a tree, from the PID where there is one."""
    root = tree(segments, patient.OPENERS)
    return root.first("PID") or root


def _is_same(pid: Segment, group: PatientGroup) -> bool:
    """Tell whether a PID names an identifier of the group's patient, or none at all."""
    own = next((segment for segment in group.segments if segment.name == "PID"), None)
    if own is None:
        return False
    named, known = ({(one.component(1), one.component(4)) for one in segment.repetitions(3)} for segment in (pid, own))
    return not named or bool(named & known)
