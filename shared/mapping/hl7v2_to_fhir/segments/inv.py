"""
INV below SAC -> Substance. The guide has no map of it: all of this is our policy.

    Substance.code                  = INV-1    CWE
    Substance.extension             = INV-2*   AS-SENT
    Substance.category              = INV-3    CWE
    Substance.instance.identifier   = INV-4    AS-SENT  what identifies the container in the inventory
    Substance.extension             = INV-5..8   AS-SENT
    Substance.instance.quantity     = INV-9    AS-SENT  with the unit INV-11
    Substance.extension             = INV-10..11 AS-SENT
    Substance.instance.expiry       = INV-12   DTM
    Substance.extension             = INV-13..30* AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, unit_of
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_inv(context: Context, container: Resource, inv: Segment) -> None:
    """Add the substance that the inventory counts to what holds it."""
    substance = context.add("Substance", context.scope, inv.text(1), inv.text(4), inv.text(16))
    append(substance, "category", concept(context, inv, 3, "HL70384"))
    substance["code"] = concept(context, inv, 1) or absent_concept()
    instance: Resource = {}
    if number := inv.text(4):
        instance["identifier"] = {"value": number}
    put_date_time(context, instance, "expiry", inv, 12)
    if (left := decimal(inv.text(9))) is not None:
        instance["quantity"] = quantity(left, unit_of(context, inv.first(11)))
    if instance:
        substance["instance"] = [instance]
    carry_into(context, substance, inv, TABLE)
    append(container, "extension", {"url": f"{EXTENSIONS}inventory", "valueReference": reference(substance)})
