"""
RXE -> MedicationRequest, as the pharmacy encodes the order (policy, after the map RXO[MedicationRequest]).

    MedicationRequest.dosageInstruction.timing        = RXE-1*  AS-SENT  before 2.5; where no TQ1 says it
    MedicationRequest.medication                      = RXE-2   CWE
    MedicationRequest.dosageInstruction.doseAndRate   = RXE-3   NM
    MedicationRequest.dosageInstruction.doseAndRate   = RXE-4   NM
    MedicationRequest.dosageInstruction.doseAndRate   = RXE-5   CWE
    Medication.form                                   = RXE-6   CWE
    MedicationRequest.dosageInstruction.additionalInstruction = RXE-7*  CWE
    MedicationRequest.extension                       = RXE-8   AS-SENT
    MedicationRequest.substitution                    = RXE-9   ID    table 0167
    MedicationRequest.dispenseRequest.quantity        = RXE-10  NM
    MedicationRequest.dispenseRequest.quantity        = RXE-11  CWE
    MedicationRequest.dispenseRequest.numberOfRepeatsAllowed = RXE-12  NM
    MedicationRequest.requester                       = RXE-13* XCN   further than ORC-12: extension
    MedicationRequest.extension                       = RXE-14* AS-SENT
    MedicationRequest.identifier                      = RXE-15  ST    the prescription number
    MedicationRequest.extension                       = RXE-16..18*  AS-SENT
    MedicationRequest.dosageInstruction.maxDosePerPeriod = RXE-19  CQ
    MedicationRequest.extension                       = RXE-20  AS-SENT
    MedicationRequest.note                            = RXE-21* CWE   for who dispenses it
    MedicationRequest.extension                       = RXE-22  AS-SENT
    MedicationRequest.dosageInstruction.doseAndRate   = RXE-23  ST    rateQuantity; no number: extension of the dosage
    MedicationRequest.dosageInstruction.doseAndRate   = RXE-24  CWE
    Medication.ingredient.strength                    = RXE-25  NM
    Medication.ingredient.strength                    = RXE-26  CWE
    MedicationRequest.reasonCode                      = RXE-27* CWE
    MedicationRequest.extension                       = RXE-28..30*  AS-SENT
    MedicationRequest.medication                      = RXE-31* CWE   further codings
    MedicationRequest.extension                       = RXE-32  AS-SENT
    Medication.ingredient.strength                    = RXE-33  NM
    Medication.ingredient.strength                    = RXE-34  CWE
    MedicationRequest.extension                       = RXE-35..38*  AS-SENT
    MedicationRequest.dispenseRequest.initialFill.quantity = RXE-39  CQ    no number: extension
    MedicationRequest.dispenseRequest.performer       = RXE-40  CWE
    Organization.address                              = RXE-41  XAD   without a pharmacy: extension
    MedicationRequest.extension                       = RXE-42..44*  AS-SENT
    Organization.telecom                              = RXE-45* XTN   without a pharmacy: extension
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.medications import Product
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.timings import add_tq_to_dosage
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.medication_order import OrderFields, add_order, product_of
from shared.mapping.hl7v2_to_fhir.segments.pharmacies import PharmacyFields
from shared.mapping.hl7v2_to_fhir.segments.pharmacy_notes import add_notes_of_cwe

TABLE = table_of(__doc__)

_FIELDS = OrderFields(
    code=2,
    minimum=3,
    maximum=4,
    units=5,
    form=6,
    instructions=7,
    substitution=9,
    substitution_table="HL70167",
    amount=10,
    amount_units=11,
    refills=12,
    provider=13,
    daily_dose=19,
    strength=25,
    strength_units=26,
    volume=33,
    volume_units=34,
    indication=27,
    rate=23,
    rate_units=24,
    supplementary=31,
    pharmacy=PharmacyFields(40, 41, 45),
)


def add_rxe(context: Context, request: Resource, rxe: Segment) -> tuple[Product, Resource]:
    """Add the encoded order to the request; return its product and its dosage."""
    context.claim(rxe, TABLE)
    dosage = add_order(context, request, rxe, _FIELDS)
    if (timing := rxe.first(1)) is not None:
        add_tq_to_dosage(context, dosage, timing, rxe.location(1))
    carry_field(dosage, rxe, 1)
    if number := rxe.text(15):
        append(request, "identifier", {"value": number})
    add_notes_of_cwe(context, request, rxe, 21)
    _set_first_fill(context, request, rxe)
    carry(context, request, rxe, TABLE)
    return product_of(context, rxe, _FIELDS), dosage


def _set_first_fill(context: Context, request: Resource, rxe: Segment) -> None:
    amount = quantity_from_cq(context, rxe.first(39)) if rxe.raw(39) else None
    if amount and "value" in amount:
        request.setdefault("dispenseRequest", {})["initialFill"] = {"quantity": amount}
    else:
        carry_field(request, rxe, 39)
