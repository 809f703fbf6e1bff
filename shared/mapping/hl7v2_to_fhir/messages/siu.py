"""
SIU^S12-S26, SRM^S01-S11, SRR -> transaction Bundle (HL7 v2-to-FHIR guide, map SIU_S12; requests by policy).

    SCH, ARQ, TQ1            Appointment: see `appointments` for its state and times
    RGS, AIS, AIG, AIL, AIP  its services and participants, in the message's order, without deleted ones; APR as sent
    PID, PV1 ...             see `patient`; every patient is a participant
    OBX, NTE                 Observation of the patient; notes of what they follow
    MSA, ERR                 Task: the answer to a request

Policy: a blocked or opened time (S23, S24) is an Appointment without a patient, booked or cancelled.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.appointments import set_state, set_times, status_of_request
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments import apr, rgs
from shared.mapping.hl7v2_to_fhir.segments.aig import add_aig
from shared.mapping.hl7v2_to_fhir.segments.ail import add_ail
from shared.mapping.hl7v2_to_fhir.segments.aip import add_aip
from shared.mapping.hl7v2_to_fhir.segments.ais import add_ais
from shared.mapping.hl7v2_to_fhir.segments.appointment_person import add_person
from shared.mapping.hl7v2_to_fhir.segments.arq import add_arq
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.msa import acknowledgment_from_msa
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.sch import add_sch
from shared.mapping.hl7v2_to_fhir.segments.tq1_appointment import add_tq1_to_appointment
from shared.terminology.appointment_maps import DECIDED_BY_EVENT, OPENED

# Table 0206, in the second field of RGS and of each resource.
_DELETED = "D"
_DELETABLE = frozenset({"RGS", "AIS", "AIG", "AIL", "AIP"})
_GONE = "deleted: it no longer belongs to the appointment"
_RESOURCES = {"AIS": add_ais, "AIG": add_aig, "AIL": add_ail, "AIP": add_aip}
_OF_PATIENT = {**patient.OPENERS, "OBX": ("PV1", "PID", "")}
OPENERS = {
    **_OF_PATIENT,
    **dict.fromkeys(("SCH", "ARQ", "RGS"), ("",)),
    "TQ1": ("SCH", "ARQ", ""),
    **dict.fromkeys(_RESOURCES, ("RGS", "")),
    "APR": (*_RESOURCES, "ARQ", "SCH", ""),
}


def bundle_from_siu(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    msa = message.first("MSA")
    if msa is not None:
        acknowledgment_from_msa(context, msa, list(message.all("ERR")))
    root = tree(message.segments[1:], OPENERS)
    people = patient.adopt(root, _OF_PATIENT)
    heads = list(root.all("SCH", "ARQ"))
    _drop_deleted(context, root)
    resources = [one for group in root.children for one in (group, *group.walk()) if one.name in _RESOURCES]
    appointment = _appointment(context, heads[0] if heads else None, resources, provenance)
    for group in people or [root]:
        about = patient.about_patient(context, group)
        add_observations(context, group, about)
        if about.patient is not None:
            add_person(appointment, about.patient, "needs-action" if _is_open(appointment) else "accepted")
    for group in resources:
        _add_resource(context, appointment, group)
    for group in root.walk():
        if group.segment is not None and group.name in ("RGS", "APR"):
            carry_into(context, appointment, group.segment, rgs.TABLE if group.name == "RGS" else apr.TABLE)
            add_notes(context, group, appointment)
    if "participant" not in appointment:
        appointment["participant"] = [{"type": [{"text": "not named"}], "status": "needs-action"}]
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _drop_deleted(context: Context, root: Group) -> None:
    """Take away resources, and groups of them, that no longer belong to an appointment which goes on."""
    if context.message.event in DECIDED_BY_EVENT:
        return
    for group in (root, *root.all("RGS")):
        for child in list(group.children):
            if child.segment is None or child.name not in _DELETABLE or child.segment.text(2) != _DELETED:
                continue
            group.children.remove(child)
            for segment in [one.segment for one in (child, *child.walk()) if one.segment is not None]:
                context.drop(segment, _GONE)


def _appointment(context: Context, head: Group | None, resources: list[Group], provenance: Resource) -> Resource:
    """Return the appointment with its state, its times and what SCH or ARQ says."""
    segment = head.segment if head is not None else None
    appointment = context.add("Appointment", *_key(context, segment))
    event = context.message.event
    services = [one.segment for one in resources if one.name == "AIS" and one.segment is not None]
    if segment is not None and segment.name == "ARQ":
        appointment["status"] = status_of_request(event)
    elif event == OPENED:
        appointment["status"] = "cancelled"
    else:
        set_state(context, appointment, event, segment, services)
    timings = head.segments("TQ1") if head is not None else []
    if segment is not None:
        (add_arq if segment.name == "ARQ" else add_sch)(context, appointment, segment, provenance)
    if head is not None:
        for group in (head, *head.all("TQ1")):
            add_notes(context, group, appointment)
    for timing in timings:
        add_tq1_to_appointment(context, appointment, timing)
    sch = segment if segment is not None and segment.name == "SCH" else None
    set_times(context, appointment, sch, timings, [one.segment for one in resources if one.segment is not None])
    return appointment


def _key(context: Context, head: Segment | None) -> tuple[str, ...]:
    """Return the number of the filler, else that of the placer, else that of the message."""
    for number, kind in ((2, "filler"), (1, "placer")):
        if head is not None and (key := entity_key(context, head.first(number))):
            issuer, value = key
            return issuer, kind, value
    return context.scope, "message", context.message.control_id


def _is_open(appointment: Resource) -> bool:
    return appointment["status"] in ("proposed", "pending", "waitlist")


def _add_resource(context: Context, appointment: Resource, group: Group) -> None:
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    _RESOURCES[group.name](context, appointment, group.segment)
    add_notes(context, group, appointment)


MAP = MessageMap("hl7v2-siu", "1.4.2", bundle_from_siu)
