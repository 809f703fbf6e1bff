"""
IN1 -> Coverage, with payor Organization and subscriber (HL7 v2-to-FHIR guide, map IN1[Coverage]).

Policy: the plan (IN1-2) and the group (IN1-8, 9) are classes of the coverage, the policy number (IN1-36) identifies
it. A coverage that is sent is active. Money and rules of the plan travel as sent.

    [dropped]                     = IN1-1    numbers the segment
    Coverage.class[plan]          = IN1-2    CWE
    Coverage.payor.identifier     = IN1-3*   CX
    Coverage.payor                = IN1-4*   XON   an Organization
    Coverage.payor.address        = IN1-5*   XAD
    Coverage.payor.contact.name   = IN1-6*   XPN
    Coverage.payor.telecom        = IN1-7*   XTN
    Coverage.class[group]         = IN1-8    ST
    Coverage.class[group].name    = IN1-9*   XON   without IN1-8 the class's value; what more it says: extension
    Coverage.policyHolder.identifier = IN1-10*  CX   with IN1-11, else extension
    Coverage.policyHolder         = IN1-11*  XON   the first; further ones: extension
    Coverage.period.start         = IN1-12   DTM
    Coverage.period.end           = IN1-13   DTM
    Coverage.extension            = IN1-14   AS-SENT
    Coverage.type                 = IN1-15   CWE
    Coverage.subscriber           = IN1-16*  XPN   a RelatedPerson; SEL: the patient, and the extension, as of 18 to 49
    Coverage.relationship         = IN1-17   CWE   and RelatedPerson.relationship
    RelatedPerson.birthDate       = IN1-18   DTM
    RelatedPerson.address         = IN1-19*  XAD
    Coverage.extension            = IN1-20..21*  AS-SENT
    Coverage.order                = IN1-22   NM    not a positive number: extension
    Coverage.extension            = IN1-23..35*  AS-SENT
    Coverage.identifier           = IN1-36   ST
    Coverage.costToBeneficiary    = IN1-37   CP    deductible; what Money cannot hold: extension
    Coverage.extension            = IN1-38..42*  AS-SENT
    RelatedPerson.gender          = IN1-43   CWE
    Coverage.policyHolder.address = IN1-44*  XAD   with IN1-11, else extension
    Coverage.extension            = IN1-45..48*  AS-SENT
    Coverage.subscriberId         = IN1-49*  CX    the first; all on the subscriber
    Coverage.extension            = IN1-50..55*  AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, translated
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, issuer_of, name_organization
from shared.mapping.hl7v2_to_fhir.datatypes.money import money_from_cp
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent
from shared.mapping.hl7v2_to_fhir.segments.related_person import PersonFields, related_person
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import SUBSCRIBER_RELATIONSHIP

TABLE = table_of(__doc__)

_COST = TERMINOLOGY + "coverage-copay-type"
_CLASS = TERMINOLOGY + "coverage-class"
_RELATIONSHIP = TERMINOLOGY + "subscriber-relationship"
_INSURER = (3, 4, 5, 6, 7)
_HOLDER = frozenset({10, 11, 44})
_INSURED = PersonFields(names=(16,), addresses=(19,), relationship=17, gender=43, birth=18, identifiers=(49,))


def coverage_from_in1(context: Context, in1: Segment, subject: Resource) -> Resource:
    """Return the Coverage; patient, insurer, plan and policy number are its business key."""
    context.claim(in1, TABLE)
    coverage = context.add("Coverage", *_key(context, in1, subject))
    filled = in1.filled()
    if (policy := in1.first(36)) and (number := policy.text().strip()):
        append(coverage, "identifier", {"value": number})
    coverage["status"] = "active"
    if kind := concept(context, in1, 15, "HL70086"):
        coverage["type"] = kind
    _set_subscriber(context, coverage, in1, subject, filled)
    coverage["beneficiary"] = subject
    if relationship := translated(context, in1, 17, SUBSCRIBER_RELATIONSHIP, _RELATIONSHIP):
        coverage["relationship"] = relationship
    if 12 in filled or 13 in filled:
        put_period(context, coverage, "period", in1, 12, 13)
    coverage["payor"] = [_payor(context, coverage, in1)]
    if not _HOLDER.isdisjoint(filled):
        _set_holder(context, coverage, in1)
    _set_classes(context, coverage, in1)
    if 37 in filled:
        _set_deductible(coverage, in1)
    if 22 in filled:
        _set_order(coverage, in1)
    carry(context, coverage, in1, TABLE)
    return coverage


def _key(context: Context, in1: Segment, subject: Resource) -> tuple[str, ...]:
    whom = str(subject.get("reference") or context.message.control_id)
    insurer = in1.text(3) or in1.text(4)
    return context.scope, whom, insurer, in1.text(2) or in1.text(2, 2), in1.text(36) or in1.text(49)


def _payor(context: Context, coverage: Resource, in1: Segment) -> Resource:
    """Return the reference to the insurer, who is the same for all that it insures."""
    memory = ("insurer", in1.label, *in1.fields[3:8])
    organization = recurrent(context, memory, _insurer, in1)
    if organization is None:
        for number in _INSURER:
            carry_field(coverage, in1, number)
        return {"display": "not named in the message"}
    return reference(organization)


def _insurer(context: Context, in1: Segment) -> Resource | None:
    """Return the Organization of the insurer: by its first number, else by its name; None where it is not named."""
    names, numbers = in1.repetitions(4), in1.repetitions(3)
    numbered = next((one for one in numbers if one.component(1)), None)
    if numbered is not None:
        issuer = scoped(context.scope, issuer_of(context, numbered, 4))
        organization: Resource | None = context.shared("Organization", "insurer", issuer, numbered.component(1))
    else:
        organization = next((found for one in names if (found := organization_from_xon(context, one))), None)
    if organization is None:
        return None
    for repetition in numbers:
        identifier = identifier_from_cx(context, repetition, in1.location(3))
        append(organization, "identifier", identifier)
        if identifier is None:
            append(organization, "extension", original_value(repetition.text()))
    for one in names:
        name_organization(organization, one.component(1))
    if any(len(one.parts) > 1 for one in names):
        carry_field(organization, in1, 4)
    _set_contacts(context, organization, in1)
    return organization


def _set_contacts(context: Context, organization: Resource, in1: Segment) -> None:
    for repetition in in1.repetitions(5):
        append(organization, "address", address_from_xad(context, repetition, in1.location(5)))
    for repetition in in1.repetitions(6):
        if name := name_from_xpn(context, repetition, in1.location(6)):
            append(organization, "contact", {"name": name})
    # org-3: an organization's telecom is never of use home.
    add_contacts(context, organization, in1, (7, "work"))


def _set_subscriber(context: Context, coverage: Resource, in1: Segment, subject: Resource, filled: set[int]) -> None:
    """Set who is insured: the patient where IN1-17 says so; else the person whom the segment describes."""
    if 49 in filled and (number := in1.first(49)) and (value := number.component(1)):
        coverage["subscriberId"] = value
    is_patient = in1.text(17) == "SEL"
    if is_patient or "reference" not in subject:
        # What it says here of the patient is the Patient's to say: nobody is related to himself.
        for field in (16, 18, 19, 43):
            if field in filled:
                carry_field(coverage, in1, field)
        if 49 in filled and (len(in1.raw(49)) > len(in1.text(49)) or "reference" not in subject):
            carry_field(coverage, in1, 49)
        if is_patient:
            coverage["subscriber"] = subject
        return
    name = in1.field(16).text() if in1.raw(16) else in1.text(49)
    person = related_person(context, subject, in1, _INSURED, "insured", name, in1.text(18))
    if person is not None:
        coverage["subscriber"] = reference(person)


def _set_holder(context: Context, coverage: Resource, in1: Segment) -> None:
    """Set the group that holds the policy, an employer as a rule."""
    holder = next((found for one in in1.repetitions(11) if (found := organization_from_xon(context, one))), None)
    if holder is None:
        for number in (10, 11, 44):
            carry_field(coverage, in1, number)
        return
    coverage["policyHolder"] = reference(holder)
    if len(in1.repetitions(11)) > 1:
        carry_field(coverage, in1, 11)
    for repetition in in1.repetitions(10):
        identifier = identifier_from_cx(context, repetition, in1.location(10))
        append(holder, "identifier", identifier)
        if identifier is None:
            carry_field(coverage, in1, 10)
    for repetition in in1.repetitions(44):
        append(holder, "address", address_from_xad(context, repetition, in1.location(44)))


def _set_order(coverage: Resource, in1: Segment) -> None:
    order = decimal(in1.text(22)) if in1.text(22) else None
    if isinstance(order, int) and order > 0:
        coverage["order"] = order
    else:
        carry_field(coverage, in1, 22)


def _set_deductible(coverage: Resource, in1: Segment) -> None:
    """Set what the insured bear themselves (CP: MO in its first component)."""
    price = in1.first(37)
    if price is None:
        return
    amount, exact = money_from_cp(price)
    if amount is not None:
        kind = {"coding": [{"system": _COST, "code": "deductible"}]}
        coverage["costToBeneficiary"] = [{"type": kind, "valueMoney": amount}]
    if not exact or len(price.parts) > 1 or len(in1.repetitions(37)) > 1:
        carry_field(coverage, in1, 37)


def _set_classes(context: Context, coverage: Resource, in1: Segment) -> None:
    plan = in1.first(2)
    code, words = plan.components(2) if plan is not None else ("", "")
    _add_class(coverage, "plan", code or words, words if code else "")
    if plan is not None and len(plan.parts) > 2:
        carry_field(coverage, in1, 2)
    numbered = in1.first(8)
    group = numbered.text().strip() if numbered is not None else ""
    names = in1.repetitions(9)
    name = names[0].component(1) if names else ""
    _add_class(coverage, "group", group or name, name if group else "")
    if len(names) > 1 or any(len(one.parts) > 1 for one in names):
        carry_field(coverage, in1, 9)


def _add_class(coverage: Resource, kind: str, value: str, name: str) -> None:
    if value:
        entry: Resource = {"type": {"coding": [{"system": _CLASS, "code": kind}]}, "value": value}
        append(coverage, "class", {**entry, "name": name} if name else entry)
