"""
OM2 -> ObservationDefinition: units and ranges of a numeric result (policy: the guide has no map for master files).

    ObservationDefinition.extension                              = OM2-1    AS-SENT
    ObservationDefinition.quantitativeDetails.customaryUnit      = OM2-2    CWE
    ObservationDefinition.quantitativeDetails.decimalPrecision   = OM2-3*   AS-SENT  the second number
    ObservationDefinition.quantitativeDetails.unit               = OM2-4    CWE
    ObservationDefinition.quantitativeDetails.conversionFactor   = OM2-5    AS-SENT
    ObservationDefinition.qualifiedInterval                      = OM2-6*   AS-SENT  reference
    ObservationDefinition.qualifiedInterval                      = OM2-7*   AS-SENT  critical
    ObservationDefinition.qualifiedInterval                      = OM2-8    AS-SENT  absolute
    ObservationDefinition.extension                              = OM2-9..10*  AS-SENT

A range (RFR): limits 1, sex 2 (table 0001), age 3 (years), gestational age 4 (weeks), condition 7.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, unit_of
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.concept_maps import GENDER
from shared.terminology.systems import UCUM

TABLE = table_of(__doc__)

_RANGES = ((6, "reference"), (7, "critical"), (8, "absolute"))
_YEARS: Resource = {"unit": "a", "system": UCUM, "code": "a"}
_WEEKS: Resource = {"unit": "wk", "system": UCUM, "code": "wk"}


def add_om2(context: Context, definition: Resource, om2: Segment) -> None:
    """Add the units, the precision and the ranges to the definition of a test."""
    details: Resource = definition.get("quantitativeDetails", {})
    for name, number in (("customaryUnit", 2), ("unit", 4)):
        if unit := concept(context, om2, number):
            details[name] = unit
    factor, precision = decimal(om2.field(5).text()), [decimal(one.text()) for one in om2.repetitions(3)]
    if factor is not None:
        details["conversionFactor"] = factor
    if len(precision) == 2 and isinstance(precision[1], int) and precision[1] >= 0:
        details["decimalPrecision"] = precision[1]
    if details:
        definition["quantitativeDetails"] = details
    unit_words = unit_of(context, om2.first(2))
    for number, category in _RANGES:
        for repetition in om2.repetitions(number):
            append(definition, "qualifiedInterval", _interval(repetition, category, unit_words))
    carry_into(context, definition, om2, TABLE)


def _interval(repetition: Repetition, category: str, unit: Resource) -> Resource | None:
    """Return a range with whom it holds for, None where it has no limit that is a number."""
    limits = _range(repetition, 1, unit)
    if limits is None:
        return None
    interval: Resource = {"category": category, "range": limits}
    if gender := GENDER.get(repetition.component(2)):
        interval["gender"] = gender
    for name, component, ages in (("age", 3, _YEARS), ("gestationalAge", 4, _WEEKS)):
        if (span := _range(repetition, component, ages)) is not None:
            interval[name] = span
    if condition := repetition.component(7):
        interval["condition"] = condition
    return interval


def _range(repetition: Repetition, component: int, unit: Resource) -> Resource | None:
    found: Resource = {}
    for name, part in (("low", 1), ("high", 2)):
        value = decimal(repetition.subcomponent(component, part))
        if value is not None:
            found[name] = quantity(value, unit)
    return found or None
