"""
RXA -> MedicationAdministration (policy: the guide has a map for immunizations alone, RXA[Immunization]).

    [dropped]                                 = RXA-1    numbers the segment
    [dropped]                                 = RXA-2    numbers the administrations of an order
    MedicationAdministration.effective        = RXA-3    DTM   a Period where RXA-4 is another time
    MedicationAdministration.effective        = RXA-4    DTM
    MedicationAdministration.medication       = RXA-5    CWE
    MedicationAdministration.dosage.dose      = RXA-6    NM    999 without a unit: the amount is unknown
    MedicationAdministration.dosage.dose      = RXA-7    CWE
    Medication.form                           = RXA-8    CWE
    MedicationAdministration.note             = RXA-9*   CWE
    MedicationAdministration.performer        = RXA-10*  XCN
    MedicationAdministration.extension        = RXA-11   AS-SENT
    MedicationAdministration.extension        = RXA-12   AS-SENT
    Medication.ingredient.strength            = RXA-13   NM
    Medication.ingredient.strength            = RXA-14   CWE
    Medication.batch.lotNumber                = RXA-15*  ST    further ones: extension
    Medication.batch.expirationDate           = RXA-16   DTM
    Medication.manufacturer                   = RXA-17   CWE
    MedicationAdministration.statusReason     = RXA-18*  CWE
    MedicationAdministration.reasonCode       = RXA-19*  CWE
    MedicationAdministration.status           = RXA-20   ID    table 0322; PA: stopped
    MedicationAdministration.status           = RXA-21   ID    D: entered-in-error
    MedicationAdministration.extension        = RXA-22   AS-SENT
    Medication.ingredient.strength            = RXA-23   NM
    Medication.ingredient.strength            = RXA-24   CWE
    MedicationAdministration.extension        = RXA-25..26*  AS-SENT
    MedicationAdministration.extension[location] = RXA-27  PL
    MedicationAdministration.extension        = RXA-28   AS-SENT
    MedicationAdministration.identifier       = RXA-29*  EI
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    extend,
    original_code,
    reference,
)
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.medications import Product
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe
from shared.mapping.hl7v2_to_fhir.segments.medication_order import amount_of, strength_of
from shared.mapping.hl7v2_to_fhir.segments.pharmacy_notes import add_notes_of_cwe
from shared.mapping.hl7v2_to_fhir.segments.product_batch import batch_of
from shared.terminology.medication_maps import ADMINISTRATION_STATUS, UNKNOWN_AMOUNT
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION, TERMINOLOGY

TABLE = table_of(__doc__)

# R4's event-location may not stand at an administration.
_PLACE = EXTENSIONS + "location"


def administration_from_rxa(
    context: Context, rxa: Segment, request: Resource, about: Resource
) -> tuple[Resource, Product]:
    """Return the MedicationAdministration of a request, and its product."""
    context.claim(rxa, TABLE)
    given = context.add("MedicationAdministration", str(request["id"]), rxa.text(2), rxa.text(3), rxa.field(5).text())
    given.update(about)
    if "encounter" in given:
        given["context"] = given.pop("encounter")
    given["request"] = reference(request)
    for repetition in rxa.repetitions(29):
        append(given, "identifier", identifier_from_ei(context, repetition))
    _set_status(context, given, rxa)
    _set_time(context, given, rxa)
    is_unknown = rxa.text(6) == UNKNOWN_AMOUNT and not rxa.raw(7)
    amount = None if is_unknown else amount_of(context, rxa, 6, 7)
    if amount is not None:
        given["dosage"] = {"dose": amount}
    else:
        carry_field(given, rxa, 6)
        carry_field(given, rxa, 7)
    add_notes_of_cwe(context, given, rxa, 9)
    for person in practitioners(context, rxa, 10):
        append(given, "performer", {"actor": reference(person)})
    for number, name in ((18, "statusReason"), (19, "reasonCode")):
        for reason in concepts(context, rxa, number):
            append(given, name, reason)
    place = location_from_pl(context, rxa.first(27))
    if place is not None:
        append(given, "extension", {"url": _PLACE, "valueReference": reference(place)})
    carry(context, given, rxa, TABLE)
    return given, _product(context, given, rxa)


def _product(context: Context, given: Resource, rxa: Segment) -> Product:
    return Product(
        code=concept(context, rxa, 5),
        form=concept(context, rxa, 8),
        strength=strength_of(context, rxa, (13, 14), (23, 24)),
        batch=batch_of(context, given, rxa, 15, 16),
        manufacturer=organization_from_cwe(context, rxa, 17),
    )


def _set_status(context: Context, given: Resource, rxa: Segment) -> None:
    code = rxa.text(20)
    if rxa.text(21) == "D":
        given["status"] = "entered-in-error"
        carry_field(given, rxa, 20)
        return
    given["status"] = ADMINISTRATION_STATUS.get(code) or ("unknown" if code else "completed")
    if given["status"] in ("unknown", "not-done"):
        # Refused is not the same as not administered, which the status alone does not tell.
        extend(given, "status", original_code(TERMINOLOGY + "v2-0322", code))
    if given["status"] == "unknown":
        text = "The completion status is not in table 0322."
        context.report("warning", "code-invalid", "unmapped-code", rxa.location(20), text)
    carry_field(given, rxa, 21)


def _set_time(context: Context, given: Resource, rxa: Segment) -> None:
    period: Resource = {}
    put_date_time(context, period, "start", rxa, 3)
    if "start" in period and rxa.text(4) in ("", rxa.text(3)):
        given.update({name.replace("start", "effectiveDateTime"): value for name, value in period.items()})
        return
    put_date_time(context, period, "end", rxa, 4)
    given["effectivePeriod"] = period or {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}
