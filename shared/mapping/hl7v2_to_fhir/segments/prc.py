"""
PRC -> ChargeItemDefinition.propertyGroup: a price (policy: the guide has no map for master files).

    ChargeItemDefinition.propertyGroup.extension       = PRC-1..4*  AS-SENT
    ChargeItemDefinition.propertyGroup.priceComponent  = PRC-5*   AS-SENT  base; its code the price type, table 0205
    ChargeItemDefinition.propertyGroup.extension       = PRC-6..10*  AS-SENT
    ChargeItemDefinition.effectivePeriod.start         = PRC-11   AS-SENT  of the first price
    ChargeItemDefinition.effectivePeriod.end           = PRC-12   AS-SENT  of the first price
    ChargeItemDefinition.propertyGroup.extension       = PRC-13..16*  AS-SENT
    ChargeItemDefinition.propertyGroup.priceComponent  = PRC-17   AS-SENT  informational
    ChargeItemDefinition.propertyGroup.extension       = PRC-18   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.money import money_from_cp, money_from_mo
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.systems import system_uri

TABLE = table_of(__doc__)


def add_prc(context: Context, definition: Resource, prc: Segment) -> None:
    """Add a price to the definition of what is charged."""
    group: Resource = {}
    carry_into(context, group, prc, TABLE)
    for price in prc.repetitions(5):
        amount, _ = money_from_cp(price)
        kind = price.component(2)
        if amount is not None:
            component: Resource = {"type": "base", "amount": amount}
            if kind:
                component["code"] = {"coding": [{"system": system_uri("HL70205"), "code": " ".join(kind.split())}]}
            append(group, "priceComponent", component)
    if (cost := prc.first(17)) is not None:
        amount = money_from_mo(cost)
        if amount is not None:
            append(group, "priceComponent", {"type": "informational", "code": {"text": "cost"}, "amount": amount})
    period: Resource = {}
    put_date_time(context, period, "start", prc, 11)
    put_date_time(context, period, "end", prc, 12)
    if period:
        definition.setdefault("effectivePeriod", period)
    append(definition, "propertyGroup", group)
