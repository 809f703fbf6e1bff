"""
Coverage -> IN1.

    Coverage.class[plan]          = IN1-2    CWE
    Coverage.payor.identifier     = IN1-3*   CX
    Coverage.payor                = IN1-4    XON
    Coverage.payor.address        = IN1-5*   XAD
    Coverage.payor.contact.name   = IN1-6*   XPN
    Coverage.payor.telecom        = IN1-7*   XTN
    Coverage.class[group]         = IN1-8    ST
    Coverage.class[group].name    = IN1-9    XON
    Coverage.policyHolder.identifier = IN1-10*  CX    an Organization
    Coverage.policyHolder         = IN1-11*  XON
    Coverage.period.start         = IN1-12   DT
    Coverage.period.end           = IN1-13   DT
    Coverage.type                 = IN1-15   CWE
    Coverage.subscriber           = IN1-16*  XPN   a RelatedPerson
    Coverage.relationship         = IN1-17   CWE
    RelatedPerson.birthDate       = IN1-18   DTM
    RelatedPerson.address         = IN1-19*  XAD
    Coverage.order                = IN1-22   NM
    Coverage.identifier           = IN1-36   ST    the first that has no field in IN2; else the member's number
    Coverage.costToBeneficiary    = IN1-37   CP    the first amount of money
    RelatedPerson.gender          = IN1-43   CWE
    Coverage.policyHolder.address = IN1-44*  XAD
    RelatedPerson.identifier      = IN1-49*  CX    all but those of IN2; else Coverage.subscriberId

IN2 stands below, and IN3 where it was kept as sent.
"""

from __future__ import annotations

from shared.mapping.coverage import FieldTable
from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import cx_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.names import xpn_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.in2 import EMPLOYEE, NUMBERS, in2_from
from shared.mapping.fhir_to_hl7v2.segments.pid import birth_from, gender_from
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import SUBSCRIBER_RELATIONSHIP

TABLE = table_of(__doc__)

_RELATIONSHIP = TERMINOLOGY + "subscriber-relationship"
_BIRTH_TIME = "urn:corridor:extension:birth-time"


def in1_from(context: Context, coverage: Resource) -> Draft:
    """Return IN1; for want of the insurer's number, which the standard requires, no visit is held back."""
    draft = Draft("IN1", TABLE)
    source = context.source
    source.whole(coverage, "status", "beneficiary")
    payor = source.named(coverage, "payor", "Organization")
    _set_classes(context, draft, coverage)
    start, end = bounds(context, source.one(coverage, "period"))
    draft.put(12, start)
    draft.put(13, end)
    draft.put(15, cwe_from(context, source.one(coverage, "type"), "IN1-15", "HL70086"))
    relationship = source.one(coverage, "relationship")
    draft.put(17, table_code(context, relationship, "IN1-17", SUBSCRIBER_RELATIONSHIP, _RELATIONSHIP))
    draft.put(22, number_text(source.take(coverage, "order")))
    _set_policy(context, draft, coverage)
    subscriber = source.reference(coverage, "subscriber")
    insured = subscriber if subscriber is not None and subscriber["resourceType"] == "RelatedPerson" else None
    if insured is not None:
        _set_subscriber(context, draft, insured)
    number = source.text(coverage, "subscriberId")
    if not draft.has(49):
        draft.put(49, cx_from(context, {"value": number}))
    for cost in source.items(coverage, "costToBeneficiary")[:1]:
        source.whole(cost, "type")
        if money := source.one(cost, "valueMoney"):
            draft.put(37, [[number_text(source.take(money, "value")), source.text(money, "currency")]])
    if payor is not None:
        _set_payor(context, draft, payor)
    holder = source.named(coverage, "policyHolder", "Organization")
    employer = holder if holder is not None and holder["resourceType"] == "Organization" else None
    if employer is not None:
        _set_holder(context, draft, employer)
    context.restore(draft, coverage, payor)
    certification = Draft("IN3", FieldTable("IN3"))
    context.restore(certification, coverage)
    draft.below(in2_from(context, coverage, insured, employer), certification if certification.fields else None)
    return draft


def _set_policy(context: Context, draft: Draft, coverage: Resource) -> None:
    """Set the policy's number: what IN2 has no field for; where there is none, the member's own."""
    identifiers = context.source.items(coverage, "identifier")
    policies = [one for one in identifiers if not is_of(one, *NUMBERS)]
    for identifier in (policies or [one for one in identifiers if is_of(one, "MB")])[:1]:
        context.source.whole(identifier, "type", "use", "assigner", "system")
        draft.put(36, context.source.text(identifier, "value"))


def _set_payor(context: Context, draft: Draft, payor: Resource) -> None:
    source = context.source
    draft.put(3, *(cx_from(context, one) for one in source.items(payor, "identifier")))
    draft.put(4, source.text(payor, "name"), *(str(one) for one in source.take(payor, "alias") or ()))
    draft.put(5, *(xad_from(context, one) for one in source.items(payor, "address")))
    for contact in source.items(payor, "contact"):
        draft.put(6, xpn_from(context, source.one(contact, "name")))
    draft.put(7, *xtns_from(context, source.items(payor, "telecom")))


def _set_holder(context: Context, draft: Draft, holder: Resource) -> None:
    source = context.source
    draft.put(10, *(cx_from(context, one) for one in source.items(holder, "identifier")))
    draft.put(11, source.text(holder, "name"), *(str(one) for one in source.take(holder, "alias") or ()))
    draft.put(44, *(xad_from(context, one) for one in source.items(holder, "address")))


def _set_classes(context: Context, draft: Draft, coverage: Resource) -> None:
    source = context.source
    for one in source.items(coverage, "class"):
        codes = {coding.get("code") for coding in one.get("type", {}).get("coding", ())}
        if "plan" in codes:
            draft.put(2, [source.text(one, "value"), source.text(one, "name")])
        elif "group" in codes:
            draft.put(8, source.text(one, "value"))
            draft.put(9, source.text(one, "name"))
        else:
            continue
        source.whole(one, "type")


def _set_subscriber(context: Context, draft: Draft, person: Resource) -> None:
    source = context.source
    source.whole(person, "patient", "active", "relationship")
    draft.put(16, *(xpn_from(context, one) for one in source.items(person, "name")))
    draft.put(18, birth_from(context, person, _BIRTH_TIME))
    draft.put(19, *(xad_from(context, one) for one in source.items(person, "address")))
    draft.put(43, *gender_from(context, person))
    numbers = [one for one in source.items(person, "identifier") if not is_of(one, "SS", *EMPLOYEE)]
    draft.put(49, *(cx_from(context, one) for one in numbers))
