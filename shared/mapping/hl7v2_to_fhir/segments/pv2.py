"""
PV2 -> Encounter (HL7 v2-to-FHIR guide, map PV2[Encounter]); what the guide leaves out as sent.

Policy: the visit description (PV2-12) is kept as sent: the guide would have it as narrative, which we do not write.

    Encounter.location    = PV2-1    PL    planned
    Encounter.extension   = PV2-2*   AS-SENT
    Encounter.reasonCode  = PV2-3    CWE
    Encounter.extension   = PV2-4..7*  AS-SENT
    Encounter.extension[plannedStartDate] = PV2-8  DTM
    Encounter.extension[plannedEndDate]   = PV2-9  DTM
    Encounter.extension   = PV2-10   AS-SENT
    Encounter.length      = PV2-11   NM    days; no number: extension
    Encounter.extension   = PV2-12   AS-SENT
    Encounter.participant = PV2-13*  XCN   REF
    Encounter.extension   = PV2-14..24*  AS-SENT
    Encounter.priority    = PV2-25   CWE
    Encounter.extension   = PV2-26..37*  AS-SENT
    Encounter.extension[modeOfArrival]    = PV2-38  CWE
    Encounter.extension   = PV2-39..50*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, translated
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.systems import TERMINOLOGY, UCUM
from shared.terminology.visit_maps import VISIT_PRIORITY

TABLE = table_of(__doc__)

_PLANNED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter."
_ARRIVAL = "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival"
_REFERRER = {"coding": [{"system": TERMINOLOGY + "v3-ParticipationType", "code": "REF"}], "text": "referrer"}


def add_pv2(context: Context, encounter: Resource, pv2: Segment) -> None:
    """Add what PV2 says to the encounter."""
    context.claim(pv2, TABLE)
    append(encounter, "reasonCode", concept(context, pv2, 3))
    for number, name in ((8, "plannedStartDate"), (9, "plannedEndDate")):
        expected: Resource = {}
        put_date_time(context, expected, "valueDateTime", pv2, number)
        if expected:
            append(encounter, "extension", {"url": _PLANNED + name, **expected})
    if place := location_from_pl(context, pv2.first(1)):
        append(encounter, "location", {"location": reference(place), "status": "planned"})
    if any(pv2.fields[11:]):
        _add_details(context, encounter, pv2)
    carry(context, encounter, pv2, TABLE)


def _add_details(context: Context, encounter: Resource, pv2: Segment) -> None:
    """Add who referred the patient, how long the visit takes, how urgent it is, how the patient came."""
    for person in practitioners(context, pv2, 13):
        append(encounter, "participant", {"type": [_REFERRER], "individual": reference(person)})
    _set_length(encounter, pv2)
    if priority := translated(context, pv2, 25, VISIT_PRIORITY, TERMINOLOGY + "v3-ActPriority"):
        encounter["priority"] = priority
    if arrival := concept(context, pv2, 38, "HL70430"):
        for coding in arrival.get("coding", ()):
            append(encounter, "extension", {"url": _ARRIVAL, "valueCoding": coding})
        if "coding" not in arrival or arrival.get("text", "") not in str(arrival["coding"]):
            carry_field(encounter, pv2, 38)


def _set_length(encounter: Resource, pv2: Segment) -> None:
    days = decimal(pv2.text(11)) if pv2.text(11) else None
    if days is None:
        carry_field(encounter, pv2, 11)
    else:
        encounter["length"] = {"value": days, "unit": "d", "system": UCUM, "code": "d"}
