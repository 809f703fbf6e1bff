"""
PRA -> PractitionerRole, Practitioner (policy: the guide has no map for master files).

    PractitionerRole.extension     = PRA-1..2*  AS-SENT
    PractitionerRole.code          = PRA-3*   CWE   table 0186
    PractitionerRole.extension     = PRA-4    AS-SENT
    PractitionerRole.specialty     = PRA-5*   the words; board and certification as sent
    Practitioner.identifier        = PRA-6*   number, type, issuer
    PractitionerRole.extension     = PRA-7*   AS-SENT
    PractitionerRole.period.start  = PRA-8    DTM
    PractitionerRole.organization  = PRA-9    AS-SENT
    PractitionerRole.period.end    = PRA-10   DTM
    PractitionerRole.extension     = PRA-11*  AS-SENT
    [dropped]                      = PRA-12   numbers the segment
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe
from shared.mapping.hl7v2_to_fhir.segments.prd import identifier_from_pln
from shared.mapping.hl7v2_to_fhir.segments.stf import staff_role

TABLE = table_of(__doc__)


def role_from_pra(context: Context, pra: Segment, person: Resource) -> Resource:
    """Return the PractitionerRole of a practitioner; without an institution it is the one that STF describes."""
    institution = pra.text(9) or pra.text(9, 2)
    role = staff_role(context, person, *((institution,) if institution else ()))
    if organization := organization_from_cwe(context, pra, 9):
        role["organization"] = reference(organization)
    for code in concepts(context, pra, 3, "HL70186"):
        append(role, "code", code)
    for repetition in pra.repetitions(5):
        append(role, "specialty", _specialty(repetition))
    for repetition in pra.repetitions(6):
        number = identifier_from_pln(repetition)
        append(person, "identifier", number)
        if number is None:
            append(person, "extension", original_value(repetition.text()))
    _set_period(context, role, pra)
    carry_into(context, role, pra, TABLE)
    return role


def _specialty(repetition: Repetition) -> Resource:
    words = repetition.component(1)
    specialty: Resource = {"text": words} if words else {}
    if len(repetition.parts) > 1:
        append(specialty, "extension", original_value(repetition.text()))
    return specialty


def _set_period(context: Context, role: Resource, pra: Segment) -> None:
    """Set when the person entered and left practice; where the role has a period already, it is kept as sent."""
    period: Resource = {}
    put_date_time(context, period, "start", pra, 8)
    put_date_time(context, period, "end", pra, 10)
    if period and role.setdefault("period", period) != period:
        for number in (8, 10):
            carry_field(role, pra, number)
