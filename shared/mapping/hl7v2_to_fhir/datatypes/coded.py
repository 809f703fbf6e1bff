"""
CE, CWE, CNE, IS, ID -> CodeableConcept, Coding.

    coding[0]  code 1, display 2, system 3 (14 where it is an OID), version 7
    coding[1]  code 4, display 5, system 6 (17), version 8
    coding[2]  code 10, display 11, system 12 (20), version 13
    text       9, the original text; without it the words that came without a code, else the first display
    extensions 15, 16, 18, 19, 21, 22, the value sets and their versions
    first      the partner's meaning of a local code, where its file has one; the local code stays beside it
"""

from __future__ import annotations

from functools import lru_cache

from shared.formats.hl7v2.message import NULL, Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, field_name, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.remainders import keep
from shared.terminology.concept_maps import ConceptMap
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION, system_uri

_TRIPLETS = ((1, 7, 14), (4, 8, 17), (10, 13, 20))
_VALUE_SETS = (15, 16, 18, 19, 21, 22)
# How many components the commonest form has, and how long a value is worth remembering.
_SIMPLE, _LONGEST = 3, 200


def concept(context: Context, segment: Segment, number: int, table: str = "") -> Resource | None:
    """Return the first repetition of a field as a CodeableConcept; `table` is the system of a bare code."""
    fields = segment.fields
    if number >= len(fields) or not (raw := fields[number]):
        return None
    if not context.partner.code_maps and len(raw) <= _LONGEST:
        signs = segment.delimiters.encoding_characters
        if (found := _simple(raw, signs, table, context.scope)) is not None:
            return _copied(found)
    repetition = segment.first(number)
    return concept_of(context, repetition, field_name(segment, number), table) if repetition is not None else None


def concepts(context: Context, segment: Segment, number: int, table: str = "") -> list[Resource]:
    """Return every repetition of a field as a CodeableConcept."""
    if not segment.raw(number):
        return []
    name = field_name(segment, number)
    repetitions = segment.repetitions(number)
    return [one for repetition in repetitions if (one := concept_of(context, repetition, name, table))]


def concept_of(context: Context, repetition: Repetition, field: str, table: str = "") -> Resource | None:
    """Return a coded value as a CodeableConcept, None when it says nothing."""
    parts = repetition.parts
    if (
        len(parts) <= _SIMPLE
        and repetition.plain
        and not context.partner.code_maps
        and len(repetition.raw) <= _LONGEST
    ):
        signs = repetition.delimiters.encoding_characters
        if (simple := _simple(repetition.raw, signs, table, context.scope)) is not None:
            return _copied(simple)
    codings: list[Resource] = []
    words: list[str] = []
    for first, version, oid in _TRIPLETS:
        if len(repetition.parts) < first:
            break
        coding, text = _coding(context, repetition, first, version, oid, table if first == 1 else "")
        words += [text] if text else []
        if coding is None:
            continue
        meaning = context.local_code(field, coding.get("code", "")) if context.partner.code_maps else None
        if meaning is not None:
            mapped = {"system": meaning.system, "code": meaning.code}
            if meaning.display:
                mapped["display"] = meaning.display
            if mapped not in codings:
                codings.insert(0, mapped)
        codings.append(coding)
    text = repetition.component(9)
    if not text and words:
        text = words.pop(0)
    codings += [{"display": display} for display in words]
    result: Resource = {"coding": codings} if codings else {}
    if len(parts) > 14:
        keep(result, repetition, "cwe", _VALUE_SETS)
    if text := text or (codings[0].get("display", "") if codings else ""):
        result["text"] = text
    return result or None


def _copied(found: tuple[dict[str, str], str]) -> Resource:
    coding, display = found
    return {"coding": [{**coding}], "text": display} if display else {"coding": [{**coding}]}


@lru_cache(maxsize=4096)
def _simple(raw: str, signs: str, table: str, scope: str) -> tuple[dict[str, str], str] | None:
    """
    Return coding and text of the commonest form, `code^display^system` without escapes; None for any other.

    `signs` are the encoding characters. The same few codes make up all that an interface sends: each is read once.
    """
    parts = raw.split(signs[0])
    code = parts[0].strip()
    if len(parts) > _SIMPLE or not code or NULL in raw or any(sign in raw for sign in signs[1:4]):
        return None
    display = parts[1].strip() if len(parts) > 1 else ""
    name = parts[2].strip() if len(parts) > 2 else ""
    coding = {"system": system} if (system := system_uri(name or table, scope)) else {}
    coding["code"] = _fitted(code)
    if display:
        coding["display"] = display
    return coding, display


def _fitted(code: str) -> str:
    """Return a code as FHIR can hold it: without line breaks and runs of spaces."""
    return code if " " not in code and code.isprintable() else " ".join(code.split())


def _coding(
    context: Context, repetition: Repetition, first: int, version_at: int, oid_at: int, table: str
) -> tuple[Resource | None, str]:
    """Return a coding, and the words that came without a code."""
    code, display = repetition.component(first), repetition.component(first + 1)
    name, oid = repetition.component(first + 2), repetition.component(oid_at)
    system = system_uri(oid or name or table, context.scope)
    if not code:
        if not system or not display:
            return None, display
        named: Resource = {"system": system, "display": display}
        if oid and name:
            named["extension"] = [original_value(name)]
        return named, ""
    coding: Resource = {}
    if system:
        coding["system"] = system
    if version := repetition.component(version_at):
        coding["version"] = version
    coding["code"] = _fitted(code)
    if display:
        coding["display"] = display
    if oid and name and system_uri(name, context.scope) != system:
        coding["extension"] = [original_value(name)]
    return coding, ""


def translated(context: Context, segment: Segment, number: int, codes: ConceptMap, system: str) -> Resource | None:
    """Return a field as a CodeableConcept, its translation into `system` first; the sender's coding stays."""
    value = concept(context, segment, number, codes.table)
    code = codes.get(segment.text(number)) if value else None
    if value is None or code is None:
        return value
    found = value.get("coding", [])
    for one in found:
        if one.get("code") == code and one.get("system") == system:
            return value
    value["coding"] = [{"system": system, "code": code}, *found]
    return value


def absent_concept() -> Resource:
    """Return a code that is required and was not sent."""
    return {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}
