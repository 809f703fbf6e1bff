"""
ACC -> the visit's Encounter, else the Account or the Patient: an accident (no map in the guide: our policy).

Each field is an extension `acc-1`, `acc-2` ... of the data type that FHIR has for it.

    Encounter.extension = ACC-1      DTM   dateTime
    Encounter.extension = ACC-2      CWE   CodeableConcept
    Encounter.extension = ACC-3..6*  AS-SENT
    Encounter.extension = ACC-7*     XCN   a reference to the Practitioner
    Encounter.extension = ACC-8..10* AS-SENT
    Encounter.extension = ACC-11*    XAD   Address; one that names no place as sent
    Encounter.extension = ACC-12..13* AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioner_from_xcn
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)

_URL = f"{EXTENSIONS}acc-"


def add_accident(context: Context, holder: Resource, acc: Segment) -> None:
    """Add the accident to what the message has for it."""
    carry_into(context, holder, acc, TABLE)
    when: Resource = {}
    put_date_time(context, when, "valueDateTime", acc, 1)
    if when:
        append(holder, "extension", {"url": f"{_URL}1", **when})
    if kind := concept(context, acc, 2, "HL70050"):
        append(holder, "extension", {"url": f"{_URL}2", "valueCodeableConcept": kind})
    for sent in acc.repetitions(7):
        if person := practitioner_from_xcn(context, sent, acc.location(7)):
            append(holder, "extension", {"url": f"{_URL}7", "valueReference": reference(person)})
        elif text := sent.text().strip("^& "):
            append(holder, "extension", original_value(text))
    for sent in acc.repetitions(11):
        if address := address_from_xad(context, sent, acc.location(11)):
            append(holder, "extension", {"url": f"{_URL}11", "valueAddress": address})
        elif text := sent.text().strip("^& "):
            append(holder, "extension", original_value(text))
