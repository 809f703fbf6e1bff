"""
PID -> Patient (HL7 v2-to-FHIR guide, map PID[Patient]).

    [dropped]                     = PID-1     numbers the segment
    Patient.identifier            = PID-2*    CX
    Patient.identifier            = PID-3*    CX
    Patient.identifier            = PID-4*    CX
    Patient.name                  = PID-5*    XPN
    Patient.extension[mothersMaidenName] = PID-6*  XPN
    Patient.birthDate             = PID-7     DTM   with a time: extension patient-birthTime
    Patient.gender                = PID-8     CWE   table 0001; no translation: extension original-code
    Patient.name                  = PID-9*    XPN   alias
    Patient.extension[race]       = PID-10*   CWE   `pid_origin` says how, as of 17, 22, 26..28, 35, 36, 39
    Patient.address               = PID-11*   XAD
    Patient.address.district      = PID-12    ID
    Patient.telecom               = PID-13*   XTN   home
    Patient.telecom               = PID-14*   XTN   work
    Patient.communication         = PID-15    CWE   BCP 47 first
    Patient.maritalStatus         = PID-16    CWE
    Patient.extension[religion]   = PID-17    CWE
    Patient.identifier            = PID-18    CX    account number, AN
    Patient.identifier            = PID-19    ID    SS
    Patient.identifier            = PID-20    ST    DL, a DLN: its issuer, until when it is valid
    RelatedPerson.identifier      = PID-21*   CX    the mother: `pid_mother`
    Patient.extension[ethnicity]  = PID-22*   CWE
    Patient.extension[birthPlace] = PID-23    ST
    Patient.multipleBirthBoolean  = PID-24    ID
    Patient.multipleBirthInteger  = PID-25    NM
    Patient.extension[citizenship] = PID-26*  CWE
    Patient.extension[veteranMilitaryStatus] = PID-27  CWE
    Patient.extension[nationality] = PID-28   CWE
    Patient.deceasedDateTime      = PID-29    DTM
    Patient.deceasedBoolean       = PID-30    ID
    Patient.extension             = PID-31..34*  AS-SENT
    Patient.extension[animal]     = PID-35    CWE
    Patient.extension[animal]     = PID-36    CWE
    Patient.extension             = PID-37..38*  AS-SENT
    Patient.extension[tribalAffiliation] = PID-39*  CWE
    Patient.telecom               = PID-40*   XTN
"""

from __future__ import annotations

from functools import lru_cache

from shared.errors import Issue
from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_code, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type, issuer_of
from shared.mapping.hl7v2_to_fhir.datatypes.languages import language
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn, names_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, in_fhir, put_date, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.pid_mother import mother_from_pid
from shared.mapping.hl7v2_to_fhir.segments.pid_origin import add_origin
from shared.partners.profile import NO_QUIRKS
from shared.terminology.concept_maps import GENDER, MARITAL_STATUS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_STANDARD = "http://hl7.org/fhir/StructureDefinition/"
_SSN = "http://hl7.org/fhir/sid/us-ssn"
_YES_NO = frozenset("YN")
_PREFERRED_TYPES = ("MR", "PI", "PT")


def patient_from_pid(context: Context, pid: Segment) -> Resource:
    """Return the Patient; the best identifier is its business key."""
    context.claim(pid, TABLE)
    numbers = pid.repetitions(3)
    patient = context.add("Patient", *_key(context, pid, numbers))
    _set_identifiers(context, patient, pid, numbers)
    _set_names(context, patient, pid)
    add_contacts(context, patient, pid, (13, "home"), (14, "work"), (40, ""))
    _set_gender(context, patient, pid)
    _set_birth(context, patient, pid)
    _set_death(context, patient, pid)
    _set_addresses(context, patient, pid)
    _set_civil(context, patient, pid)
    add_origin(context, patient, pid)
    mother_from_pid(context, patient, pid)
    carry(context, patient, pid, TABLE)
    return patient


def _key(context: Context, pid: Segment, numbers: list[Repetition]) -> tuple[str, ...]:
    found = None
    if (number := _mrn_field(context)) != 3:
        found = patient_key(context, pid.repetitions(number))
    if found is None:
        found = patient_key(context, numbers + pid.repetitions(2))
    return found or (context.scope, "message", context.message.control_id, str(pid.occurrence))


def patient_key(context: Context, identifiers: list[Repetition]) -> tuple[str, ...] | None:
    """Return the business key that a patient with these identifiers (CX) has; None where none has a number."""
    candidates = [repetition for repetition in identifiers if repetition.component(1)]
    for kind in (*_PREFERRED_TYPES, ""):
        for repetition in candidates:
            if not kind or repetition.component(5) == kind:
                issuer = issuer_of(context, repetition, 4) or context.partner.quirks.mrn_authority
                return scoped(context.scope, issuer), repetition.component(1)
    return None


def _mrn_field(context: Context) -> int:
    """Return the number of the field that holds the medical record number (policy: PID-3, unless the partner says)."""
    if context.partner.quirks is NO_QUIRKS:
        return 3
    return int(context.partner.quirks.mrn.removeprefix("PID-"))


def _complete_mrn(identifier: Resource, authority: str) -> None:
    """Say of a number in the sender's own field for it that it is the medical record number, and whose."""
    identifier.setdefault("type", identifier_type("MR"))
    if authority and not identifier.keys() & {"system", "assigner"}:
        identifier["system"] = authority


def _set_identifiers(context: Context, patient: Resource, pid: Segment, numbers: list[Repetition]) -> None:
    own, mrn = context.partner.quirks, _mrn_field(context)
    quirks = None if own is NO_QUIRKS or own == NO_QUIRKS else own
    for number in (3, 2, 4, 18):
        for repetition in numbers if number == 3 else pid.repetitions(number):
            location = pid.location(number)
            identifier = identifier_from_cx(context, repetition, location)
            if identifier is None:
                append(patient, "extension", original_value(repetition.text()))
                continue
            if number == 18 and "type" not in identifier:
                identifier["type"] = identifier_type("AN")
            if quirks is not None and number == mrn:
                _complete_mrn(identifier, quirks.mrn_authority)
            append(patient, "identifier", identifier)
            if "system" not in identifier and "assigner" in identifier:
                context.issues.append(_without_uri(location))
    if value := pid.text(19):
        append(patient, "identifier", {"type": identifier_type("SS"), "system": _SSN, "value": value})
    if licence := pid.first(20):
        _add_licence(context, patient, licence, pid.location(20))


@lru_cache(maxsize=64)
def _without_uri(location: str) -> Issue:
    """Return what is reported of an identifier in `location` whose authority is no URI: most messages have one."""
    text = "The authority has no URI: the identifier leaves without a system."
    return Issue("information", "value", "authority-without-uri", f"{location}.4", text)


def _add_licence(context: Context, patient: Resource, licence: Repetition, location: str) -> None:
    """Add a driver's licence (DLN): its number, who issued it, until when it is valid."""
    number, issuer = licence.component(1), licence.component(2)
    if not number:
        append(patient, "extension", original_value(licence.text()))
        return
    identifier: Resource = {"type": identifier_type("DL"), "value": number}
    if len(licence.parts) > 3:
        append(identifier, "extension", original_value(licence.text()))
    if issuer:
        identifier["assigner"] = {"display": issuer}
    period: Resource = {}
    date_time(context, period, "end", licence, location, 3)
    if period:
        identifier["period"] = period
    append(patient, "identifier", identifier)


def _set_names(context: Context, patient: Resource, pid: Segment) -> None:
    for number in (5, 9):
        for repetition in pid.repetitions(number):
            for found in names_from_xpn(context, repetition, pid.location(number)):
                append(patient, "name", found)
    for repetition in pid.repetitions(6):
        if name := name_from_xpn(context, repetition, pid.location(6)):
            text = " ".join((*name.get("given", ()), name.get("family", ""))).strip()
            url = f"{_STANDARD}patient-mothersMaidenName"
            append(patient, "extension", {"url": url, "valueString": text or repetition.text()})
            if name.keys() - {"given", "family"}:
                append(patient, "extension", original_value(repetition.text()))


def _set_gender(context: Context, patient: Resource, pid: Segment) -> None:
    local = context.local_code("PID-8", pid.text(8)) if context.partner.code_maps else None
    if local is None and (gender := GENDER.get(pid.raw(8))):
        patient["gender"] = gender
    elif (first := pid.first(8)) is not None:
        set_gender(patient, first, local.code if local else "")


def set_gender(element: Resource, value: Repetition, meaning: str = "") -> None:
    """Set the administrative gender of a person; a sender's own code, whatever its meaning, is kept."""
    code = value.component(1)
    if gender := meaning or GENDER.get(code.upper()):
        element["gender"] = gender
    if code and (meaning or not gender):
        extend(element, "gender", original_code(TERMINOLOGY + "v2-0001", code))
    if len(value.parts) > 1:
        extend(element, "gender", original_value(value.text()))


def _set_birth(context: Context, patient: Resource, pid: Segment) -> None:
    moment = put_date(context, patient, "birthDate", pid, 7)
    if moment is not None and moment.hour:
        value, exact = in_fhir(context, moment)
        if exact:
            extend(patient, "birthDate", {"url": f"{_STANDARD}patient-birthTime", "valueDateTime": value})
        else:
            extend(patient, "birthDate", original_value(pid.text(7)))
    if place := pid.field(23).text().strip() if pid.raw(23) else "":
        append(patient, "extension", {"url": f"{_STANDARD}patient-birthPlace", "valueAddress": {"text": place}})
    if any(pid.fields[24:26]):
        _set_multiple_birth(patient, pid)


def _set_multiple_birth(patient: Resource, pid: Segment) -> None:
    order, multiple = pid.text(25), pid.text(24)
    number = decimal(order) if order else None
    if isinstance(number, int):
        patient["multipleBirthInteger"] = number
    elif order:
        carry_field(patient, pid, 25)
    if multiple and (multiple not in _YES_NO or "multipleBirthInteger" in patient):
        carry_field(patient, pid, 24)
    elif multiple:
        patient["multipleBirthBoolean"] = multiple == "Y"


def _set_death(context: Context, patient: Resource, pid: Segment) -> None:
    put_date_time(context, patient, "deceasedDateTime", pid, 29)
    indicator = pid.text(30)
    if indicator and ("deceasedDateTime" in patient or indicator not in _YES_NO):
        carry_field(patient, pid, 30)
    elif indicator and "_deceasedDateTime" not in patient:
        patient["deceasedBoolean"] = indicator == "Y"
    elif indicator:
        carry_field(patient, pid, 30)


def _set_addresses(context: Context, patient: Resource, pid: Segment) -> None:
    for repetition in pid.repetitions(11):
        append(patient, "address", address_from_xad(context, repetition, pid.location(11)))
    if county := pid.text(12):
        addresses = patient.setdefault("address", [])
        if len(addresses) == 1 and addresses[0].get("district", county) == county:
            addresses[0]["district"] = county
        else:
            addresses.append({"district": county})


def _set_civil(context: Context, patient: Resource, pid: Segment) -> None:
    if spoken := language(context, pid, 15):
        patient["communication"] = [{"language": spoken}]
    if status := concept(context, pid, 16, "HL70002"):
        if code := MARITAL_STATUS.get(pid.text(16)):
            status["coding"].insert(0, {"system": TERMINOLOGY + "v3-MaritalStatus", "code": code})
        patient["maritalStatus"] = status
