"""
PV1 -> Encounter (HL7 v2-to-FHIR guide, map PV1[Encounter]).

Policy: account, charges and contract are no part of a clinical record: they are dropped unless the message makes an
Account, which then holds them.

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
    Encounter.hospitalization.specialCourtesy    = PV1-16*  CWE
    Encounter.participant         = PV1-17*  XCN   ADM
    Encounter.extension           = PV1-18   AS-SENT
    Encounter.identifier          = PV1-19*  CX    VN
    Account.extension             = PV1-20..35*  AS-SENT  without an Account: dropped
    Encounter.hospitalization.dischargeDisposition = PV1-36  CWE
    Encounter.hospitalization.destination = PV1-37  CWE  a Location; what more it says: extension
    Encounter.hospitalization.dietPreference = PV1-38   CWE
    Encounter.extension           = PV1-39   AS-SENT
    Location.operationalStatus    = PV1-40   ID    of PV1-3, without it: extension
    Encounter.extension           = PV1-41   AS-SENT
    Encounter.location            = PV1-42   PL    reserved
    Encounter.location            = PV1-43   PL    completed
    Encounter.period.start        = PV1-44   DTM
    Encounter.period.end          = PV1-45   DTM
    Account.extension             = PV1-46..49*  AS-SENT  without an Account: dropped
    Encounter.identifier          = PV1-50*  CX
    Encounter.extension           = PV1-51   AS-SENT
    Encounter.participant         = PV1-52*  XCN   PART
    EpisodeOfCare.extension       = PV1-53   ST    resource-instance-description; without PV1-54: extension
    EpisodeOfCare.identifier      = PV1-54*  CX
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import NULL, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type, issuer_of
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.concept_maps import ENCOUNTER_CLASS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_PARTICIPANTS = (
    (7, "ATND", "attender"),
    (8, "REF", "referrer"),
    (9, "CON", "consultant"),
    (17, "ADM", "admitter"),
    (52, "PART", "Participation"),
)
_FINANCIAL = frozenset({*range(20, 36), *range(46, 50)})
# What is rarely there, so that its fields are looked for together.
_STAY = frozenset({5, 13, 14, 15, 16, 36, 37, 38})
_PLACES = frozenset({3, 6, 11, 40, 42, 43})
_EPISODE = frozenset({53, 54})
_NOT_CLINICAL = "account, charges and contract: not part of a clinical record"
_DESCRIPTION = "http://hl7.org/fhir/StructureDefinition/resource-instance-description"
_HOSPITALIZATION = (
    (13, "reAdmission", "HL70092"),
    (14, "admitSource", "HL70023"),
    (36, "dischargeDisposition", "HL70112"),
)
_WISHES = (
    (16, "specialCourtesy", "HL70099"),
    (15, "specialArrangement", "HL70009"),
    (38, "dietPreference", "HL70114"),
)


def encounter_from_pv1(context: Context, pv1: Segment, subject: Resource) -> Resource:
    """Return the Encounter; the visit number is its business key."""
    context.claim(pv1, TABLE)
    encounter = context.add("Encounter", *_key(context, pv1, subject))
    encounter["subject"] = subject
    filled = pv1.filled()
    _set_identifiers(context, encounter, pv1, filled)
    _set_class(context, encounter, pv1)
    if 44 in filled or 45 in filled:
        put_period(context, encounter, "period", pv1, 44, 45)
    encounter["status"] = _status(pv1)
    append(encounter, "type", concept(context, pv1, 4, "HL70007"))
    if service := concept(context, pv1, 10, "HL70069"):
        encounter["serviceType"] = service
    for number, code, words in _PARTICIPANTS:
        if number in filled:
            _add_participants(context, encounter, pv1, number, code, words)
    if not _STAY.isdisjoint(filled):
        _set_hospitalization(context, encounter, pv1, filled)
    if not _PLACES.isdisjoint(filled):
        _set_locations(context, encounter, pv1, filled)
    if not _EPISODE.isdisjoint(filled):
        _set_episode(context, encounter, pv1)
    carry(context, encounter, pv1, TABLE)
    for number in _FINANCIAL & filled:
        context.drop_field(pv1, number, _NOT_CLINICAL)
    return encounter


def bill(context: Context, account: Resource, pv1: Segment) -> None:
    """Put what PV1 says of charges and contract into the account of the visit."""
    if not (dropped := context.dropped_fields.get(pv1)):
        return
    for number in sorted(_FINANCIAL & dropped.keys()):
        del dropped[number]
        carry_field(account, pv1, number)


def is_visit(pv1: Segment) -> bool:
    """Tell whether PV1 is about a visit: messages about persons must send it, and have nothing to say there."""
    return pv1.text(2) not in ("", "N", "U") or any(raw and raw != NULL for raw in pv1.fields[3:])


def _key(context: Context, pv1: Segment, subject: Resource) -> tuple[str, ...]:
    visit = pv1.first(19)
    if visit is not None and visit.component(1):
        return "visit", scoped(context.scope, issuer_of(context, visit, 4)), visit.component(1)
    if "reference" in subject and (admitted := pv1.text(44)):
        return "admission", subject["reference"], admitted
    return "message", context.scope, context.message.control_id, str(pv1.occurrence)


def _set_identifiers(context: Context, encounter: Resource, pv1: Segment, filled: set[int]) -> None:
    for number in (19, 50):
        for repetition in pv1.repetitions(number) if number in filled else ():
            identifier = identifier_from_cx(context, repetition, pv1.location(number))
            if identifier and number == 19:
                identifier["type"] = _visit_number(identifier.get("type"))
            append(encounter, "identifier", identifier)
            if identifier is None:
                append(encounter, "extension", original_value(repetition.text()))


def _visit_number(kind: Resource | None) -> Resource:
    """Return the type of PV1-19: a visit number, and what its sender calls it."""
    number = identifier_type("VN")["coding"]
    own = [one for one in kind["coding"] if one not in number] if kind is not None else []
    return {"coding": [*number, *own], "text": "visit number"}


def _set_class(context: Context, encounter: Resource, pv1: Segment) -> None:
    if known := ENCOUNTER_CLASS.get(pv1.raw(2)):
        encounter["class"] = {"system": TERMINOLOGY + "v3-ActCode", "code": known}
        return
    first = pv1.first(2)
    code = first.component(1) if first else ""
    if known := ENCOUNTER_CLASS.get(code):
        encounter["class"] = {"system": TERMINOLOGY + "v3-ActCode", "code": known}
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


def _add_participants(context: Context, encounter: Resource, pv1: Segment, number: int, code: str, words: str) -> None:
    kind = {"coding": [{"system": TERMINOLOGY + "v3-ParticipationType", "code": code}], "text": words}
    for person in practitioners(context, pv1, number):
        append(encounter, "participant", {"type": [kind], "individual": reference(person)})


def _set_hospitalization(context: Context, encounter: Resource, pv1: Segment, filled: set[int]) -> None:
    stay: Resource = {}
    if pre := pv1.first(5):
        if identifier := identifier_from_cx(context, pre, pv1.location(5)):
            stay["preAdmissionIdentifier"] = identifier
        else:
            append(encounter, "extension", original_value(pre.text()))
    for number, element, table in _HOSPITALIZATION:
        if number in filled and (value := concept(context, pv1, number, table)):
            stay[element] = value
    for number, element, table in _WISHES:
        if number in filled and (values := concepts(context, pv1, number, table)):
            stay[element] = values
    if 37 in filled and (place := _destination(context, encounter, pv1)):
        stay["destination"] = reference(place)
    if stay:
        encounter["hospitalization"] = stay


def _destination(context: Context, encounter: Resource, pv1: Segment) -> Resource | None:
    """Return the Location that a DLD names (its first component)."""
    sent = pv1.first(37)
    if sent is None:
        return None
    code, words = sent.subcomponent(1, 1), sent.subcomponent(1, 2)
    if len(sent.parts) > 1 or sent.text() not in (code, words) or not (code or words):
        carry_field(encounter, pv1, 37)
    if not (code or words):
        return None
    place = context.shared("Location", context.scope, "discharged to", code or words)
    place["name"] = words or code
    return place


def _set_episode(context: Context, encounter: Resource, pv1: Segment) -> None:
    """Make the visit part of its episode of care (PV1-54); how far that is PV1 does not tell, but it has begun."""
    number = pv1.first(54)
    if number is None or not number.component(1) or "reference" not in encounter["subject"]:
        for field in (53, 54):
            carry_field(encounter, pv1, field)
        return
    episode = context.shared(
        "EpisodeOfCare", scoped(context.scope, issuer_of(context, number, 4)), number.component(1)
    )
    for repetition in pv1.repetitions(54):
        append(episode, "identifier", identifier_from_cx(context, repetition, pv1.location(54)))
    episode["status"] = "active"
    episode["patient"] = encounter["subject"]
    if (described := pv1.first(53)) and (words := described.text()):
        append(episode, "extension", {"url": _DESCRIPTION, "valueString": words})
    append(encounter, "episodeOfCare", reference(episode))


def _set_locations(context: Context, encounter: Resource, pv1: Segment, filled: set[int]) -> None:
    here = "completed" if pv1.text(45) else "planned" if pv1.text(2) == "P" else "active"
    bed: Resource | None = None
    for number, status in ((3, here), (6, "completed"), (11, here), (42, "reserved"), (43, "completed")):
        if number in filled and (sent := pv1.first(number)) and (place := location_from_pl(context, sent)):
            append(encounter, "location", {"location": reference(place), "status": status})
            bed = place if number == 3 else bed
    if bed is not None and (state := pv1.text(40)):
        bed["operationalStatus"] = {"system": TERMINOLOGY + "v2-0116", "code": " ".join(state.split())}
    elif 40 in filled:
        carry_field(encounter, pv1, 40)
