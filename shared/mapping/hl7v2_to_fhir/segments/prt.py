"""
PRT -> PractitionerRole, Location, Device: whoever took part (HL7 v2-to-FHIR guide, maps PRT[...]).

In what, and as what, the place of the segment decides: `roles` for patient and visit, `participations` for orders.

    PractitionerRole.identifier    = PRT-1   EI
    PractitionerRole.active        = PRT-2   AS-SENT  false where it is deleted
    PractitionerRole.extension     = PRT-3   AS-SENT
    PractitionerRole.code          = PRT-4   CWE   table 0912
    PractitionerRole.practitioner  = PRT-5*  XCN   the first; further ones: extension
    PractitionerRole.specialty     = PRT-6*  CWE
    Organization.type              = PRT-7   CWE   without PRT-8: extension
    PractitionerRole.organization  = PRT-8*  XON   the first; further ones: extension
    PractitionerRole.location      = PRT-9*  PL
    Device.identifier              = PRT-10* EI
    PractitionerRole.period.start  = PRT-11  DTM
    PractitionerRole.period.end    = PRT-12  DTM
    PractitionerRole.extension     = PRT-13  AS-SENT
    Practitioner.address           = PRT-14* XAD   without a person: extension
    PractitionerRole.telecom       = PRT-15* XTN
    Device.udiCarrier              = PRT-16  EI
    Device.manufactureDate         = PRT-17  DTM
    Device.expirationDate          = PRT-18  DTM
    Device.lotNumber               = PRT-19  ST
    Device.serialNumber            = PRT-20  ST
    Device.distinctIdentifier      = PRT-21  ST
    Device.type                    = PRT-22  CWE
    PractitionerRole.extension     = PRT-23..24*  AS-SENT

Policy: in an order, a place or a device alone makes no role; what describes the participation then goes, as sent, into
extensions of the place or the device.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.devices import device_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.practitioner_role import RoleFields, practitioner_role
from shared.terminology.visit_maps import PARTICIPATION

TABLE = table_of(__doc__)

_FIELDS = RoleFields(
    codes=PARTICIPATION,
    identifier=1,
    action=2,
    role=4,
    person=5,
    start=11,
    end=12,
    specialty=6,
    addresses=14,
    telecoms=15,
    location=9,
    organization=8,
)
# Any of these makes a role; without one, the others describe a place or a device.
_OF_A_ROLE = (5, 6, 8, 11, 12, 15)
_NOT_OF_A_PLACE = (1, 4, 14)


@dataclass(slots=True)
class Participation:
    """Who took part in an order or result, and as what (table 0912)."""

    code: str
    role: Resource | None = None
    places: list[Resource] = field(default_factory=list)
    devices: list[Resource] = field(default_factory=list)


def role_from_prt(context: Context, prt: Segment, owner: str) -> Resource:
    """Return the PractitionerRole of whoever has a part in `owner` (the id of a resource), with the devices."""
    role = _role(context, prt, owner)
    for device in _devices(context, prt):
        append(role, "extension", {"url": f"{EXTENSIONS}device", "valueReference": reference(device)})
    carry_into(context, role, prt, TABLE)
    return role


def participation_from_prt(context: Context, prt: Segment, holder: Resource) -> Participation | None:
    """Return who has a part in `holder`, None where the segment deletes them or names nobody and nothing."""
    if prt.text(2) == "D":
        context.drop(prt, "a participation that no longer holds")
        return None
    found = Participation(prt.text(4) or prt.text(4, 4), None, [], _devices(context, prt))
    found.places = [place for one in prt.repetitions(9) if (place := location_from_pl(context, one))]
    if any(prt.first(number) for number in _OF_A_ROLE):
        found.role = _role(context, prt, str(holder["id"]))
    first = found.role or next(iter((*found.places, *found.devices)), holder)
    if found.role is None:
        for number in (*_NOT_OF_A_PLACE, 7):
            carry_field(first, prt, number)
    carry_into(context, first, prt, TABLE)
    return found


def _role(context: Context, prt: Segment, owner: str) -> Resource:
    role = practitioner_role(context, prt, _FIELDS, owner)
    if kind := concept(context, prt, 7, "HL70406"):
        named = prt.first(8)
        organization = organization_from_xon(context, named) if named is not None else None
        if organization is not None:
            append(organization, "type", kind)
        else:
            carry_field(role, prt, 7)
    return role


def _devices(context: Context, prt: Segment) -> list[Resource]:
    """Return the devices of PRT-10; what PRT-16 and the following say is of the first, or of one without a number."""
    found = [device for one in prt.repetitions(10) if (device := device_from_ei(context, one))]
    if not any(prt.first(number) for number in range(16, 23)):
        return found
    if not found:
        said = (prt.field(number).text() for number in (16, 19, 20, 21, 22))
        found.append(context.shared("Device", context.scope, *said))
    _describe(context, found[0], prt)
    return found


def _describe(context: Context, device: Resource, prt: Segment) -> None:
    """Add what PRT-16 to PRT-22 say of a device; what it says otherwise already is kept as sent."""
    carrier = prt.first(16)
    if carrier is not None and (number := carrier.component(1)):
        append(device, "udiCarrier", {"deviceIdentifier": number})
        if len(carrier.parts) > 1:
            carry_field(device, prt, 16)
    for name, place in (("manufactureDate", 17), ("expirationDate", 18)):
        if name in device:
            carry_field(device, prt, place)
        else:
            put_date_time(context, device, name, prt, place)
    for name, place in (("lotNumber", 19), ("serialNumber", 20), ("distinctIdentifier", 21)):
        text = _text(prt, place)
        if text and device.setdefault(name, text) != text:
            carry_field(device, prt, place)
    if (kind := concept(context, prt, 22)) and device.setdefault("type", kind) != kind:
        carry_field(device, prt, 22)


def _text(prt: Segment, number: int) -> str:
    first = prt.first(number)
    return first.text().strip() if first is not None else ""
