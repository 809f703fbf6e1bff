"""
A pharmacy order with all that hangs under it -> MedicationRequest, MedicationDispense, MedicationAdministration.

    ORC         MedicationRequest: numbers, status, who and when
    RXO         the order as it was asked for; RXE the order as the pharmacy encodes it. Both in one message are two
                requests: original-order and filler-order, which is based on it
    TQ1, ORC-7  dosageInstruction.timing, one dosage for each; RXR its route and site; RXC Medication.ingredient
    TQ2         extensions of the request
    RXD, RXA    a dispense or administration of the request; RXR after them is theirs
    NTE, OBX    notes and Observations of what they follow

An order that names no product has that of its first dispense or administration.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.medications import Product, set_medication
from shared.mapping.hl7v2_to_fhir.datatypes.timings import add_tq_to_dosage
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.messages.participations import (
    add_to_act,
    add_to_medication_request,
    add_to_observation,
)
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.segments import rxv
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.blg import add_blg
from shared.mapping.hl7v2_to_fhir.segments.cdo import add_cdo
from shared.mapping.hl7v2_to_fhir.segments.cti import add_cti
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.orc_medication import add_orc_to_request, medication_request, order_key
from shared.mapping.hl7v2_to_fhir.segments.rxa_administration import administration_from_rxa
from shared.mapping.hl7v2_to_fhir.segments.rxc import ingredient_from_rxc
from shared.mapping.hl7v2_to_fhir.segments.rxd import dispense_from_rxd
from shared.mapping.hl7v2_to_fhir.segments.rxe import add_rxe
from shared.mapping.hl7v2_to_fhir.segments.rxo import add_rxo
from shared.mapping.hl7v2_to_fhir.segments.rxr import add_rxr_to_administration, add_rxr_to_dosage
from shared.mapping.hl7v2_to_fhir.segments.tq1_dosage import add_tq1_to_dosage
from shared.mapping.hl7v2_to_fhir.segments.tq2 import add_tq2

_OF_AN_ORDER = ("RXD", "RXA", "RXE", "RXO", "ORC")
_OF_THE_WHOLE = {"CTI": add_cti, "BLG": add_blg}
OPENERS = {
    "ORC": ("PID", ""),
    **dict.fromkeys(("RXO", "RXE", "RXD", "RXA"), ("ORC", "PID", "")),
    **dict.fromkeys(("TQ1", "TQ2", "RXR", "RXC", "RXV", "CDO"), _OF_AN_ORDER),
    **dict.fromkeys(_OF_THE_WHOLE, ("ORC", "RXE", "RXO", "")),
    "OBX": (*_OF_AN_ORDER, "PV1", "PID", ""),
    "PRT": ("OBX", *_OF_AN_ORDER, "PR1", "IN1", "PV1", "PID"),
}


@dataclass(slots=True)
class Order:
    """A request under construction: its product and its dosage, until everything below the order is read."""

    request: Resource
    product: Product = field(default_factory=Product)
    dosage: Resource = field(default_factory=dict)
    timings: list[Segment] = field(default_factory=list)


def map_medication_order(context: Context, group: Group, about: About, provenance: Resource) -> Resource:
    """Return the MedicationRequest of an ORC group (or of an RXO, RXE, RXD or RXA that has no ORC)."""
    orc = group.segment if group.name == "ORC" else None
    parts = group.children if orc is not None else [group]
    label = group.segment.label if group.segment is not None else ""
    key = order_key(context, orc, about.subject.get("reference", ""), label)
    orders = _orders(context, parts, key, about)
    request = orders[-1].request
    if orc is not None:
        for order in orders:
            add_orc_to_request(context, order.request, orc, provenance)
        _add_parts(context, group, orders[0], about)
    acts = [_act(context, part, part.segment, request, about, orc) for part in parts if part.segment is not None]
    products = [product for product in acts if product is not None]
    for order in orders:
        if order.product.code is None and products:
            order.product.code = products[0].code
        _finish(context, order, orc)
    attach(context, None)
    return request


def _orders(context: Context, parts: list[Group], key: tuple[str, ...], about: About) -> list[Order]:
    """Return the request of RXO and that of RXE, or one for an order that has neither."""
    found: list[Order] = []
    for part in parts:
        if part.segment is None or part.name not in ("RXO", "RXE"):
            continue
        own = (*key, "original") if part.name == "RXO" and any(one.name == "RXE" for one in parts) else key
        order = Order(medication_request(context, own, about.as_fields()))
        read = add_rxo if part.name == "RXO" else add_rxe
        order.product, order.dosage = read(context, order.request, part.segment)
        _add_parts(context, part, order, about)
        found.append(order)
    if len(found) > 1:
        found[0].request["intent"] = "original-order"
        for order in found[1:]:
            order.request["intent"] = "filler-order"
            append(order.request, "basedOn", reference(found[0].request))
    return found or [Order(medication_request(context, key, about.as_fields()))]


def _add_parts(context: Context, group: Group, order: Order, about: About) -> None:
    _notes(context, group, order.request)
    for prt in group.segments("PRT"):
        add_to_medication_request(context, prt, order.request)
    for cdo in group.segments("CDO"):
        add_cdo(context, order.dosage, cdo)
    order.timings += group.segments("TQ1")
    for tq2 in group.segments("TQ2"):
        add_tq2(context, order.request, tq2)
    for name, add in _OF_THE_WHOLE.items():
        for segment in group.segments(name):
            add(context, order.request, segment)
    for infusion in group.segments("RXV"):
        carry_into(context, order.request, infusion, rxv.TABLE)
    for rxr in group.segments("RXR"):
        add_rxr_to_dosage(context, order.dosage, rxr)
    order.product.ingredients += [ingredient_from_rxc(context, rxc) for rxc in group.segments("RXC")]
    _observations(context, group, order.request, about)


def _act(
    context: Context, group: Group, segment: Segment, request: Resource, about: About, orc: Segment | None
) -> Product | None:
    """Map a dispense or an administration; return its product."""
    if group.name == "RXD":
        act, product = dispense_from_rxd(context, segment, request, about.as_fields(), orc.text(1) if orc else "")
        dosages: list[Resource] = act.setdefault("dosageInstruction", [{}])
        for rxr in group.segments("RXR"):
            add_rxr_to_dosage(context, dosages[0], rxr)
        for cdo in group.segments("CDO"):
            add_cdo(context, dosages[0], cdo)
        act["dosageInstruction"] = [one for one in dosages if one]
        if not act["dosageInstruction"]:
            del act["dosageInstruction"]
    elif group.name == "RXA":
        act, product = administration_from_rxa(context, segment, request, about.as_fields())
        for rxr in group.segments("RXR"):
            add_rxr_to_administration(context, act, rxr)
    else:
        return None
    product.ingredients += [ingredient_from_rxc(context, rxc) for rxc in group.segments("RXC")]
    for prt in group.segments("PRT"):
        add_to_act(context, prt, act)
    set_medication(context, act, product)
    _notes(context, group, act)
    _observations(context, group, act, about)
    return product


def _notes(context: Context, group: Group, resource: Resource) -> None:
    """Add the comments of a group, those after its timings, routes and components included."""
    add_notes(context, group, resource)
    for part in group.all("TQ1", "TQ2", "RXR", "RXC", "RXV", "CDO", "PRT"):
        add_notes(context, part, resource)


def _observations(context: Context, group: Group, holder: Resource, about: About) -> None:
    """Map the OBX right below; what they belong to is what they are part of, or what they are based on."""
    link = "basedOn" if holder["resourceType"] == "MedicationRequest" else "partOf"
    for child in group.all("OBX"):
        assert child.segment is not None  # noqa: S101 - only the message itself has no segment
        owner = (context.scope, "medication", str(holder["id"]))
        fields = {**about.as_fields(), link: [reference(holder)]}
        observation = observation_from_obx(context, child.segment, owner, fields)
        add_notes(context, child, observation)
        for prt in child.segments("PRT"):
            add_to_observation(context, prt, observation)


def _finish(context: Context, order: Order, orc: Segment | None) -> None:
    set_medication(context, order.request, order.product)
    dosages = [add_tq1_to_dosage(context, order.request, order.dosage, tq1) for tq1 in order.timings]
    if not dosages and orc is not None and "timing" not in order.dosage:
        dosages = _timed(context, order.dosage, orc)
    if not dosages and order.dosage:
        dosages = [order.dosage]
    if len(dosages) > 1:
        dosages = [{"sequence": number, **one} for number, one in enumerate(dosages, start=1)]
    if dosages:
        order.request["dosageInstruction"] = dosages


def _timed(context: Context, dosage: Resource, orc: Segment) -> list[Resource]:
    """Return the dosage once for each timing of the common order segment (ORC-7, before 2.5)."""
    dosages = []
    for timing in orc.repetitions(7):
        dosages.append(deepcopy(dosage))
        add_tq_to_dosage(context, dosages[-1], timing, orc.location(7))
    return dosages
