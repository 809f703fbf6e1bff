"""
RF1 -> ServiceRequest, a referral (policy: the guide has no map for it).

    ServiceRequest.status            = RF1-1   CWE   table 0283, kept as sent; I14 revokes
    ServiceRequest.priority          = RF1-2   CWE   table 0280; no translation: extension original-code
    ServiceRequest.code              = RF1-3   CWE   table 0281
    ServiceRequest.orderDetail       = RF1-4*  CWE   table 0282, the disposition; without a code: extension
    ServiceRequest.category          = RF1-5   CWE   table 0284
    ServiceRequest.identifier        = RF1-6   EI    PLAC
    ServiceRequest.occurrencePeriod  = RF1-7   DTM
    ServiceRequest.occurrencePeriod  = RF1-8   DTM
    ServiceRequest.authoredOn        = RF1-9   DTM
    ServiceRequest.reasonCode        = RF1-10* CWE   table 0336
    ServiceRequest.identifier        = RF1-11* EI    FILL
    ServiceRequest.extension         = RF1-12..13*  AS-SENT
    ServiceRequest.note              = RF1-14* ST
    ServiceRequest.extension         = RF1-15..24*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_code
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key, identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time, put_period
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.referral_maps import CANCELLED_REFERRAL, REFERRAL_PRIORITY, REFERRAL_STATUS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)


def referral_from_rf1(context: Context, rf1: Segment, about: Resource) -> Resource:
    """Return the ServiceRequest of a referral; `about` holds subject and encounter."""
    context.claim(rf1, TABLE)
    referral = context.add("ServiceRequest", *_key(context, rf1))
    revoked = context.message.event == CANCELLED_REFERRAL
    referral["status"] = "revoked" if revoked else REFERRAL_STATUS.get(rf1.text(1)) or "active"
    carry_field(referral, rf1, 1)
    referral["intent"] = "order"
    referral.update(about)
    for number, kind in ((6, "PLAC"), (11, "FILL")):
        for repetition in rf1.repetitions(number):
            append(referral, "identifier", identifier_from_ei(context, repetition, kind))
    _set_codes(context, referral, rf1)
    put_period(context, referral, "occurrencePeriod", rf1, 7, 8)
    put_date_time(context, referral, "authoredOn", rf1, 9)
    if text := rf1.lines(14):
        append(referral, "note", {"text": text})
    carry(context, referral, rf1, TABLE)
    return referral


def _key(context: Context, rf1: Segment) -> tuple[str, ...]:
    """Return the number of whoever refers, else that of the receiver, else that of the message."""
    for number in (6, 11):
        if key := entity_key(context, rf1.first(number)):
            return "referral", *key
    return "referral", context.scope, context.message.control_id


def _set_codes(context: Context, referral: Resource, rf1: Segment) -> None:
    if kind := concept(context, rf1, 3, "HL70281"):
        referral["code"] = kind
    append(referral, "category", concept(context, rf1, 5, "HL70284"))
    priority = rf1.text(2)
    if known := REFERRAL_PRIORITY.get(priority):
        referral["priority"] = known
    elif priority:
        extend(referral, "priority", original_code(TERMINOLOGY + "v2-0280", priority))
    for disposition in concepts(context, rf1, 4, "HL70282") if "code" in referral else ():
        append(referral, "orderDetail", disposition)
    if "code" not in referral:  # prr-1: details are details of something
        carry_field(referral, rf1, 4)
    for reason in concepts(context, rf1, 10, "HL70336"):
        append(referral, "reasonCode", reason)
