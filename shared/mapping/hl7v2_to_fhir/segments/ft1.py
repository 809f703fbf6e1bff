"""
FT1 -> ChargeItem (no map in the guide: our policy).

A charge (FT1-6 CG) is billable; credits, payments and adjustments are kept as ChargeItems of status unknown, with the
type of transaction as sent. What is charged is FT1-7, else the procedure FT1-25, which is also a Procedure.

    [dropped]                       = FT1-1    numbers the segment
    ChargeItem.identifier           = FT1-2    CX
    ChargeItem.extension            = FT1-3    AS-SENT
    ChargeItem.occurrenceDateTime   = FT1-4    DR    occurrencePeriod with an end
    ChargeItem.enteredDate          = FT1-5    DTM
    ChargeItem.status               = FT1-6    CWE   and as sent: extension transaction-type
    ChargeItem.code                 = FT1-7    CWE
    ChargeItem.note                 = FT1-8    ST
    ChargeItem.note                 = FT1-9    ST
    ChargeItem.quantity             = FT1-10   NM    no number: extension
    ChargeItem.priceOverride        = FT1-11   CP    without it FT1-12; what Money cannot hold: extension
    ChargeItem.priceOverride        = FT1-12   CP    with FT1-11, or what Money cannot hold: extension
    ChargeItem.costCenter           = FT1-13   CWE   the department, an Organization
    ChargeItem.extension            = FT1-14..18*  AS-SENT
    ChargeItem.reason               = FT1-19*  CWE
    ChargeItem.performer            = FT1-20*  XCN
    ChargeItem.performer            = FT1-21*  XCN   ordered by
    ChargeItem.extension            = FT1-22   AS-SENT
    ChargeItem.identifier           = FT1-23   EI    FILL
    ChargeItem.enterer              = FT1-24*  XCN   the first; further ones: extension
    Procedure.code                  = FT1-25   CWE   a service of the ChargeItem
    Procedure.code.extension        = FT1-26*  CWE   modifiers; without FT1-25 of ChargeItem.code
    ChargeItem.extension            = FT1-27..28*  AS-SENT
    ChargeItem.productCodeableConcept = FT1-29  CWE
    ChargeItem.extension            = FT1-30..31*  AS-SENT
    ChargeItem.performingOrganization = FT1-32  XON
    ChargeItem.requestingOrganization = FT1-33  XON
    ChargeItem.extension            = FT1-34..41*  AS-SENT
    ChargeItem.supportingInformation = FT1-42  ST    the prescription's number; what more it says: extension
    ChargeItem.extension[product-quantity] = FT1-43  CQ  of the product FT1-29; the quantity where FT1-10 is silent
    ChargeItem.extension            = FT1-44..55*  AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_from_ei, issuer_of
from shared.mapping.hl7v2_to_fhir.datatypes.money import money_from_cp
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe
from shared.terminology.systems import DATA_ABSENT_REASON
from shared.terminology.visit_maps import CHARGE_STATUS

TABLE = table_of(__doc__)


def charge_from_ft1(context: Context, ft1: Segment, subject: Resource, encounter: Resource | None) -> Resource:
    """Return the ChargeItem; its transaction number is its business key, else its place in the message."""
    context.claim(ft1, TABLE)
    charge = context.add("ChargeItem", *_key(context, ft1))
    _set_identifiers(context, charge, ft1)
    charge["status"] = CHARGE_STATUS.get(ft1.text(6)) or "unknown"
    if kind := concept(context, ft1, 6, CHARGE_STATUS.table):
        append(charge, "extension", {"url": f"{EXTENSIONS}transaction-type", "valueCodeableConcept": kind})
    charge["code"] = _code(context, ft1)
    charge["subject"] = subject
    if encounter is not None:
        charge["context"] = reference(encounter)
    _set_times(context, charge, ft1)
    _set_people(context, charge, ft1)
    _set_organizations(context, charge, ft1)
    _set_amounts(charge, ft1)
    if reasons := concepts(context, ft1, 19, "HL70051"):
        charge["reason"] = reasons
    _set_product(context, charge, ft1)
    for number in (8, 9):
        if text := ft1.field(number).text().strip() if ft1.raw(number) and not ft1.is_null(number) else "":
            append(charge, "note", {"text": text})
    carry(context, charge, ft1, TABLE)
    return charge


def procedure_from_ft1(context: Context, ft1: Segment, charge: Resource) -> Resource | None:
    """Return the Procedure that FT1-25 names, None where it names none; the charge is for it."""
    code = concept(context, ft1, 25, "HL70088")
    if code is None:
        return None
    procedure = context.add("Procedure", "charge", str(charge["id"]), ft1.text(25))
    procedure["status"] = "unknown"
    procedure["code"] = _modified(context, ft1, code)
    procedure["subject"] = charge["subject"]
    if "context" in charge:
        procedure["encounter"] = charge["context"]
    return procedure


def _key(context: Context, ft1: Segment) -> tuple[str, ...]:
    number = ft1.first(2)
    if number is not None and number.component(1):
        return "transaction", scoped(context.scope, issuer_of(context, number, 4)), number.component(1)
    return "message", context.scope, context.message.control_id, str(ft1.occurrence)


def _set_identifiers(context: Context, charge: Resource, ft1: Segment) -> None:
    for number in (2, 23):
        if (sent := ft1.first(number)) is None:
            continue
        if number == 2:
            identifier = identifier_from_cx(context, sent, ft1.location(2))
        else:
            identifier = identifier_from_ei(context, sent, "FILL")
        append(charge, "identifier", identifier)
        if identifier is None:
            append(charge, "extension", original_value(sent.text()))


def _code(context: Context, ft1: Segment) -> Resource:
    code = concept(context, ft1, 7, "HL70132")
    if not ft1.raw(25) or ft1.is_null(25):
        return _modified(context, ft1, code or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]})
    return code or concept(context, ft1, 25, "HL70088") or {"text": "not coded"}


def _modified(context: Context, ft1: Segment, code: Resource) -> Resource:
    modified = {**code}
    for modifier in concepts(context, ft1, 26, "HL70340"):
        append(modified, "extension", {"url": f"{EXTENSIONS}modifier", "valueCodeableConcept": modifier})
    return modified


def _set_times(context: Context, charge: Resource, ft1: Segment) -> None:
    put_date_time(context, charge, "enteredDate", ft1, 5)
    sent = ft1.first(4)
    if sent is not None and sent.component(2):
        period: Resource = {}
        date_time(context, period, "start", sent, ft1.location(4))
        date_time(context, period, "end", sent, ft1.location(4), 2)
        charge["occurrencePeriod"] = period
    elif sent is not None:
        date_time(context, charge, "occurrenceDateTime", sent, ft1.location(4))


def _set_people(context: Context, charge: Resource, ft1: Segment) -> None:
    for number, function in ((20, ""), (21, "ordered by")):
        for person in practitioners(context, ft1, number):
            performer: Resource = {"function": {"text": function}} if function else {}
            append(charge, "performer", {**performer, "actor": reference(person)})
    enterers = practitioners(context, ft1, 24)
    if enterers:
        charge["enterer"] = reference(enterers[0])
    if len(enterers) > 1:
        carry_field(charge, ft1, 24)


def _set_organizations(context: Context, charge: Resource, ft1: Segment) -> None:
    if department := organization_from_cwe(context, ft1, 13):
        charge["costCenter"] = reference(department)
    for number, element in ((32, "performingOrganization"), (33, "requestingOrganization")):
        sent = ft1.first(number)
        if sent is not None and (organization := organization_from_xon(context, sent)):
            charge[element] = reference(organization)
        elif sent is not None:
            carry_field(charge, ft1, number)


def _set_amounts(charge: Resource, ft1: Segment) -> None:
    quantity = decimal(ft1.text(10)) if ft1.text(10) else None
    if quantity is None:
        carry_field(charge, ft1, 10)
    else:
        charge["quantity"] = {"value": quantity}
    for number in (11, 12):
        if "priceOverride" in charge or not _set_price(charge, ft1, number):
            carry_field(charge, ft1, number)


def _set_product(context: Context, charge: Resource, ft1: Segment) -> None:
    """Set which product was dispensed, how much of it, and by which prescription."""
    if product := concept(context, ft1, 29, "HL70549"):
        charge["productCodeableConcept"] = product
    amount = quantity_from_cq(context, ft1.first(43)) if ft1.raw(43) else None
    if amount and "quantity" not in charge:
        charge["quantity"] = amount
    elif amount:
        append(charge, "extension", {"url": f"{EXTENSIONS}product-quantity", "valueQuantity": amount})
    sent = ft1.first(42)
    number = sent.component(1) if sent is not None else ""
    if sent is not None and (not number or len(sent.parts) > 1 or len(ft1.repetitions(42)) > 1):
        carry_field(charge, ft1, 42)
    if number:
        append(charge, "supportingInformation", {"type": "MedicationRequest", "identifier": {"value": number}})


def _set_price(charge: Resource, ft1: Segment, number: int) -> bool:
    """Tell whether a price (CP: MO in its first component) is told whole as Money."""
    price = ft1.first(number)
    if price is None:
        return True
    amount, exact = money_from_cp(price)
    if amount is not None:
        charge["priceOverride"] = amount
    return amount is not None and exact and len(price.parts) == 1 and len(ft1.repetitions(number)) == 1
