"""
RXD -> MedicationDispense (policy: the guide has no map for it).

    [dropped]                                   = RXD-1    numbers the dispenses of an order
    MedicationDispense.medication               = RXD-2    CWE
    MedicationDispense.whenHandedOver           = RXD-3    DTM
    MedicationDispense.quantity                 = RXD-4    NM
    MedicationDispense.quantity                 = RXD-5    CWE
    Medication.form                             = RXD-6    CWE
    MedicationDispense.identifier               = RXD-7    ST    the prescription number
    MedicationDispense.extension                = RXD-8    AS-SENT
    MedicationDispense.note                     = RXD-9*   ST
    MedicationDispense.performer                = RXD-10*  XCN
    MedicationDispense.substitution.type        = RXD-11   ID    table 0167: N means that nothing was substituted
    MedicationDispense.dosageInstruction.maxDosePerPeriod = RXD-12  CQ
    MedicationDispense.destination              = RXD-13   as in PL
    MedicationDispense.extension                = RXD-14   AS-SENT
    MedicationDispense.note                     = RXD-15*  CWE
    Medication.ingredient.strength              = RXD-16   NM
    Medication.ingredient.strength              = RXD-17   CWE
    Medication.batch.lotNumber                  = RXD-18*  ST    further ones: extension
    Medication.batch.expirationDate             = RXD-19   DTM
    Medication.manufacturer                     = RXD-20   CWE
    MedicationDispense.extension                = RXD-21..23*  AS-SENT
    MedicationDispense.extension                = RXD-24   AS-SENT
    MedicationDispense.medication               = RXD-25*  CWE   further codings
    MedicationDispense.extension                = RXD-26..29*  AS-SENT
    MedicationDispense.destination              = RXD-30   CWE   the pharmacy, where RXD-13 names no place
    Location.address                            = RXD-31   XAD
    MedicationDispense.extension                = RXD-32   AS-SENT
    MedicationDispense.type                     = RXD-33   CWE   table 0484
    Location.telecom                            = RXD-34*  XTN
    MedicationDispense.extension                = RXD-35   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.medications import Product
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe
from shared.mapping.hl7v2_to_fhir.segments.medication_order import A_DAY, amount_of, code_of, strength_of
from shared.mapping.hl7v2_to_fhir.segments.pharmacies import PharmacyFields, set_destination
from shared.mapping.hl7v2_to_fhir.segments.pharmacy_notes import add_notes_of_cwe
from shared.mapping.hl7v2_to_fhir.segments.product_batch import batch_of

TABLE = table_of(__doc__)

_PHARMACY = PharmacyFields(30, 31, 34)
_NOT_SUBSTITUTED = "N"
_CANCELLED = frozenset({"CA", "OC", "CR", "DC", "OD"})


def dispense_from_rxd(
    context: Context, rxd: Segment, request: Resource, about: Resource, control: str
) -> tuple[Resource, Product]:
    """Return the MedicationDispense for a request, and its product; `control` is ORC-1."""
    context.claim(rxd, TABLE)
    dispense = context.add("MedicationDispense", str(request["id"]), rxd.text(1), rxd.text(3))
    dispense.update(about)
    if "encounter" in dispense:
        dispense["context"] = dispense.pop("encounter")
    dispense["status"] = "cancelled" if control in _CANCELLED else "completed"
    dispense["authorizingPrescription"] = [reference(request)]
    put_date_time(context, dispense, "whenHandedOver", rxd, 3)
    _set_amount(context, dispense, rxd)
    if number := rxd.text(7):
        dispense["identifier"] = [{"value": number}]
    for repetition in rxd.repetitions(9):
        append(dispense, "note", {"text": repetition.text()})
    for person in practitioners(context, rxd, 10):
        append(dispense, "performer", {"actor": reference(person)})
    if kind := concept(context, rxd, 11, "HL70167"):
        dispense["substitution"] = {"wasSubstituted": rxd.text(11) != _NOT_SUBSTITUTED, "type": kind}
    if kind := concept(context, rxd, 33, "HL70484"):
        dispense["type"] = kind
    place = location_from_pl(context, rxd.first(13))
    if place is not None:
        dispense["destination"] = reference(place)
    set_destination(context, dispense, rxd, _PHARMACY)
    add_notes_of_cwe(context, dispense, rxd, 15)
    carry(context, dispense, rxd, TABLE)
    product = Product(
        code=code_of(context, rxd, 2, 25),
        form=concept(context, rxd, 6),
        strength=strength_of(context, rxd, (16, 17), (0, 0)),
        batch=batch_of(context, dispense, rxd, 18, 19),
        manufacturer=organization_from_cwe(context, rxd, 20),
    )
    return dispense, product


def _set_amount(context: Context, dispense: Resource, rxd: Segment) -> None:
    amount = amount_of(context, rxd, 4, 5)
    if amount is not None:
        dispense["quantity"] = amount
    else:
        carry_field(dispense, rxd, 4)
        carry_field(dispense, rxd, 5)
    daily = quantity_from_cq(context, rxd.first(12))
    if daily and "value" in daily:
        dosage = {"maxDosePerPeriod": {"numerator": daily, "denominator": dict(A_DAY)}}
        dispense["dosageInstruction"] = [dosage]
    elif daily:
        carry_field(dispense, rxd, 12)
