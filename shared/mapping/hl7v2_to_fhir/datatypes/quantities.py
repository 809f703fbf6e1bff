"""
NM, SN, CQ, NR with a unit -> Quantity, Range, Ratio; digits exactly as sent.

    NM   Quantity.value
    SN   1 comparator, 2 number, 3 separator, 4 number:   none Quantity, `-` Range, `:` and `/` Ratio; else text, as 2+
    CQ   1 number, 2 unit          NR   1 low, 2 high
    unit Quantity.code and system from UCUM where the unit says so; Quantity.unit the words
"""

from __future__ import annotations

import re
from string import whitespace

import orjson

from shared.formats.fhir.encoding import Number, number
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import NULL, Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, field_name, original_value
from shared.mapping.hl7v2_to_fhir.recurrent import remembered
from shared.terminology.systems import system_uri

_NUMBER = re.compile(r"([+-]?)0*(\d*)(?:\.(\d*))?", re.ASCII)
_COMPARATORS = frozenset({"<", "<=", ">=", ">"})
_MAX_DIGITS = 40
_EXACT_DIGITS = 15


def decimal(text: str) -> Number | None:
    """Return an NM as a JSON number, None when it is none: `+05.` is 5, `.5` is 0.5, `7.10` keeps its zero."""
    whole, point, rest = text.partition(".")
    if whole.isdigit() and text.isascii() and (whole[0] != "0" or whole == "0") and len(text) <= _EXACT_DIGITS:
        # As JSON writes it: nearly all are.
        if not point:
            return int(text)
        if rest.isdigit():
            return number(text)
    text = text.strip()
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > _MAX_DIGITS or not text.strip("+-."):
        return None
    sign = "-" if match[1] == "-" else ""
    whole = match[2] or "0"
    return number(f"{sign}{whole}.{match[3]}" if match[3] else f"{sign}{whole}")


def unit_of(context: Context, repetition: Repetition | None) -> Resource:
    """Return the part of a Quantity that a unit makes; words and codes that find no place are kept."""
    return _unit(context, repetition.raw, repetition.delimiters) if repetition is not None else {}


def unit_of_field(context: Context, segment: Segment, number: int) -> Resource:
    """Return what `unit_of` does of the first repetition of a field; the sender's own unit with its meaning."""
    if not (raw := segment.raw(number)):
        return {}
    if context.partner.code_maps and (
        meaning := context.local_code(field_name(segment, number), segment.text(number))
    ):
        unit = segment.text(number, 2) or segment.text(number)
        return {"unit": unit, "system": meaning.system, "code": meaning.code}
    delimiters = segment.delimiters
    if raw == NULL or delimiters.separators[0] in raw:
        return unit_of(context, segment.first(number))
    return _unit(context, raw, delimiters)


def _unit(context: Context, raw: str, delimiters: Delimiters) -> Resource:
    memory = ("unit", raw)
    if (unit := context.known.get(memory)) is None:
        # The same few units measure all that an interface sends.
        content: bytes = remembered(context, memory, _unit_as_json, raw, delimiters)
        unit = context.known[memory] = orjson.loads(content)
    found: Resource = unit
    return found


def _unit_as_json(context: Context, raw: str, delimiters: Delimiters) -> bytes:
    """Return a unit as JSON, which is read anew in each message: nothing is shared between them."""
    code, words, name, *others = Repetition(raw, delimiters).components(9)
    words, system = words or others[-1], system_uri(name, context.scope)
    unit: Resource = {}
    if text := words or code:
        unit["unit"] = text
    if code and system and not any(char.isspace() for char in code):
        unit["system"], unit["code"] = system, code
    elif code and words and code != words:
        append(unit, "extension", original_value(code))
    for part in (others[0], others[1], others[5]):
        if part and part not in unit.values():
            append(unit, "extension", original_value(part))
    return orjson.dumps(unit)


def quantity(value: Number, unit: Resource, comparator: str = "") -> Resource:
    """Return a Quantity."""
    result: Resource = {"value": value}
    if comparator:
        result["comparator"] = comparator
    result.update(unit)
    return result


def quantity_from_cq(context: Context, repetition: Repetition | None) -> Resource | None:
    """Return a CQ as a Quantity, None when it says nothing; one without a number is kept as it was sent."""
    if repetition is None:
        return None
    value = decimal(repetition.component(1))
    words = repetition.subcomponents(2, 3)
    unit: Resource = {}
    if words[1] or words[0]:
        unit["unit"] = words[1] or words[0]
    if words[0] and (system := system_uri(words[2], context.scope)) and " " not in words[0]:
        unit["system"], unit["code"] = system, words[0]
    if value is None:
        text = repetition.text()
        return {"extension": [original_value(text)]} if text.strip(f"^&{whitespace}") else None
    return quantity(value, unit)


def structured_numeric(repetition: Repetition, unit: Resource) -> tuple[str, object]:
    """Return the value[x] element of an SN and its content; text where FHIR has no structure for it."""
    comparator, first, separator, second = (repetition.component(part).strip() for part in (1, 2, 3, 4))
    low, high = decimal(first), decimal(second)
    comparator = "" if comparator == "=" else comparator
    if comparator in ("", *_COMPARATORS):
        if low is not None and not separator and not second:
            return "valueQuantity", quantity(low, unit, comparator)
        if separator == "-" and not comparator and (low is not None or high is not None):
            return _range(low, high, first, second, unit)
        if separator in (":", "/") and low is not None and high is not None:
            numerator = quantity(low, unit, comparator)
            return "valueRatio", {"numerator": numerator, "denominator": {"value": high}}
    text = "".join((comparator, first, separator, second))
    return "valueString", " ".join(part for part in (text, str(unit.get("unit", ""))) if part)


def range_from_nr(repetition: Repetition, unit: Resource) -> Resource | None:
    """Return an NR as a Range, None when it is not made of numbers."""
    low, high = decimal(repetition.component(1)), decimal(repetition.component(2))
    result: Resource = {}
    if low is not None:
        result["low"] = quantity(low, unit)
    if high is not None:
        result["high"] = quantity(high, unit)
    return result or None


def _range(low: Number | None, high: Number | None, first: str, second: str, unit: Resource) -> tuple[str, object]:
    if (low is None and first) or (high is None and second):
        return "valueString", " ".join(part for part in (f"{first}-{second}", str(unit.get("unit", ""))) if part)
    result: Resource = {}
    if low is not None:
        result["low"] = quantity(low, unit)
    if high is not None:
        result["high"] = quantity(high, unit)
    return "valueRange", result
