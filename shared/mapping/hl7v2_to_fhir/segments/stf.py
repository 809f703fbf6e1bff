"""
STF -> Practitioner, PractitionerRole (policy: the guide has no map for master files).

    Practitioner.extension         = STF-1    AS-SENT  an identifier too, where STF-2 has none
    Practitioner.identifier        = STF-2*   CX
    Practitioner.name              = STF-3*   XPN
    PractitionerRole.code          = STF-4*   CWE   table 0182
    Practitioner.gender            = STF-5    table 0001; no translation: extension
    Practitioner.birthDate         = STF-6    DTM
    Practitioner.active            = STF-7    AS-SENT  table 0183; false also where the record is withdrawn
    PractitionerRole.extension     = STF-8..9*  AS-SENT
    Practitioner.telecom           = STF-10*  XTN
    Practitioner.address           = STF-11*  XAD
    PractitionerRole.period.start  = STF-12*  AS-SENT  the first date
    PractitionerRole.period.end    = STF-13*  AS-SENT  the first date
    Practitioner.extension         = STF-14*  AS-SENT
    Practitioner.telecom           = STF-15*  ST    e-mail
    Practitioner.extension         = STF-16..17*  AS-SENT
    PractitionerRole.code.text     = STF-18   ST
    PractitionerRole.extension     = STF-19..20*  AS-SENT
    Practitioner.extension         = STF-21..41*  AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import issuer_of
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, put_date
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of
from shared.mapping.hl7v2_to_fhir.segments.master_file_fields import is_active
from shared.mapping.hl7v2_to_fhir.segments.related_person import PersonFields, describe

TABLE = table_of(__doc__)

_FIELDS = PersonFields(names=(3,), addresses=(11,), telecoms=((10, ""),), gender=5, identifiers=(2,))
_OF_THE_ROLE = (4, 8, 9, 12, 13, 18, 19, 20)


def practitioner_from_stf(context: Context, stf: Segment, event: str) -> Resource:
    """Return the Practitioner; `event` is that of the record (table 0180). Mentioned elsewhere, it is the same one."""
    context.claim(stf, TABLE)
    person = context.shared("Practitioner", *_key(context, stf))
    for name, value in describe(context, stf, _FIELDS).items():
        if isinstance(value, list):
            for one in value:
                append(person, name, one)
        else:
            person[name] = value
    moment = put_date(context, person, "birthDate", stf, 6)
    if moment is not None and moment.hour:
        extend(person, "birthDate", original_value(stf.text(6)))
    if "identifier" not in person and (value := stf.text(1)):
        person["identifier"] = [{"value": value}]
    for repetition in stf.repetitions(15):
        if mail := repetition.text().strip():
            append(person, "telecom", {"system": "email", "value": mail})
    person["active"] = is_active(context, stf, 7, event)
    carry(context, person, stf, TABLE)
    return person


def role_from_stf(context: Context, stf: Segment, person: Resource) -> Resource | None:
    """Return the PractitionerRole that STF describes, None where it describes none."""
    if not any(stf.first(number) for number in _OF_THE_ROLE):
        return None
    role = staff_role(context, person)
    for code in concepts(context, stf, 4, "HL70182"):
        append(role, "code", code)
    title = stf.first(18)
    if title is not None and (words := title.text().strip()):
        append(role, "code", {"text": words})
    period: Resource = {}
    for name, number in (("start", 12), ("end", 13)):
        if (sent := stf.first(number)) is not None:
            # A DIN: the date, and the institution.
            date_time(context, period, name, Repetition(sent.parts[0], sent.delimiters), stf.location(number))
    if period:
        role["period"] = period
    carry(context, role, stf, TABLE)
    return role


def staff_role(context: Context, person: Resource, *key: str) -> Resource:
    """Return the role of a member of staff; the person and the key, an institution, are its business key."""
    role = context.shared("PractitionerRole", "staff", str(person["id"]), *key)
    role["practitioner"] = reference(person)
    return role


def _key(context: Context, stf: Segment) -> tuple[str, ...]:
    """Return what names the person in every other message, else the key of the record."""
    for repetition in stf.repetitions(2):
        if value := repetition.component(1):
            return scoped(context.scope, issuer_of(context, repetition, 4)), repetition.component(5), value
    return "staff", context.scope, stf.field(1).text() or f"{context.message.control_id} {stf.label}"
