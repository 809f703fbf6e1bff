"""
Encounter -> PV1.

    Encounter.class               = PV1-2    CWE   table 0004; P planned; without an Encounter N, not about a visit
    Encounter.location            = PV1-3    PL    active; else the last
    Encounter.type                = PV1-4    CWE   of table 0007, else the first
    Encounter.hospitalization.preAdmissionIdentifier = PV1-5  CX
    Encounter.location            = PV1-6    PL    completed, the last before PV1-3
    Encounter.participant         = PV1-7*   XCN   ATND; a role that ROL tells only where nobody else is there
    Encounter.participant         = PV1-8*   XCN   REF
    Encounter.participant         = PV1-9*   XCN   CON
    Encounter.serviceType         = PV1-10   CWE
    Encounter.hospitalization.reAdmission   = PV1-13   CWE
    Encounter.hospitalization.admitSource   = PV1-14   CWE
    Encounter.hospitalization.specialArrangement = PV1-15*  CWE
    Encounter.hospitalization.specialCourtesy    = PV1-16   CWE
    Encounter.participant         = PV1-17*  XCN   ADM
    Encounter.identifier          = PV1-19   CX    VN, else the first
    Account.extension             = PV1-20..35*  AS-SENT
    Encounter.hospitalization.dischargeDisposition = PV1-36  CWE
    Encounter.hospitalization.destination = PV1-37  DLD
    Encounter.hospitalization.dietPreference = PV1-38   CWE
    Location.operationalStatus    = PV1-40   ID    until 2.7
    Encounter.location            = PV1-42   PL    reserved
    Encounter.period.start        = PV1-44   DTM
    Encounter.period.end          = PV1-45   DTM
    Account.extension             = PV1-46..49*  AS-SENT
    Encounter.identifier          = PV1-50*  CX    all others
    Encounter.participant         = PV1-52*  XCN   PART, until 2.7
    EpisodeOfCare.extension       = PV1-53   ST
    EpisodeOfCare.identifier      = PV1-54   CX
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, codes_from, cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.rol import describes_role
from shared.mapping.fhir_to_hl7v2.structure import stands_after
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.concept_maps import ENCOUNTER_CLASS
from shared.terminology.system_names import table_system
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import ADMIT_SOURCE, DISCHARGE_DISPOSITION

TABLE = table_of(__doc__)

_PARTICIPANTS = {"ATND": 7, "REF": 8, "CON": 9, "ADM": 17, "PART": 52, "PPRF": 7}
_STAY = (
    (13, "reAdmission", "HL70092"),
    (15, "specialArrangement", "HL70009"),
    (16, "specialCourtesy", "HL70099"),
    (38, "dietPreference", "HL70114"),
)
_PREADMIT = "P"
_DESCRIPTION = "http://hl7.org/fhir/StructureDefinition/resource-instance-description"
_RESERVED, _PLANNED, _COMPLETED = "reserved", "planned", "completed"
_PLACES = {_RESERVED: 42, _COMPLETED: 6}


def pv1_from(context: Context, encounter: Resource | None) -> Draft:
    """Return PV1; a message that is not about a visit says so."""
    draft = Draft("PV1", TABLE)
    if encounter is None:
        draft.put(2, "N")
        return draft
    source = context.source
    source.whole(encounter, "status", "subject", "account", "diagnosis", "partOf")
    _set_class(context, draft, encounter)
    _set_identifiers(context, draft, encounter)
    _set_places(context, draft, encounter)
    _set_people(context, draft, encounter)
    draft.put(10, cwe_from(context, source.one(encounter, "serviceType"), "PV1-10", "HL70069"))
    start, end = bounds(context, source.one(encounter, "period"))
    if expects(context, encounter):
        # A visit that is only planned has begun nowhere: PV2 says when it is expected.
        draft.fields[2] = [[_PREADMIT]]
    else:
        draft.put(44, start)
        draft.put(45, end)
    _set_stay(context, draft, source.one(encounter, "hospitalization"))
    _set_episode(context, draft, encounter)
    context.restore(draft, encounter, *_accounts(context, encounter))
    return draft


def expects(context: Context, encounter: Resource) -> bool:
    """Tell whether a visit is only planned in a message that says neither that it begins nor that it ends."""
    return context.event == "A08" and encounter.get("status") == _PLANNED


def _accounts(context: Context, encounter: Resource) -> list[Resource]:
    return [found for _, found in context.source.references(encounter, "account") if found is not None]


def _set_class(context: Context, draft: Draft, encounter: Resource) -> None:
    source = context.source
    coding = source.one(encounter, "class") or {}
    code, system = source.text(coding, "code"), source.text(coding, "system")
    source.whole(coding, "display")
    sent = code if system == table_system("HL70004") else back(ENCOUNTER_CLASS, code)
    draft.put(2, sent or _CLASSES.get(code, "U"))
    for kind in source.items(encounter, "type"):
        systems = [one.get("system") for one in kind.get("coding", ())]
        if table_system("HL70004") in systems:
            draft.fields[2] = [cwe_from(context, kind, "PV1-2", "HL70004") or ["U"]]
        elif not draft.has(4):
            draft.put(4, cwe_from(context, kind, "PV1-4", "HL70007"))


# Classes of v3-ActCode that no code of table 0004 turns into, by what they mean.
_CLASSES = {"ACUTE": "I", "NONAC": "I", "OBSENC": "I", "SS": "O", "VR": "O", "HH": "O", "FLD": "O"}


def _set_identifiers(context: Context, draft: Draft, encounter: Resource) -> None:
    identifiers = context.source.items(encounter, "identifier")
    visit = next((one for one in identifiers if is_of(one, "VN")), identifiers[0] if identifiers else None)
    for identifier in identifiers:
        draft.put(19 if identifier is visit else 50, cx_from(context, identifier))


def _set_places(context: Context, draft: Draft, encounter: Resource) -> None:
    source = context.source
    entries = sorted(source.items(encounter, "location"), key=_recency, reverse=True)
    usual = [one for one in entries if one.get("status") not in (_RESERVED, _PLANNED)]
    current = next(iter(usual or [one for one in entries if one.get("status") == _PLANNED]), None)
    for entry in entries:
        status = str(entry.get("status", ""))
        number = 3 if entry is current else _PLACES.get(status, 0)
        # PV2-1 takes what is planned; another place of the same time is no prior one.
        if not number or draft.has(number):
            continue
        place = source.named(entry, "location", "Location")
        source.whole(entry, "status", "physicalType", "period")
        draft.put(number, pl_from(context, place))
        bed = source.one(place, "operationalStatus") if place is not None else None
        if number == 3 and bed is not None and context.has_field("PV1", 40):
            source.whole(bed, "system", "display")
            draft.put(40, source.text(bed, "code"))


def _recency(entry: Resource) -> tuple[bool, bool, str]:
    """Return what sorts the place where the patient is, or was last, behind all others."""
    period, status = entry.get("period", {}), entry.get("status")
    return status == "active", status != _COMPLETED, str(period.get("start") or period.get("end") or "")


def field_of_participant(context: Context, participant: Resource) -> int:
    """Return the field of a participant's kind, 0 where the version has none."""
    codes = [one.get("code") for kind in participant.get("type", ()) for one in kind.get("coding", ())]
    number = next((_PARTICIPANTS[str(code)] for code in codes if code in _PARTICIPANTS), 0)
    return number if context.has_field("PV1", number) else 0


def _set_people(context: Context, draft: Draft, encounter: Resource) -> None:
    """Set the people of the visit; those whose role ROL tells only where a field has nobody else."""
    source, has_roles = context.source, stands_after(context, "PV1", "ROL")
    roles = []
    for participant in source.items(encounter, "participant"):
        number = field_of_participant(context, participant)
        if not number:
            continue
        source.whole(participant, "type", "period")
        actor = source.find(participant.get("individual", {}))
        if has_roles and actor is not None and describes_role(actor):
            roles.append((number, participant))
        else:
            draft.put(number, *xcns_from(context, participant, "individual"))
    taken = set(draft.fields)
    for number, participant in roles:
        if number not in taken:
            draft.put(number, *xcns_from(context, participant, "individual"))


def _set_stay(context: Context, draft: Draft, stay: Resource | None) -> None:
    if stay is None:
        return
    source = context.source
    draft.put(5, cx_from(context, source.one(stay, "preAdmissionIdentifier")))
    for number, name, table in _STAY:
        draft.put(number, *codes_from(context, stay, name, f"PV1-{number}", table))
    came = source.one(stay, "admitSource")
    draft.put(14, table_code(context, came, "PV1-14", ADMIT_SOURCE, TERMINOLOGY + "admit-source"))
    left = source.one(stay, "dischargeDisposition")
    draft.put(36, table_code(context, left, "PV1-36", DISCHARGE_DISPOSITION, TERMINOLOGY + "discharge-disposition"))
    if place := source.named(stay, "destination", "Location"):
        source.whole(place, "mode")
        draft.put(37, source.text(place, "name"))


def _set_episode(context: Context, draft: Draft, encounter: Resource) -> None:
    source = context.source
    if not context.has_field("PV1", 54):
        return
    for _, episode in source.references(encounter, "episodeOfCare"):
        if episode is None:
            continue
        source.whole(episode, "status", "patient", "diagnosis")
        numbers: list[Composite | None] = [cx_from(context, one) for one in source.items(episode, "identifier")]
        draft.put(54, *numbers)
        for words in context.extensions(episode, _DESCRIPTION):
            draft.put(53, str(words.get("valueString", "")))
