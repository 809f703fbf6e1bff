"""
Segments in a message whose structure has no place for them -> what their own maps make of them (policy).

    ORC, OBR, RXO and the like, with all that stands below them   as in a message about orders (`order_groups`)
    FT1                                                           ChargeItem
    TXA                                                           DocumentReference, of which the content is not known
    PRB, GOL, PTH                                                 Condition, Goal, CarePlan
    NTE before all of these                                       note on the Provenance

They are about the first patient of the message, and about its visit where there is one alone.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.formats.hl7v2.message import Message, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.order_choices import map_medication
from shared.mapping.hl7v2_to_fhir.messages.order_documents import add_documents
from shared.mapping.hl7v2_to_fhir.messages.order_groups import OrderGroup, PatientGroup, read_groups
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, map_order, observations
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.segments.ft1 import charge_from_ft1
from shared.mapping.hl7v2_to_fhir.segments.gol import goal_from_gol
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.obx import attach
from shared.mapping.hl7v2_to_fhir.segments.prb import condition_from_prb
from shared.mapping.hl7v2_to_fhir.segments.pth import care_plan_from_pth
from shared.mapping.hl7v2_to_fhir.segments.txa import document_from_txa
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION

_ABSENT = {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}


def add_displaced(context: Context, segments: list[Segment], provenance: Resource) -> None:
    """Map the segments that the message's own map has left, as far as there are maps of them."""
    sent = context.message
    reading = read_groups(Message([sent.header, *segments], sent.delimiters, sent.charset, ()))
    scene = Scene(context, _about(context), provenance)
    for note in reading.notes:
        add_nte(context, provenance, note)
    for group in reading.patients:
        _add_orders(scene, group)
    for segment in reading.rest:
        if add := _ALONE.get(segment.name):
            add(scene, segment)


def _about(context: Context) -> About:
    people, visits = (
        [resource for resource in context.resources if resource["resourceType"] == kind]
        for kind in ("Patient", "Encounter")
    )
    return About(people[0] if people else None, visits[0] if len(visits) == 1 else None)


def _add_orders(scene: Scene, group: PatientGroup) -> None:
    context = scene.context
    owner = (context.scope, "displaced", context.message.control_id)
    observations(context, group.observations, owner, scene.fields, {})
    attach(context, None)
    for order in group.orders:
        _add_order(scene, order)


def _add_order(scene: Scene, order: OrderGroup) -> None:
    request, mapped = map_medication(scene, order) if order.is_medication else map_order(scene, order, reports=False)
    add_documents(scene, order, request, None if mapped is None else mapped.report)


def _add_charge(scene: Scene, ft1: Segment) -> None:
    charge_from_ft1(scene.context, ft1, scene.about.subject, scene.about.encounter)


def _add_document(scene: Scene, txa: Segment) -> None:
    document = document_from_txa(scene.context, txa, scene.about.subject, scene.provenance)
    document["content"] = [{"attachment": dict(_ABSENT)}]


def _add_problem(scene: Scene, prb: Segment) -> None:
    condition_from_prb(scene.context, prb, scene.fields)


def _add_goal(scene: Scene, gol: Segment) -> None:
    goal_from_gol(scene.context, gol, scene.fields)


def _add_plan(scene: Scene, pth: Segment) -> None:
    care_plan_from_pth(scene.context, pth, scene.fields)


_ALONE: dict[str, Callable[[Scene, Segment], None]] = {
    "FT1": _add_charge,
    "TXA": _add_document,
    "PRB": _add_problem,
    "GOL": _add_goal,
    "PTH": _add_plan,
}
