"""
OBX-7 -> Observation.referenceRange: its words, and low and high where they are numbers.

    4.5-11.0   4.5 to 11.0   4.5..11.0     low and high, in the value's unit
    <5   <=5                               high
    >5   >=5                               low
"""

from __future__ import annotations

import re

from shared.formats.fhir.encoding import Number
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity
from shared.mapping.hl7v2_to_fhir.fields import is_one_text
from shared.mapping.hl7v2_to_fhir.recurrent import remembered

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_BETWEEN = re.compile(rf"({_NUMBER})\s*(?:-|to|\.\.)\s*({_NUMBER})")
_ONE_SIDED = re.compile(rf"(<=|>=|<|>)\s*({_NUMBER})")


def set_range(context: Context, observation: Resource, obx: Segment) -> None:
    """Set the range that an OBX gives; called when its value is set, whose unit the range has."""
    if not (raw := obx.raw(7)):
        return
    told = observation.get("valueQuantity", {}).get
    memory = ("OBX-7", raw, told("unit"), told("system"), told("code"))
    if (ranges := context.known.get(memory)) is None:
        text = (raw if is_one_text(obx, raw) else obx.field(7).text()).strip()
        unit = {name: one for name in ("unit", "system", "code") if (one := told(name)) is not None}
        ranges = context.known[memory] = [_range(context, text, unit)] if text else []
    if ranges:
        # One list for all results with this range: nothing changes it any more.
        observation["referenceRange"] = ranges


def _range(context: Context, text: str, unit: Resource) -> Resource:
    result: Resource = {}
    # The ranges are those of a laboratory's tests: the same few in all that it sends.
    low, high = remembered(context, ("limits", text), _limits, text)
    if low is not None:
        result["low"] = quantity(low, unit)
    if high is not None:
        result["high"] = quantity(high, unit)
    result["text"] = text
    return result


def _limits(_context: Context, text: str) -> tuple[Number | None, Number | None]:
    """Return the lower and the upper limit in the words of a range, None for what they do not say in numbers."""
    if between := _BETWEEN.fullmatch(text):
        low, high = decimal(between[1]), decimal(between[2])
        return (low, high) if low is not None and high is not None and low <= high else (None, None)
    if one := _ONE_SIDED.fullmatch(text):
        limit = decimal(one[2])
        return (None, limit) if one[1].startswith("<") else (limit, None)
    return None, None
