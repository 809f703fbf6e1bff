"""
RXO -> MedicationRequest (HL7 v2-to-FHIR guide, map RXO[MedicationRequest]).

    MedicationRequest.medication                      = RXO-1   CWE
    MedicationRequest.dosageInstruction.doseAndRate   = RXO-2   NM
    MedicationRequest.dosageInstruction.doseAndRate   = RXO-3   NM
    MedicationRequest.dosageInstruction.doseAndRate   = RXO-4   CWE
    Medication.form                                   = RXO-5   CWE
    MedicationRequest.note                            = RXO-6*  CWE   for the pharmacy
    MedicationRequest.dosageInstruction.additionalInstruction = RXO-7*  CWE   for who gives it
    MedicationRequest.extension                       = RXO-8   AS-SENT
    MedicationRequest.substitution                    = RXO-9   ID    table 0161
    MedicationRequest.extension                       = RXO-10  AS-SENT
    MedicationRequest.dispenseRequest.quantity        = RXO-11  NM
    MedicationRequest.dispenseRequest.quantity        = RXO-12  CWE
    MedicationRequest.dispenseRequest.numberOfRepeatsAllowed = RXO-13  NM
    MedicationRequest.requester                       = RXO-14* XCN   further than ORC-12: extension
    MedicationRequest.extension                       = RXO-15..17*  AS-SENT
    Medication.ingredient.strength                    = RXO-18  NM
    Medication.ingredient.strength                    = RXO-19  CWE
    MedicationRequest.reasonCode                      = RXO-20* CWE
    MedicationRequest.dosageInstruction.doseAndRate   = RXO-21  ST    rateQuantity; no number: extension of the dosage
    MedicationRequest.dosageInstruction.doseAndRate   = RXO-22  CWE
    MedicationRequest.dosageInstruction.maxDosePerPeriod = RXO-23  CQ
    MedicationRequest.medication                      = RXO-24* CWE   further codings
    Medication.ingredient.strength                    = RXO-25  NM
    Medication.ingredient.strength                    = RXO-26  CWE
    MedicationRequest.extension                       = RXO-27  AS-SENT
    MedicationRequest.dispenseRequest.dispenseInterval = RXO-28  NM   days; no number: extension
    MedicationRequest.extension                       = RXO-29..31*  AS-SENT
    MedicationRequest.dispenseRequest.performer       = RXO-32  CWE
    Organization.address                              = RXO-33  XAD   without a pharmacy: extension
    MedicationRequest.extension                       = RXO-34..35*  AS-SENT
    Organization.telecom                              = RXO-36* XTN   without a pharmacy: extension
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.medications import Product
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.medication_order import OrderFields, add_order, product_of
from shared.mapping.hl7v2_to_fhir.segments.pharmacies import PharmacyFields
from shared.mapping.hl7v2_to_fhir.segments.pharmacy_notes import add_notes_of_cwe
from shared.terminology.systems import UCUM

TABLE = table_of(__doc__)

_DAYS = {"unit": "day", "system": UCUM, "code": "d"}

_FIELDS = OrderFields(
    code=1,
    minimum=2,
    maximum=3,
    units=4,
    form=5,
    instructions=7,
    substitution=9,
    substitution_table="HL70161",
    amount=11,
    amount_units=12,
    refills=13,
    provider=14,
    daily_dose=23,
    strength=18,
    strength_units=19,
    volume=25,
    volume_units=26,
    indication=20,
    rate=21,
    rate_units=22,
    supplementary=24,
    pharmacy=PharmacyFields(32, 33, 36),
)


def add_rxo(context: Context, request: Resource, rxo: Segment) -> tuple[Product, Resource]:
    """Add the order to the request; return its product and its dosage."""
    context.claim(rxo, TABLE)
    dosage = add_order(context, request, rxo, _FIELDS)
    days = decimal(rxo.text(28)) if rxo.text(28) else None
    if days is not None:
        request.setdefault("dispenseRequest", {})["dispenseInterval"] = {"value": days, **_DAYS}
    else:
        carry_field(request, rxo, 28)
    add_notes_of_cwe(context, request, rxo, 6)
    carry(context, request, rxo, TABLE)
    return product_of(context, rxo, _FIELDS), dosage
