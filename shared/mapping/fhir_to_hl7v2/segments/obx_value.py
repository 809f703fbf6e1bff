"""
Observation.value[x] -> OBX-2, OBX-5 and the unit of OBX-6.

    valueQuantity         NM; SN with a comparator       valueString           ST, TX where it has lines
    valueRange, Ratio     SN, ST                          valueCodeableConcept  CE where the version lists it, CWE
    valueDateTime         DTM; TS before 2.7; DT a date  valueTime             TM
    valuePeriod           DR                             valueBoolean          ID; ST before 2.6
    valueInteger          NM                             attachment            ED; RP one that is a URL

Components with the code of the observation are repetitions of its value; another type (SampledData) is not carried.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import sn_from, unit_from, value_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import dr_from, dtm_from, time_text
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.pid import yes_no
from shared.mapping.hl7v2_to_fhir.context import ORIGINAL_VALUE

_CE = 6
_DATE = len("YYYYMMDD")
_MIME = (2, 7)
# Table 0191, by what MIME calls the kind.
_KINDS = {"application": "AP", "audio": "AU", "image": "IM", "text": "TEXT"}


@dataclass(slots=True)
class Value:
    """The data type of OBX-5, its repetitions, and the unit."""

    datatype: str = ""
    repetitions: list[Composite] = field(default_factory=list)
    unit: Composite | None = None


def value_from(context: Context, element: Resource) -> Value:
    """Return the value of an Observation or of a component; one without a value is empty."""
    source = context.source
    if (quantity := source.one(element, "valueQuantity")) is not None:
        unit = unit_from(context, quantity)
        if "comparator" in quantity:
            return Value("SN", [sn_from(context, quantity, "valueQuantity")], unit)
        number = value_of(context, quantity)
        return Value("NM", [[number]], unit) if number else Value(unit=unit)
    for kind in ("valueRange", "valueRatio"):
        if (one := source.one(element, kind)) is not None:
            part = source.one(one, "low" if kind == "valueRange" else "numerator") or source.one(one, "high")
            if kind == "valueRatio" and (words := _measured(context, one)):
                return Value("ST", [[words]])
            unit = unit_from(context, part)
            for name in ("low", "high", "numerator", "denominator"):
                unit_from(context, source.one(one, name))
            return Value("SN", [sn_from(context, one, kind)], unit)
    if (concept := source.one(element, "valueCodeableConcept")) is not None:
        found = cwe_from(context, concept, "OBX-5")
        if found is not None and len(found) > 1 and found[0] and concept.get("text") == found[0]:
            found = [part if place != 8 else "" for place, part in enumerate(found)]
        return Value(_coded_type(context, found), [found] if found else [])
    if text := source.text(element, "valueString"):
        lines = text.split("\n")
        return Value("TX" if len(lines) > 1 else "ST", [[line] for line in lines])
    return _time(context, element) or _rarer(context, element)


def _measured(context: Context, ratio: Resource) -> str:
    """Return a Ratio of two measures in words, "" where its parts have one unit, the only one that OBX has."""
    parts = [context.source.one(ratio, name) or {} for name in ("numerator", "denominator")]
    units = [(unit_from(context, part) or [""])[0] for part in parts]
    if not units[1] or units[0] == units[1]:
        return ""
    texts = [
        f"{part.get('comparator', '')}{value_of(context, part)} {unit}"
        for part, unit in zip(parts, units, strict=True)
    ]
    for part in parts:
        context.source.take(part, "comparator")
    return ":".join(text.strip() for text in texts)


def _coded_type(context: Context, found: Composite | None) -> str:
    """Return CE where the version lists it for OBX-2 and it holds the value, else CWE."""
    has_ce = context.definitions.datatype("CE") is not None
    listed = "CWE" not in (context.definitions.codes("0125") or ())
    return "CE" if has_ce and (context.version < (2, 5) or (listed and len(found or ()) <= _CE)) else "CWE"


def _time(context: Context, element: Resource) -> Value | None:
    if "valueDateTime" in element or "_valueDateTime" in element:
        found = dtm_from(context, element, "valueDateTime")
        text = found[0] if found else ""
        kind = "DT" if isinstance(text, str) and len(text) == _DATE else "TS" if context.version < (2, 6) else "DTM"
        return Value(kind, [found] if found else [])
    if "valueTime" in element:
        text = time_text(context.source.text(element, "valueTime"))
        return Value("TM", [[context.original(element, "valueTime") or text]])
    if (period := context.source.one(element, "valuePeriod")) is not None:
        found = dr_from(context, period)
        return Value("DR", [found] if found else [])
    return None


def _rarer(context: Context, element: Resource) -> Value:
    if flag := yes_no(context.source.take(element, "valueBoolean")):
        return Value("ID" if context.version >= (2, 6) else "ST", [[flag]])
    if number := number_text(context.source.take(element, "valueInteger")):
        return Value("NM", [[number]])
    return Value()


def attachment_from(context: Context, attachment: Resource) -> Value:
    """Return an Attachment as ED, or RP where it is a URL alone."""
    source = context.source
    source.whole(attachment, "title", "size", "hash", "language", "creation")
    content = source.text(attachment, "contentType").partition(";")[0].strip()
    kind, subtype = _file_type(context, *content.partition("/")[::2])
    data, url = source.text(attachment, "data"), source.text(attachment, "url")
    kept = [str(one.get("valueString", "")) for one in context.extensions(attachment, ORIGINAL_VALUE)]
    if url and not data:
        return Value("RP", [[url, "", kind, subtype]])
    return Value("ED", [[kept[0] if kept else "", kind, subtype, "Base64", data]]) if data else Value()


def _file_type(context: Context, kind: str, subtype: str) -> tuple[str, str]:
    """Return ED-2 and ED-3: a MIME type since 2.7, before that the codes of tables 0191 and 0291."""
    if context.version >= _MIME:
        return kind, subtype
    listed = {code.lower(): code for code in context.definitions.codes("0291") or ()}
    return _KINDS.get(kind, kind), listed.get(subtype, subtype)


def decoded_text(attachment: Resource) -> str | None:
    """Return the words of a text attachment, None where it is no text in UTF-8."""
    if not str(attachment.get("contentType", "")).startswith("text/plain") or "data" not in attachment:
        return None
    try:
        return base64.b64decode(str(attachment["data"]), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
