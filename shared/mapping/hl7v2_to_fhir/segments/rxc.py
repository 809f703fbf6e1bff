"""
RXC -> Medication.ingredient: a component of a compound (policy: the guide has no map for it).

    Medication.ingredient.isActive   = RXC-1  ID    table 0166: A and B are ingredients; kept as sent
    Medication.ingredient.item       = RXC-2  CWE
    Medication.ingredient.strength   = RXC-3  NM    how much of it goes into the compound
    Medication.ingredient.strength   = RXC-4  CWE
    Medication.ingredient.extension  = RXC-5..12*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, unit_of
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def ingredient_from_rxc(context: Context, rxc: Segment) -> Resource:
    """Return the ingredient; the amount is per one compound."""
    ingredient: Resource = {"itemCodeableConcept": concept(context, rxc, 2) or absent_concept()}
    amount = decimal(rxc.text(3)) if rxc.text(3) else None
    if amount is not None:
        ingredient["strength"] = {
            "numerator": quantity(amount, unit_of(context, rxc.first(4))),
            "denominator": {"value": 1},
        }
    else:
        carry_field(ingredient, rxc, 3)
        carry_field(ingredient, rxc, 4)
    carry_field(ingredient, rxc, 1)
    carry_into(context, ingredient, rxc, TABLE)
    return ingredient
