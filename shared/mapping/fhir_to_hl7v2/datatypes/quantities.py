"""Quantity, Range, Ratio -> NM, SN, CQ and the unit of OBX-6; digits exactly as FHIR has them."""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import ORIGINAL_VALUE
from shared.terminology.system_names import system_name


def value_of(context: Context, quantity: Resource | None) -> str:
    """Return the number of a Quantity."""
    return number_text(context.source.take(quantity, "value")) if quantity is not None else ""


def unit_from(context: Context, quantity: Resource | None) -> Composite | None:
    """Return the unit of a Quantity as a CWE; None where it has none."""
    if quantity is None:
        return None
    source = context.source
    unit, code, system = (source.text(quantity, name) for name in ("unit", "code", "system"))
    if kept := context.extension(quantity, ORIGINAL_VALUE):
        code = code or str(kept.get("valueString", ""))
    if code:
        return trimmed([code, unit if unit != code else "", system_name(system) if system else ""])
    return [unit] if unit else None


def cq_from(context: Context, quantity: Resource | None) -> Composite | None:
    """Return a Quantity as a CQ; None where it says nothing."""
    if quantity is None:
        return None
    if "value" not in quantity and (kept := context.extension(quantity, ORIGINAL_VALUE)):
        return list(str(kept.get("valueString", "")).split("^"))
    number, unit = value_of(context, quantity), unit_from(context, quantity)
    context.source.whole(quantity, "comparator")
    return trimmed([number, [str(part) for part in unit]] if unit else [number]) or None


def sn_from(context: Context, value: Resource, kind: str) -> Composite:
    """Return a Quantity with a comparator, a Range or a Ratio as an SN."""
    source = context.source
    if kind == "valueQuantity":
        return [source.text(value, "comparator"), value_of(context, value)]
    first, second = ("low", "high") if kind == "valueRange" else ("numerator", "denominator")
    low, high = source.one(value, first), source.one(value, second)
    comparator = source.text(low, "comparator") if low is not None else ""
    separator = "-" if kind == "valueRange" else ":"
    return trimmed([comparator, value_of(context, low), separator, value_of(context, high)])
