"""
ROL and PRT by where they stand (HL7 v2-to-FHIR guide, message map ADT_A01).

    below PID   the primary care provider (PP, FHCP): Patient.generalPractitioner; anybody else: CareTeam.participant
    below PV1   Encounter.participant
    below PR1   Procedure.performer
    below PTH   CarePlan.contributor (policy)
    below IN1   an extension of the Coverage (policy: it has no element for them)
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.segments.prt import role_from_prt
from shared.mapping.hl7v2_to_fhir.segments.rol import role_from_rol

_ROLES = ("ROL", "PRT")
_PRIMARY_CARE = frozenset({"PP", "FHCP"})


def add_roles(context: Context, group: Group, resource: Resource) -> None:
    """Add everybody in a role right below the group to the resource that the group became."""
    if context.names.isdisjoint(_ROLES):
        return
    for segment in group.segments(*_ROLES):
        if segment.name == "ROL":
            role, code = role_from_rol(context, segment, str(resource["id"])), segment.text(3)
        else:
            role, code = role_from_prt(context, segment, str(resource["id"])), segment.text(4)
        _ADD.get(resource["resourceType"], _extend)(context, resource, role, code)


def _to_patient(context: Context, patient: Resource, role: Resource, code: str) -> None:
    if code not in _PRIMARY_CARE:
        team = context.shared("CareTeam", str(patient["id"]))
        team.update(status="active", subject=reference(patient))
        append(team, "participant", {**_of(role, "role"), "member": reference(role)})
    elif role.get("active", True):
        append(patient, "generalPractitioner", reference(role))


def _to_encounter(context: Context, encounter: Resource, role: Resource, code: str) -> None:
    append(encounter, "participant", {**_of(role, "type"), "individual": reference(role)})


def _to_procedure(context: Context, procedure: Resource, role: Resource, code: str) -> None:
    performer: Resource = {"actor": reference(role)}
    if functions := role.get("code"):
        performer["function"] = functions[0]
    append(procedure, "performer", performer)


def _to_plan(context: Context, plan: Resource, role: Resource, code: str) -> None:
    append(plan, "contributor", reference(role))


def _extend(context: Context, resource: Resource, role: Resource, code: str) -> None:
    append(resource, "extension", {"url": f"{EXTENSIONS}participant", "valueReference": reference(role)})


def _of(role: Resource, name: str) -> Resource:
    """Return the code and the period of a role as a participant has them."""
    found: Resource = {name: role["code"]} if "code" in role else {}
    if "period" in role:
        found["period"] = role["period"]
    return found


_ADD = {"Patient": _to_patient, "Encounter": _to_encounter, "Procedure": _to_procedure, "CarePlan": _to_plan}
