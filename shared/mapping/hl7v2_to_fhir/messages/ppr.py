"""
PPR^PC1-PC3, PGL, PPP, PPG and the answers PRR, PPV, PTR, PPT -> transaction Bundle (policy: the guide has no map).

    PRB    Condition                  PTH    CarePlan           VAR   note of what it is about
    GOL    Goal                       ROL, PRT    as everywhere (`roles`); whoever has a part in a plan contributes
    OBX    Observation: evidence of a problem, outcome of a goal, supporting information of a plan
    ORC    the order with all that stands below it, as in every message of orders (`order_resources`)
    PID, PV1 ...    see `patient`     MSA, ERR, QRD, QRF    see `query_parts`

Which of the three hangs under which is the message type's; what stands below another is linked with it: a goal or a
plan addresses the problem, a plan has the goal, an order is an activity of the plan, a problem its reason.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Message
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, Openers, tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.order_choices import map_medication
from shared.mapping.hl7v2_to_fhir.messages.order_groups import read_groups
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, map_order
from shared.mapping.hl7v2_to_fhir.messages.query_parts import add_answer, add_query
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.messages.roles import add_roles
from shared.mapping.hl7v2_to_fhir.segments.gol import goal_from_gol
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.prb import condition_from_prb
from shared.mapping.hl7v2_to_fhir.segments.pth import care_plan_from_pth
from shared.mapping.hl7v2_to_fhir.segments.var import add_var

_CARE = {"PRB": condition_from_prb, "GOL": goal_from_gol, "PTH": care_plan_from_pth}
_ORDERS = ("ORC", "OBR", "RXO", "RXE")
# From the outermost group to the innermost; what is not named hangs under the outermost.
_NESTING = {
    **dict.fromkeys(("PGL", "PPV"), ("GOL", "PRB")),
    **dict.fromkeys(("PPP", "PTR"), ("PTH", "PRB", "GOL")),
    **dict.fromkeys(("PPG", "PPT"), ("PTH", "GOL", "PRB")),
}
_OF_A_PROBLEM = ("PRB", "GOL")
# (what stands below, what it stands below) -> the element that links the two, and which of them has it.
_LINKS = {
    ("Goal", "Condition"): ("addresses", "below"),
    ("CarePlan", "Condition"): ("addresses", "below"),
    ("Condition", "Goal"): ("addresses", "above"),
    ("CarePlan", "Goal"): ("goal", "below"),
    ("Condition", "CarePlan"): ("addresses", "above"),
    ("Goal", "CarePlan"): ("goal", "above"),
    ("Observation", "Goal"): ("outcomeReference", "above"),
    ("Observation", "CarePlan"): ("supportingInfo", "above"),
}
# Where a request has the problem that it is for, and the goal that it is to reach.
_SUPPORTS = {
    ("ServiceRequest", "Condition"): "reasonReference",
    ("ServiceRequest", "Goal"): "supportingInfo",
    ("MedicationRequest", "Condition"): "reasonReference",
    ("MedicationRequest", "Goal"): "supportingInformation",
}


def openers(code: str) -> Openers:
    """Return which segment hangs under which in a message of this type."""
    nesting = _NESTING.get(code, _OF_A_PROBLEM)
    inner = tuple(reversed(nesting))
    rows: dict[str, tuple[str, ...]] = {**patient.OPENERS, **dict.fromkeys(_CARE, (nesting[0], "PID", ""))}
    for position, name in enumerate(nesting):
        rows[name] = (*reversed(nesting[:position]), "PID", "")
    loose = () if "PTH" in nesting else ("PTH",)
    rows["ORC"] = (nesting[0], "PID", "")
    rows |= dict.fromkeys(("OBR", "RXO", "RXE"), ("ORC", nesting[0], "PID", ""))
    rows |= dict.fromkeys(("RXR", "RXC", "TQ1", "TQ2"), ("RXE", "RXO", "OBR", "ORC"))
    rows["OBX"] = ("OBR", "ORC", *inner, "PV1", "PID", "")
    for name in ("ROL", "PRT"):
        rows[name] = (*(("OBX", "OBR", "ORC") if name == "PRT" else ()), *loose, *inner, *patient.OPENERS[name])
    rows["VAR"] = ("OBX", "OBR", "ORC", "ROL", *loose, *inner, "PID", "")
    return rows


def bundle_from_ppr(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    add_answer(context)
    add_query(context)
    rows = openers(message.code)
    root = tree(message.segments[1:], rows)
    for group in patient.adopt(root, rows) or [root]:
        scene = Scene(context, patient.about_patient(context, group), provenance)
        add_observations(context, group, scene.about)
        _add_care(scene, group, [])
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _add_care(scene: Scene, group: Group, above: list[Resource]) -> None:
    """Map the problems, goals, pathways, results and orders below the group; `above` are those that it is below of."""
    context = scene.context
    for child in group.children:
        assert child.segment is not None  # noqa: S101 - only the message itself has no segment
        if make := _CARE.get(child.name):
            resource = make(context, child.segment, scene.fields)
            _link(resource, above)
            add_notes(context, child, resource)
            add_roles(context, child, resource)
            _add_variances(context, child, resource)
            _add_care(scene, child, [*above, resource])
        elif child.name == "OBX" and above:
            _add_observation(scene, child, above)
        elif child.name in _ORDERS:
            _add_orders(scene, child, above)


def _link(resource: Resource, above: list[Resource]) -> None:
    for other in above:
        name, holder = _LINKS[resource["resourceType"], other["resourceType"]]
        subject, target = (resource, other) if holder == "below" else (other, resource)
        append(subject, name, reference(target))


def _add_observation(scene: Scene, group: Group, above: list[Resource]) -> None:
    """Add a result to the problem, goal or pathway right above it."""
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    holder = above[-1]
    owner = (scene.context.scope, "care", str(holder["id"]))
    observation = observation_from_obx(scene.context, group.segment, owner, scene.fields)
    attach(scene.context, None)
    add_notes(scene.context, group, observation)
    add_roles(scene.context, group, observation)
    _add_variances(scene.context, group, observation)
    if holder["resourceType"] == "Condition":
        append(holder, "evidence", {"detail": [reference(observation)]})
    else:
        _link(observation, [holder])


def _add_orders(scene: Scene, group: Group, above: list[Resource]) -> None:
    """Add the orders of a group, read as in every message of orders."""
    below = [one for one in (group, *group.walk()) if one.segment is not None and one.name != "VAR"]
    sent = scene.context.message
    segments = [one.segment for one in below if one.segment is not None]
    reading = read_groups(Message([sent.header, *segments], sent.delimiters, sent.charset, ()))
    for order in (order for one in reading.patients for order in one.orders):
        request, _ = map_medication(scene, order) if order.is_medication else map_order(scene, order, reports=False)
        for other in above:
            if other["resourceType"] == "CarePlan":
                append(other, "activity", {"reference": reference(request)})
            else:
                append(request, _SUPPORTS[request["resourceType"], other["resourceType"]], reference(other))
        for one in (group, *group.walk()):
            for var in one.segments("VAR"):
                add_var(scene.context, request, var)


def _add_variances(context: Context, group: Group, resource: Resource) -> None:
    """Add the variances of a resource, and those of the roles in it."""
    for holder in (group, *group.all("ROL")):
        for var in holder.segments("VAR"):
            add_var(context, resource, var)


MAP = MessageMap("hl7v2-ppr", "1.1.3", bundle_from_ppr)
