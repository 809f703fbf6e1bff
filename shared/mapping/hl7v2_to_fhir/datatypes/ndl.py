"""
NDL -> PractitionerRole, or Practitioner where the NDL only names somebody (guide, map NDL[PractitionerRole]).

    PractitionerRole.practitioner  NDL 1, a CNN        PractitionerRole.period    NDL 2, 3
    PractitionerRole.location      NDL 4 to 11, as a PL        PractitionerRole.code      by the field, table 0912
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import PARTICIPATION, practitioner_from_ndl
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.times import period

_BEFORE_PLACE, _AFTER_PLACE = 3, 11


def actor_from_ndl(context: Context, repetition: Repetition, code: str, location: str) -> Resource | None:
    """Return who is named; in a role where a time or a place is given too. None when nobody is named."""
    person = practitioner_from_ndl(context, repetition)
    if person is None or not any(repetition.parts[1:]):
        return person
    role = context.shared("PractitionerRole", "named", str(person["id"]), code, repetition.text())
    role["practitioner"] = reference(person)
    role["code"] = [{"coding": [{"system": PARTICIPATION, "code": code}]}]
    period(context, role, "period", repetition, location, 2)
    parts = repetition.delimiters.component.join(repetition.parts[_BEFORE_PLACE:_AFTER_PLACE])
    if place := location_from_pl(context, Repetition(parts, repetition.delimiters)):
        role["location"] = [reference(place)]
    return role
