"""
PV1, PV2 -> Encounter (HL7 v2-to-FHIR guide, map PV1[Encounter]).

    [dropped]                     = PV1-1    numbers the segment
    Encounter.class               = PV1-2    CWE   table 0004
    Encounter.location            = PV1-3    PL    active, completed once discharged
    Encounter.type                = PV1-4    CWE
    Encounter.hospitalization.preAdmissionIdentifier = PV1-5  CX
    Encounter.location            = PV1-6    PL    completed
    Encounter.participant         = PV1-7*   XCN   ATND
    Encounter.participant         = PV1-8*   XCN   REF
    Encounter.participant         = PV1-9*   XCN   CON
    Encounter.serviceType         = PV1-10   CWE
    Encounter.location            = PV1-11   PL    active
    Encounter.extension           = PV1-12*  AS-SENT
    Encounter.hospitalization.reAdmission   = PV1-13   CWE
    Encounter.hospitalization.admitSource   = PV1-14   CWE
    Encounter.hospitalization.specialArrangement = PV1-15*  CWE
    Encounter.hospitalization.specialCourtesy    = PV1-16   CWE
    Encounter.participant         = PV1-17*  XCN   ADM
    Encounter.extension           = PV1-18   AS-SENT
    Encounter.identifier          = PV1-19   CX    VN
    [dropped]                     = PV1-20..34  account, charges and contract: not part of a clinical record
    [dropped]                     = PV1-35   account, charges and contract: not part of a clinical record
    Encounter.hospitalization.dischargeDisposition = PV1-36  CWE
    Encounter.extension           = PV1-37   AS-SENT
    Encounter.hospitalization.dietPreference = PV1-38   CWE
    Encounter.extension           = PV1-39..41*  AS-SENT
    Encounter.location            = PV1-42   PL    reserved
    Encounter.location            = PV1-43   PL    completed
    Encounter.period.start        = PV1-44   DTM
    Encounter.period.end          = PV1-45   DTM
    [dropped]                     = PV1-46..49  account, charges and contract: not part of a clinical record
    Encounter.identifier          = PV1-50*  CX
    Encounter.extension           = PV1-51   AS-SENT
    Encounter.participant         = PV1-52*  XCN   PART
    Encounter.extension           = PV1-53..54*  AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import location_from_pl, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type, issuer_of
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of
from shared.terminology.concept_maps import ENCOUNTER_CLASS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_PARTICIPANTS = ((7, "ATND"), (8, "REF"), (9, "CON"), (17, "ADM"), (52, "PART"))
_HOSPITALIZATION = ((13, "reAdmission"), (14, "admitSource"), (16, "specialCourtesy"), (36, "dischargeDisposition"))


def encounter_from_pv1(context: Context, pv1: Segment, subject: Resource) -> Resource:
    """Return the Encounter; the visit number is its business key."""
    context.claim(pv1, TABLE)
    encounter = context.add("Encounter", *_key(context, pv1, subject))
    encounter["subject"] = subject
    _set_identifiers(context, encounter, pv1)
    _set_class(context, encounter, pv1)
    period: Resource = {}
    put_date_time(context, period, "start", pv1, 44)
    put_date_time(context, period, "end", pv1, 45)
    if period:
        encounter["period"] = period
    encounter["status"] = _status(pv1)
    append(encounter, "type", concept(context, pv1, 4, "HL70007"))
    if service := concept(context, pv1, 10, "HL70069"):
        encounter["serviceType"] = service
    for number, code in _PARTICIPANTS:
        kind = {"coding": [{"system": TERMINOLOGY + "v3-ParticipationType", "code": code}]}
        for person in practitioners(context, pv1, number):
            append(encounter, "participant", {"type": [kind], "individual": reference(person)})
    _set_hospitalization(context, encounter, pv1)
    _set_locations(context, encounter, pv1)
    carry(context, encounter, pv1, TABLE)
    return encounter


def _key(context: Context, pv1: Segment, subject: Resource) -> tuple[str, ...]:
    visit = pv1.first(19)
    if visit is not None and visit.component(1):
        return "visit", scoped(context.scope, issuer_of(context, visit, 4)), visit.component(1)
    if "reference" in subject and (admitted := pv1.text(44)):
        return "admission", subject["reference"], admitted
    return "message", context.scope, context.message.control_id, str(pv1.occurrence)


def _set_identifiers(context: Context, encounter: Resource, pv1: Segment) -> None:
    for number in (19, 50):
        for repetition in pv1.repetitions(number):
            identifier = identifier_from_cx(context, repetition, pv1.location(number))
            if identifier and number == 19:
                identifier.setdefault("type", identifier_type("VN"))
            append(encounter, "identifier", identifier)
            if identifier is None:
                append(encounter, "extension", original_value(repetition.text()))


def _set_class(context: Context, encounter: Resource, pv1: Segment) -> None:
    first = pv1.first(2)
    code = first.component(1) if first else ""
    if known := ENCOUNTER_CLASS.get(code):
        encounter["class"] = {"system": TERMINOLOGY + "v3-ActCode", "code": known}
        if first is not None and len(first.parts) > 1:
            append(encounter, "type", concept(context, pv1, 2, "HL70004"))
    else:
        encounter["class"] = {"system": TERMINOLOGY + "v2-0004", "code": code or "U"}
        if first is not None and (not code or len(first.parts) > 1):
            append(encounter, "type", concept(context, pv1, 2, "HL70004"))
    if " " in encounter["class"]["code"]:
        encounter["class"]["code"] = " ".join(code.split())


def _status(pv1: Segment) -> str:
    """Return the status as far as PV1 tells it: a result alone does not say whether the visit is over."""
    if pv1.text(45):
        return "finished"
    if pv1.text(2) == "P":
        return "planned"
    return "in-progress" if pv1.text(44) else "unknown"


def _set_hospitalization(context: Context, encounter: Resource, pv1: Segment) -> None:
    stay: Resource = {}
    if pre := pv1.first(5):
        if identifier := identifier_from_cx(context, pre, pv1.location(5)):
            stay["preAdmissionIdentifier"] = identifier
        else:
            append(encounter, "extension", original_value(pre.text()))
    for number, element in _HOSPITALIZATION:
        if value := concept(context, pv1, number):
            stay[element] = [value] if element == "specialCourtesy" else value
    if arrangements := concepts(context, pv1, 15, "HL70009"):
        stay["specialArrangement"] = arrangements
    if diet := concepts(context, pv1, 38):
        stay["dietPreference"] = diet
    if stay:
        encounter["hospitalization"] = stay


def _set_locations(context: Context, encounter: Resource, pv1: Segment) -> None:
    here = "completed" if pv1.text(45) else "active"
    for number, status in ((3, here), (6, "completed"), (11, here), (42, "reserved"), (43, "completed")):
        if place := location_from_pl(context, pv1.first(number)):
            append(encounter, "location", {"location": reference(place), "status": status})
