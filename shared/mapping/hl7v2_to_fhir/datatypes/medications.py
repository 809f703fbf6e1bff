"""
What was ordered, dispensed or given -> medication[x]: a code, or a Medication where more than a code is said.

    Medication.code             the code            Medication.batch          lot number, expiry
    Medication.form             the form            Medication.manufacturer   the manufacturer
    Medication.ingredient       the components of a compound; the code itself with its strength where there are none

Policy: a Medication is about this one order (its id derives from the order's), because the same code may come with
another lot tomorrow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept


@dataclass(slots=True)
class Product:
    """What is known of a product; `strength` is a Ratio, `ingredients` are Medication.ingredient."""

    code: Resource | None = None
    form: Resource | None = None
    strength: Resource | None = None
    ingredients: list[Resource] = field(default_factory=list)
    batch: Resource = field(default_factory=dict)
    manufacturer: Resource | None = None

    @property
    def is_only_a_code(self) -> bool:
        """Tell whether a code says it all."""
        return not (self.form or self.strength or self.ingredients or self.batch or self.manufacturer)


def set_medication(context: Context, resource: Resource, product: Product) -> None:
    """Set medication[x] of a request, a dispense or an administration."""
    code = product.code or absent_concept()
    if product.is_only_a_code:
        resource["medicationCodeableConcept"] = code
        return
    medication = context.shared("Medication", str(resource["id"]))
    medication["code"] = code
    if product.manufacturer is not None:
        medication["manufacturer"] = reference(product.manufacturer)
    if product.form is not None:
        medication["form"] = product.form
    ingredients = list(product.ingredients)
    if product.strength is not None:
        ingredients.insert(0, {"itemCodeableConcept": code, "strength": product.strength})
    if ingredients:
        medication["ingredient"] = ingredients
    if product.batch:
        medication["batch"] = product.batch
    resource["medicationReference"] = reference(medication)
