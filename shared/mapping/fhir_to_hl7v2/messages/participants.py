"""
Everybody in a role -> ROL and PRT below what they have a part in, where the structure has the segment.

    below PID   CareTeam.participant; Patient.generalPractitioner that is a role
    below PV1   Encounter.participant that is a role, or of a kind that no field of PV1 takes
    below IN1   an extension of Coverage
    below OBR   whoever came in a PRT: requester, performer, interpreter, collector, who supports; places and devices

ROL stands there until 2.6 and with the patient still; PRT from 2.7 on. Who is not written is reported like anything
else that is not carried.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcn_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import table_code
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.prt import actors_of, prt_from, prts_from, prts_of_things
from shared.mapping.fhir_to_hl7v2.segments.pv1 import field_of_participant
from shared.mapping.fhir_to_hl7v2.segments.rol import describes_role, rol_from, rol_of_person
from shared.mapping.fhir_to_hl7v2.structure import has_segment, stands_after
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import PROVIDER_ROLE

_PARTICIPANT = f"{EXTENSIONS}participant"
_PRIMARY_CARE: Composite = ["PP", "Primary care provider", "HL70443"]
_PRIMARY_CARE_CODES = frozenset(("PP", "FHCP"))


def roles_of_patient(context: Context, patient: Resource) -> list[Draft]:
    """Return those who care for a patient, in a role or in a team."""
    source = context.source
    name = _segment(context, "PID")
    if not name:
        return []
    found: list[Draft | None] = []
    for role in _described(context, patient, "generalPractitioner"):
        codes = {one.get("code") for kind in role.get("code", ()) for one in kind.get("coding", ())}
        found.append(_role(context, name, role, None if codes & _PRIMARY_CARE_CODES else _PRIMARY_CARE))
    if name == "ROL" and not context.has_field("PD1", 4):
        for reference, actor in source.references(patient, "generalPractitioner"):
            if actor is None or not describes_role(actor):
                found.append(rol_of_person(_PRIMARY_CARE, xcn_from(context, reference, actor)))
    for team in source.all("CareTeam"):
        if source.reference(team, "subject") is not patient:
            continue
        source.whole(team, "status")
        found += [_participant(context, name, one, "member", "role") for one in source.items(team, "participant")]
    return [one for one in found if one is not None]


def roles_of_visit(context: Context, encounter: Resource) -> list[Draft]:
    """Return those who take part in a visit beyond the fields of PV1."""
    name = _segment(context, "PV1")
    found: list[Draft | None] = []
    for participant in context.source.items(encounter, "participant") if name else ():
        actor = context.source.find(participant.get("individual", {}))
        if (actor is not None and describes_role(actor)) or not field_of_participant(context, participant):
            found.append(_participant(context, name, participant, "individual", "type"))
    return [one for one in found if one is not None]


def roles_of_coverage(context: Context, coverage: Resource) -> list[Draft]:
    """Return those who have a part in an insurance."""
    name = _segment(context, "IN1")
    found = []
    for extension in context.extensions(coverage, _PARTICIPANT) if name else ():
        found += [_role(context, name, one) for one in _described(context, extension, "valueReference")]
    return found


def participations_of_order(
    context: Context, request: Resource | None, report: Resource | None, specimens: list[Resource]
) -> list[Draft]:
    """Return those who came in a PRT of the order or its report."""
    things = actors_of(context, request, "supportingInfo", "locationReference")
    actors = [
        *actors_of(context, request, "requester", "performer"),
        *(one for one in things if one["resourceType"] == "PractitionerRole"),
        *actors_of(context, report, "performer", "resultsInterpreter"),
    ]
    for specimen in specimens:
        actors += actors_of(context, specimen.get("collection"), "collector")
    if things and request is not None and has_segment(context, "PRT"):
        context.source.whole(request, "locationReference")
    # Where a role is stands in its own PRT.
    told = [id(place) for actor in actors for place in actors_of(context, actor, "location")]
    return prts_from(context, "OBR", actors) + prts_of_things(
        context, "OBR", [one for one in things if id(one) not in told]
    )


def _segment(context: Context, parent: str) -> str:
    """Return the segment that roles have below another one, "" where the structure has none there."""
    return next((name for name in ("ROL", "PRT") if stands_after(context, parent, name)), "")


def _role(context: Context, name: str, role: Resource, kind: Composite | None = None) -> Draft:
    return rol_from(context, role, kind) if name == "ROL" else prt_from(context, role, kind)


def _described(context: Context, element: Resource, name: str) -> Iterator[Resource]:
    for _, actor in context.source.references(element, name):
        if actor is not None and describes_role(actor):
            yield actor


def _participant(context: Context, segment: str, participant: Resource, member: str, kind: str) -> Draft | None:
    """Return the segment of a participant: its role, or in ROL the person with the kind that the participant has."""
    source, reference = context.source, participant.get(member, {})
    actor = source.find(reference)
    if actor is not None and describes_role(actor):
        source.whole(participant, member, kind, "period")
        return _role(context, segment, actor)
    if segment != "ROL":
        return None
    source.whole(participant, member)
    system = TERMINOLOGY + "v3-ParticipationType"
    code = table_code(context, source.one(participant, kind), "ROL-3", PROVIDER_ROLE, system)
    return rol_of_person(code, xcn_from(context, reference, actor))
