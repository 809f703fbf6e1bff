"""
OBX-5 by OBX-2 (and OBX-6) -> Observation.value[x].

    NM                   valueQuantity; `<5` with its comparator; other text valueString
    SN                   valueQuantity, valueRange, valueRatio, else valueString
    ST TX FT             valueString, repetitions as lines
    CE CWE CNE CF IS ID  valueCodeableConcept
    DT DTM TS            valueDateTime
    TM DR NR CQ          valueTime, valuePeriod, valueRange, valueQuantity
    ED RP                Attachment, for the report's presentedForm
    others, or none      valueString as sent, separators as ^ and &; an unknown type is reported

Several values of a structured type become components with the observation's own code, as invariant obs-7 asks.
"""

from __future__ import annotations

import re
from typing import Any

from shared.formats.fhir.encoding import Number
from shared.formats.hl7v2.message import Repetition, Segment
from shared.formats.hl7v2.times import read_time
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.attachments import attachment_from_ed, attachment_from_rp
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concept_of
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import (
    decimal,
    quantity,
    quantity_from_cq,
    range_from_nr,
    structured_numeric,
    unit_of_field,
)
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, period, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field

_TEXTS = frozenset({"ST", "TX", "FT", "VR"})
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_SEVERAL = _CODED | {"NM", "SN"}
_TIMES = frozenset({"DT", "DTM", "TS"})
_ATTACHED = frozenset({"ED", "RP"})
_AS_SENT = frozenset(
    ("CX", "EI", "HD", "PL", "XPN", "XCN", "XAD", "XTN", "XON", "PPN", "NA", "MA", "MO", "CP", "SI", "DLN", "FC")
)
# How many components the map of a type reads; what is beyond is kept as sent.
_SIZES = {
    **dict.fromkeys(("CE", "CWE", "CNE", "CF", "IS", "ID"), 9),
    "NM": 1,
    "SN": 4,
    "DT": 1,
    "DTM": 1,
    "TS": 1,
    "TM": 1,
    "DR": 2,
    "NR": 2,
    "CQ": 2,
    "ED": 5,
    "RP": 4,
}
# How many components a plain value has at most: a code, its words and its system; a time.
_PLAIN = {**dict.fromkeys(_CODED, 3), **dict.fromkeys(_TIMES, 1)}
_ENCODINGS = frozenset({"BASE64", "HEX", "A"})
_COMPARED = re.compile(r"\s*(<=|>=|<|>)\s*(\S+)\s*")


def set_value(context: Context, observation: Resource, obx: Segment) -> list[Resource]:
    """Set value[x] or components of an observation; return the attachments, which belong to the report."""
    kind = obx.text(2)
    if kind == "NM" and (number := _plain_number(obx)) is not None:
        # By far the commonest result.
        observation["valueQuantity"] = quantity(number, unit_of_field(context, obx, 6))
        return []
    if (most := _PLAIN.get(kind)) and _is_plain(obx, most):
        _set_plain(context, observation, kind, obx)
        return []
    repetitions = obx.repetitions(5)
    for repetition in repetitions:
        if _overflows(kind, repetition):
            carry_field(observation, obx, 5)
            break
    if kind in _ATTACHED:
        _keep_unit(observation, obx)
        return [one for repetition in repetitions if (one := _attachment(context, kind, repetition, obx))]
    if kind in _TEXTS or (len(repetitions) > 1 and kind not in _SEVERAL):
        text = "\n".join(repetition.text() for repetition in repetitions).strip()
        if text:
            observation["valueString"] = text
        _keep_unit(observation, obx)
        return []
    unit = unit_of_field(context, obx, 6)
    values = [value for repetition in repetitions if (value := _value(context, kind, repetition, obx, unit))]
    if len(values) == 1:
        observation.update(values[0])
    elif values:
        observation["component"] = [{"code": observation["code"], **value} for value in values]
    if unit and (kind == "CQ" or not any(_holds_unit(value) for value in values)):
        _keep_unit(observation, obx)
    return []


def _plain_number(obx: Segment) -> Number | None:
    """Return OBX-5 where it is one number and nothing else, the quick way."""
    return decimal(raw) if (raw := obx.raw(5)) and not obx.delimiters.splits_times else None


def _is_plain(obx: Segment, most: int) -> bool:
    """Tell whether OBX-5 is one value of so many components at most, the first of them filled, and has no unit."""
    raw, (repeated, separator) = obx.raw(5), obx.delimiters.separators
    return repeated not in raw and raw.count(separator) < most and raw[:1] != separator and not obx.raw(6)


def _set_plain(context: Context, observation: Resource, kind: str, obx: Segment) -> None:
    """Set a code or a time that is plain, the quick way: each is looked up before it is split."""
    if kind in _TIMES:
        put_date_time(context, observation, "valueDateTime", obx, 5)
    elif value := _named(concept(context, obx, 5)):
        observation["valueCodeableConcept"] = value


def _value(context: Context, kind: str, repetition: Repetition, obx: Segment, unit: Resource) -> Resource:
    if kind == "NM":
        return _numeric(context, repetition, obx, unit)
    if kind in _CODED:
        value = _named(concept_of(context, repetition, "OBX-5"))
        return {"valueCodeableConcept": value} if value else {}
    if kind == "SN":
        name, content = structured_numeric(repetition, unit)
        return {name: content} if content else {}
    if kind in _TIMES:
        result: Resource = {}
        date_time(context, result, "valueDateTime", repetition, obx.location(5))
        return result
    return _rarer(context, kind, repetition, obx, unit)


def _named(value: Resource | None) -> Resource | None:
    """Return a coded value with a text: the code itself, where it came without words."""
    if value and "text" not in value and value["coding"]:
        value["text"] = value["coding"][0].get("code", "")
    return value


def _rarer(context: Context, kind: str, repetition: Repetition, obx: Segment, unit: Resource) -> Resource:
    result: Resource = {}
    text = repetition.text()
    if kind == "TM":
        if time := read_time(text):
            result["valueTime"] = time
            if len(text.split("+")[0].split("-")[0]) != len(text):
                result["_valueTime"] = {"extension": [original_value(text)]}
            return result
    elif kind == "DR":
        period(context, result, "valuePeriod", repetition, obx.location(5))
        return result
    elif kind == "NR":
        if (value := range_from_nr(repetition, unit)) and len(repetition.parts) == len(value):
            return {"valueRange": value}
    elif kind == "CQ":
        value = quantity_from_cq(context, repetition)
        return {"valueQuantity": value} if value else {}
    elif kind not in _AS_SENT:
        code = "value-type-unknown" if kind else "value-type-missing"
        context.report("warning", "value", code, obx.location(2), "The value is kept as text.")
    return {"valueString": text} if text.strip() else {}


def _numeric(context: Context, repetition: Repetition, obx: Segment, unit: Resource) -> Resource:
    text = repetition.text()
    if (number := decimal(text)) is not None:
        return {"valueQuantity": quantity(number, unit)}
    compared = _COMPARED.fullmatch(text)
    if compared and (number := decimal(compared[2])) is not None:
        return {"valueQuantity": quantity(number, unit, compared[1])}
    if not text.strip():
        return {}
    context.report(
        "information", "value", "value-not-numeric", obx.location(5), "An NM that is no number is kept as text."
    )
    return {"valueString": text}


def _attachment(context: Context, kind: str, repetition: Repetition, obx: Segment) -> Resource | None:
    if kind == "ED":
        return attachment_from_ed(context, repetition, obx.location(5))
    return attachment_from_rp(repetition)


def _overflows(kind: str, repetition: Repetition) -> bool:
    """Tell whether a value has more than its type, so that it must also be kept as sent."""
    size = _SIZES.get(kind)
    if size is None:
        return False
    if kind == "ED" and repetition.component(4).upper() not in _ENCODINGS and len(repetition.parts) == 4:
        return True
    return len(repetition.parts) > size or (kind in _CODED and not (repetition.parts[0] or len(repetition.parts) < 3))


def _keep_unit(observation: Resource, obx: Segment) -> None:
    """Keep a unit that the value has no place for."""
    if obx.raw(6):
        carry_field(observation, obx, 6)


def _holds_unit(value: dict[str, Any]) -> bool:
    return bool(value.keys() & {"valueQuantity", "valueRange", "valueRatio"})


def add_attachments(report: Resource, observation: Resource, attachments: list[Resource]) -> None:
    """Put the attachments of an observation into its report; without a report, into an extension of its own."""
    title = observation["code"].get("text", "")
    for attachment in attachments:
        if title:
            attachment.setdefault("title", title)
        if report is observation:
            url = "urn:corridor:extension:value-attachment"
            append(observation, "extension", {"url": url, "valueAttachment": attachment})
        else:
            append(report, "presentedForm", attachment)
