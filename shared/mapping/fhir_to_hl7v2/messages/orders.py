"""
Requests, reports, specimens and observations -> the order groups of ORU^R01, OML^O21 and ORM^O01.

    DiagnosticReport                  ORC and OBR with the ServiceRequest that it is based on; OBX of its results
    ServiceRequest without a report   ORC and OBR; OBX of the observations that support it
    Observation that no report names  OBX of the request that it is based on (ORU), members of a panel after it
    Observation that nothing names    an OBR of its own code; one that has members is the OBR of theirs (ORU)
    Condition that is a reason        DG1 below the order (OML, ORM)
    Specimen                          SPM where the message has it, else OBR-15
    Attachment of a report            OBX of type ED or RP
"""

from __future__ import annotations

from shared.errors import RejectedError
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.messages.participants import participations_of_order
from shared.mapping.fhir_to_hl7v2.messages.patient import patient_drafts, patient_of, visit_of
from shared.mapping.fhir_to_hl7v2.messages.standing import holds, standing
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments import obx as obx_segment
from shared.mapping.fhir_to_hl7v2.segments.dg1 import dg1_from
from shared.mapping.fhir_to_hl7v2.segments.nte import instructions_from, ntes_from
from shared.mapping.fhir_to_hl7v2.segments.obr import obr_from, obr_from_observation, set_specimen
from shared.mapping.fhir_to_hl7v2.segments.obx import obxs_from
from shared.mapping.fhir_to_hl7v2.segments.obx_value import attachment_from
from shared.mapping.fhir_to_hl7v2.segments.orc import orc_from
from shared.mapping.fhir_to_hl7v2.segments.orders import Order, requester_of
from shared.mapping.fhir_to_hl7v2.segments.orders import Requester as Asking
from shared.mapping.fhir_to_hl7v2.segments.spm import spm_from
from shared.mapping.fhir_to_hl7v2.segments.tq1 import put_tq, tq1_from
from shared.mapping.fhir_to_hl7v2.structure import has_segment


def oru_drafts(context: Context) -> list[Draft]:
    """Return the segments of an ORU^R01 after MSH."""
    orders = orders_of(context)
    loose = [one for one in loose_observations(context) if not _answers(context, one, orders)]
    drafts = patient_drafts(context, patient_of(context))
    groups = [order_group(context, one, reports=True) for one in orders]
    groups += [_panel(context, one) for one in loose]
    return drafts + _required(groups, "DiagnosticReport")


def order_drafts(context: Context) -> list[Draft]:
    """Return the segments of an OML^O21 or ORM^O01 after MSH."""
    orders = orders_of(context)
    groups = []
    reasons: list[Resource] = []
    for order in orders:
        group = order_group(context, order, reports=False)
        found = _reasons(context, order)
        reasoned = [dg1_from(context, one, visit_of(context)) for one in found if holds(one)]
        group.children[0].below(*reasoned)
        reasons += found
        groups.append(group)
    drafts = patient_drafts(context, patient_of(context), elsewhere=reasons)
    provenance = context.source.provenance
    notes = ntes_from(context, provenance) if provenance is not None else []
    return notes + drafts + _required(groups, "ServiceRequest")


def _reasons(context: Context, order: Order) -> list[Resource]:
    """Return the conditions that are reasons of a request."""
    return [
        one for one in context.source.meant(order.request, "reasonReference") if one["resourceType"] == "Condition"
    ]


def _required(groups: list[Draft], kind: str) -> list[Draft]:
    if not groups:
        text = f"The message needs a {kind}."
        raise RejectedError("missing-element", f"Bundle.entry.resource.ofType({kind})", text)
    return groups


def orders_of(context: Context) -> list[Order]:
    """Return every order of the bundle: of its reports, then of the requests that have none."""
    source, orders, asked = context.source, [], set()
    for report in source.all("DiagnosticReport"):
        found = source.meant(report, "basedOn")
        request = next((one for one in found if one["resourceType"] == "ServiceRequest"), None)
        asked.add(id(request))
        orders.append(_order(context, request, report))
    requests = standing(source.all("ServiceRequest"))
    orders += [_order(context, one, None) for one in requests if id(one) not in asked]
    return orders


def _order(context: Context, request: Resource | None, report: Resource | None) -> Order:
    source = context.source
    order = Order(request, report)
    named = source.meant(report, "result") + source.meant(request, "supportingInfo")
    found = [one for one in named if one["resourceType"] == "Observation"]
    listed, taken = {id(one) for one in found}, set[int]()
    for one in found:
        # What is listed in a place of its own stands there, not behind the panel that it is in.
        parts = [part for part in _with_members(context, one) if part is one or id(part) not in listed]
        order.observations += [part for part in parts if id(part) not in taken]
        taken |= {id(part) for part in parts}
    return order


def _specimens(context: Context, order: Order) -> list[Resource]:
    """Return the specimens of an order's report, request and observations, each once."""
    resources = (order.report, order.request, *order.observations)
    found = (one for resource in resources for one in context.source.meant(resource, "specimen"))
    return list({id(one): one for one in found}.values())


def _with_members(context: Context, observation: Resource) -> list[Resource]:
    """Return an observation and the members of its panel, theirs too, each once."""
    found, waiting = dict[int, Resource](), [observation]
    while waiting:
        one = waiting.pop()
        if id(one) not in found:
            found[id(one)] = one
            members = context.source.meant(one, "hasMember")
            waiting += [part for part in reversed(members) if part["resourceType"] == "Observation"]
    return list(found.values())


def _answers(context: Context, observation: Resource, orders: list[Order]) -> bool:
    """Give an observation that no report names to the order that it is based on; tell whether there is one."""
    asked = [id(found) for found in context.source.meant(observation, "basedOn")]
    order = next((one for one in orders if id(one.request) in asked and "result" not in (one.report or {})), None)
    if order is not None:
        order.observations += _with_members(context, observation)
    return order is not None


def loose_observations(context: Context) -> list[Resource]:
    """Return the observations that nothing else names and that are part of nothing."""
    source, named = context.source, set[int]()
    for kind, names in (
        ("DiagnosticReport", ("result",)),
        ("ServiceRequest", ("supportingInfo",)),
        ("Observation", ("hasMember",)),
    ):
        for resource in source.all(kind):
            for name in names:
                named |= {id(found) for found in source.meant(resource, name)}
    for document in source.all("DocumentReference"):
        related = document.get("context", {}).get("related", ())
        named |= {id(found) for one in related if (found := source.find(one)) is not None}
    return [one for one in source.all("Observation") if id(one) not in named and not one.get("partOf")]


def order_group(context: Context, order: Order, *, reports: bool) -> Draft:
    """Return ORC with all segments of the order below it."""
    request, report = order.request, order.report
    specimens = _specimens(context, order)
    requester = requester_of(context, request) if request is not None else Asking()
    orc = orc_from(context, order, requester, reports=reports)
    obr = obr_from(context, order, requester)
    orc.below(obr)
    if request is not None:
        put_tq(context, obr, request)
        # TQ1 stands before OBR where something is ordered, after it where it is reported.
        (obr if reports else orc).below(tq1_from(context, request))
        obr.below(*ntes_from(context, request), *instructions_from(context, request))
    if report is not None:
        obr.below(*_conclusion(context, report))
    obr.below(*participations_of_order(context, request, report, specimens))
    obr.below(*_observations(context, order))
    _put_specimens(context, obr, specimens)
    return orc


def _conclusion(context: Context, report: Resource) -> list[Draft]:
    """Return the conclusion of a report as a comment, its coded form as what it is: not carried."""
    words = context.source.text(report, "conclusion")
    drafts = ntes_from(context, report)
    if words:
        note = Draft("NTE", obx_segment.TABLE)
        note.fields[3] = [[line] for line in words.split("\n")]
        drafts.append(note)
    return drafts


def _observations(context: Context, order: Order) -> list[Draft]:
    """Return the OBX of an order in its order of observations, attachments that are none of them at the end."""
    drafts: list[Draft] = []
    attached, alone = _attachments(context, order.report, order.observations) if order.report is not None else ({}, [])
    for observation in order.observations:
        attachment = attached.get(id(observation))
        drafts += [attachment] if attachment is not None else obxs_from(context, observation, order.report)
    return drafts + alone


def _attachments(
    context: Context, report: Resource, observations: list[Resource]
) -> tuple[dict[int, Draft], list[Draft]]:
    """Return the attachments of a report: by the observation that says `as-text`, and those in an OBX of their own."""
    source, owned, alone = context.source, dict[int, Draft](), list[Draft]()
    for attachment in source.items(report, "presentedForm"):
        title = str(attachment.get("title", ""))
        owner = next((one for one in observations if id(one) not in owned and _holds(one, title)), None)
        value = attachment_from(context, attachment)
        if not value.repetitions:
            continue
        draft = Draft("OBX", obx_segment.TABLE)
        if owner is not None:
            draft = owned[id(owner)] = obxs_from(context, owner, report)[0]
        else:
            alone.append(draft)
        draft.put(3, cwe_from(context, source.one(report, "code"), "OBX-3") if not draft.has(3) else None)
        draft.fields[2], draft.fields[5] = [[value.datatype]], value.repetitions
        draft.put(11, "F" if not draft.has(11) else None)
    return owned, alone


def _holds(observation: Resource, title: str) -> bool:
    reason = observation.get("dataAbsentReason", {})
    is_text = any(one.get("code") == "as-text" for one in reason.get("coding", ()))
    return is_text and title in (observation.get("code", {}).get("text", ""), "")


def _panel(context: Context, observation: Resource) -> Draft:
    """Return the OBR of an observation that no report names, its members or itself below."""
    members = _with_members(context, observation)[1:]
    draft = obr_from_observation(context, observation)
    has_value = any(name.startswith("value") or name == "component" for name in observation)
    for one in [*([observation] if has_value or not members else []), *members]:
        draft.below(*obxs_from(context, one, None))
    if members and not has_value:
        context.source.whole(observation, "subject", "encounter", "category", "performer", "dataAbsentReason")
    _put_specimens(context, draft, _specimens(context, Order(observations=[observation, *members])))
    return draft


def _put_specimens(context: Context, obr: Draft, specimens: list[Resource]) -> None:
    """Put what specimens say into OBR, where it is about one alone, and SPM, where the message has it."""
    if len(specimens) == 1:
        set_specimen(context, obr, specimens[0])
    if has_segment(context, "SPM"):
        obr.below(*(spm_from(context, one) for one in specimens))
    for specimen in specimens:
        context.source.use(specimen)
