"""
What RXO and RXE say alike of an order -> MedicationRequest: which product, how much, how often, what to dispense.

The segments number their fields differently; each gives its numbers as `OrderFields`.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.medications import Product
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, quantity_from_cq, unit_of
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.segments.orc_medication import add_requesters
from shared.mapping.hl7v2_to_fhir.segments.pharmacies import PharmacyFields, dispensing_pharmacy
from shared.terminology.systems import TERMINOLOGY, UCUM

_ORDERED = {"coding": [{"system": TERMINOLOGY + "dose-rate-type", "code": "ordered"}]}
A_DAY = {"value": 1, "unit": "day", "system": UCUM, "code": "d"}


@dataclass(frozen=True, slots=True)
class OrderFields:
    """The numbers of the fields; 0 where the segment has none."""

    code: int
    minimum: int
    maximum: int
    units: int
    form: int
    instructions: int
    substitution: int
    substitution_table: str
    amount: int
    amount_units: int
    refills: int
    provider: int
    daily_dose: int
    strength: int
    strength_units: int
    volume: int
    volume_units: int
    indication: int
    rate: int
    rate_units: int
    supplementary: int
    pharmacy: PharmacyFields


def product_of(context: Context, segment: Segment, fields: OrderFields) -> Product:
    """Return the product of an order segment."""
    over, under = (fields.strength, fields.strength_units), (fields.volume, fields.volume_units)
    return Product(
        code=code_of(context, segment, fields.code, fields.supplementary),
        form=concept(context, segment, fields.form),
        strength=strength_of(context, segment, over, under),
    )


def code_of(context: Context, segment: Segment, number: int, supplementary: int) -> Resource | None:
    """Return the code of a product with its supplementary codes (of a catalogue, of a package) as further codings."""
    code = concept(context, segment, number)
    further = [coding for one in concepts(context, segment, supplementary) for coding in _codings(one)]
    if not further:
        return code
    known = (code or {}).get("coding", [])
    return {**(code or {}), "coding": [*known, *(coding for coding in further if coding not in known)]}


def _codings(value: Resource) -> list[Resource]:
    """Return the codings of a concept; its words, where none of them has them, as one more."""
    codings: list[Resource] = value.get("coding", [])
    words = value.get("text", "")
    if not words or any(words in (coding.get("display"), coding.get("code")) for coding in codings):
        return codings
    return [*codings, {"display": words}]


def strength_of(context: Context, segment: Segment, over: tuple[int, int], under: tuple[int, int]) -> Resource | None:
    """Return the strength as a Ratio: of a volume where one is given, else of one unit of the product."""
    numerator = amount_of(context, segment, *over)
    if numerator is None:
        return None
    return {"numerator": numerator, "denominator": amount_of(context, segment, *under) or {"value": 1}}


def amount_of(context: Context, segment: Segment, number: int, units: int) -> Resource | None:
    """Return a number with its unit in another field as a Quantity, None where there is no number."""
    text = segment.text(number) if number else ""
    value = decimal(text) if text else None
    return None if value is None else quantity(value, unit_of(context, segment.first(units)))


def add_order(context: Context, request: Resource, segment: Segment, fields: OrderFields) -> Resource:
    """Add everything but the product to the request; return the dosage, for routes and timings to be added."""
    dosage: Resource = {}
    _set_dose_and_rate(context, dosage, segment, fields)
    for instruction in concepts(context, segment, fields.instructions):
        append(dosage, "additionalInstruction", instruction)
    daily = quantity_from_cq(context, segment.first(fields.daily_dose))
    if daily and "value" in daily:
        dosage["maxDosePerPeriod"] = {"numerator": daily, "denominator": dict(A_DAY)}
    elif daily:
        carry_field(dosage, segment, fields.daily_dose)
    _set_substitution(context, request, segment, fields)
    _set_dispense(context, request, segment, fields)
    add_requesters(request, practitioners(context, segment, fields.provider))
    for reason in concepts(context, segment, fields.indication):
        append(request, "reasonCode", reason)
    return dosage


def _set_dose_and_rate(context: Context, dosage: Resource, segment: Segment, fields: OrderFields) -> None:
    dose = _dose(context, segment, fields)
    rate = amount_of(context, segment, fields.rate, fields.rate_units)
    said: Resource = {"type": _ORDERED, **dose} if dose else {}
    if rate is not None:
        said["rateQuantity"] = rate
    if said:
        dosage["doseAndRate"] = [said]
    for number in () if dose else (fields.minimum, fields.maximum, fields.units):
        carry_field(dosage, segment, number)
    for number in () if rate is not None else (fields.rate, fields.rate_units):
        carry_field(dosage, segment, number)


def _dose(context: Context, segment: Segment, fields: OrderFields) -> Resource:
    low = amount_of(context, segment, fields.minimum, fields.units)
    high = amount_of(context, segment, fields.maximum, fields.units)
    if low is not None and (high is None or high == low):
        return {"doseQuantity": low}
    if low is not None and high is not None and high["value"] < low["value"]:
        # Invariant rng-2: stays as it was sent.
        return {}
    found = {name: value for name, value in (("low", low), ("high", high)) if value is not None}
    return {"doseRange": found} if found else {}


def _set_substitution(context: Context, request: Resource, segment: Segment, fields: OrderFields) -> None:
    if allowed := concept(context, segment, fields.substitution, fields.substitution_table):
        request["substitution"] = {"allowedCodeableConcept": allowed}


def _set_dispense(context: Context, request: Resource, segment: Segment, fields: OrderFields) -> None:
    dispense: Resource = {}
    amount = amount_of(context, segment, fields.amount, fields.amount_units)
    if amount is not None:
        dispense["quantity"] = amount
    else:
        carry_field(request, segment, fields.amount)
        carry_field(request, segment, fields.amount_units)
    refills = decimal(segment.text(fields.refills)) if segment.text(fields.refills) else None
    if isinstance(refills, int) and refills >= 0:
        dispense["numberOfRepeatsAllowed"] = refills
    else:
        carry_field(request, segment, fields.refills)
    if pharmacy := dispensing_pharmacy(context, request, segment, fields.pharmacy):
        dispense["performer"] = reference(pharmacy)
    if dispense:
        request["dispenseRequest"] = dispense
