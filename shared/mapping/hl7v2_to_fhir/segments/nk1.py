"""
NK1 -> Patient.contact (HL7 v2-to-FHIR guide, map NK1[Patient]).

    [dropped]                    = NK1-1    numbers the segment
    Patient.contact.name         = NK1-2*   XPN   further names: extension
    Patient.contact.relationship = NK1-3    CWE
    Patient.contact.address      = NK1-4    XAD
    Patient.contact.telecom      = NK1-5*   XTN   home
    Patient.contact.telecom      = NK1-6*   XTN   work
    Patient.contact.relationship = NK1-7    CWE
    Patient.contact.period.start = NK1-8    DTM
    Patient.contact.period.end   = NK1-9    DTM
    Patient.contact.extension    = NK1-10..12*  AS-SENT
    Patient.contact.organization = NK1-13   XON
    Patient.contact.extension    = NK1-14   AS-SENT
    Patient.contact.gender       = NK1-15   CWE
    Patient.contact.extension    = NK1-16..29*  AS-SENT
    Patient.contact.name         = NK1-30   XPN   contact person; where NK1-2 names another: extension
    Patient.contact.telecom      = NK1-31*  XTN
    Patient.contact.extension    = NK1-32..41*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad, contact_from_xtn
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import AS_SENT, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.pid import set_gender

TABLE = table_of(__doc__)

_FURTHER_NAME = "urn:corridor:extension:further-name"


def add_nk1(context: Context, patient: Resource, nk1: Segment) -> None:
    """Add the next of kin to the patient's contacts."""
    context.claim(nk1, TABLE)
    contact: Resource = {}
    for number, table in ((3, "HL70063"), (7, "HL70131")):
        append(contact, "relationship", concept(context, nk1, number, table))
    _set_names(context, contact, nk1)
    for number, use in ((5, "home"), (6, "work"), (31, "")):
        for repetition in nk1.repetitions(number):
            append(contact, "telecom", contact_from_xtn(context, repetition, nk1.location(number), use))
    if (place := nk1.first(4)) and (address := address_from_xad(context, place, nk1.location(4))):
        contact["address"] = address
    if gender := nk1.first(15):
        set_gender(contact, gender)
    if (named := nk1.first(13)) and (organization := organization_from_xon(context, named)):
        contact["organization"] = reference(organization)
    period: Resource = {}
    put_date_time(context, period, "start", nk1, 8)
    put_date_time(context, period, "end", nk1, 9)
    if period:
        contact["period"] = period
    for number, rule in TABLE.rules.items():
        if rule.datatype == AS_SENT:
            carry_field(contact, nk1, number)
    if contact and not contact.keys() & {"name", "telecom", "address", "organization"}:
        # pat-1: a contact says at least who or where; what we have is kept.
        contact["name"] = {"text": "not named"}
    append(patient, "contact", contact)


def _set_names(context: Context, contact: Resource, nk1: Segment) -> None:
    for number in (2, 30):
        for repetition in nk1.repetitions(number):
            name = name_from_xpn(context, repetition, nk1.location(number))
            if name and "name" in contact:
                append(contact, "extension", {"url": _FURTHER_NAME, "valueHumanName": name})
            elif name:
                contact["name"] = name
