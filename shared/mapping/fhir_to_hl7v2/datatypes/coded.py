"""
CodeableConcept, Coding, code -> CE, CWE, CNE, and the bare code of IS and ID.

    1-3, 4-6, 10-12   the codings: code, display, system by its name in table 0396       7, 8, 13   their versions
    9                 the text, where it is not the first display; without any code it is 2, which every version has
    first             the receiver's own code, where the partner file has one; the shared code stays beside it

A field of a v2 table takes the coding of that table, or what the concept map that made the FHIR code says.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import ORIGINAL_VALUE
from shared.terminology.concept_maps import ConceptMap
from shared.terminology.system_names import system_name, table_system

_PLACES = ((0, 6), (3, 7), (9, 12))
_MOST = 3
_TEXT = 8
_ABSENT = "/data-absent-reason"


def cwe_from(
    context: Context, value: Resource | None, field: str, table: str = "", translation: str = ""
) -> Composite | None:
    """
    Return a CodeableConcept for `field` (`OBX-3`), None when it says nothing.

    `table` is the v2 table of the field: its coding comes first. `translation` is a system that codings of the field
    are translated into: such a coding is left out where another says the same.
    """
    if value is None:
        return None
    codings = context.source.items(value, "coding")
    text = context.source.text(value, "text")
    for one in [one for one in codings if _is_absence(one) or one.get("system") == translation]:
        if _is_absence(one) or len(codings) > 1:
            context.source.whole(one, *one)
            codings.remove(one)
    if table:
        codings = _of_table(codings, table)
    triplets = [triplet for one in codings if any(triplet := _triplet(context, one))]
    if codings and (local := _local(context, codings, field)):
        triplets.insert(0, local)
    found = _composite(context, triplets, text, field)
    return trimmed(context.complete(found, "cwe", value)) if found is not None else None


def codes_from(context: Context, element: Resource, name: str, field: str, table: str = "") -> list[Composite | None]:
    """Return every CodeableConcept of an element."""
    return [cwe_from(context, one, field, table) for one in context.source.items(element, name)]


def back(codes: ConceptMap | Mapping[str, str], code: str) -> str:
    """Return the first code of a v2 table that the concept map turns into a FHIR code, "" where none does."""
    pairs = codes.codes if isinstance(codes, ConceptMap) else codes
    return next((sent for sent, meant in pairs.items() if meant == code), "")


def table_code(
    context: Context, value: Resource | None, field: str, codes: ConceptMap, system: str
) -> Composite | None:
    """Return a CodeableConcept whose coding in `system` a concept map may have made: by the code that it came from."""
    codings: list[Resource] = value.get("coding", []) if value is not None else []
    alone = bool(codings) and all(one.get("system") == system for one in codings)
    # What the receiver calls it goes before what the table does.
    alone = alone and _local(context, codings, field) is None
    code = back(codes, str(codings[0].get("code", ""))) if alone else ""
    if code and value is not None:
        context.source.whole(value, "coding", "text")
        return [code]
    return cwe_from(context, value, field, codes.table, system)


def named_in_words(context: Context, element: Resource, name: str, *, most: int | None = None) -> list[Composite]:
    """Return the words of References to what the bundle lacks, `most` of them; further ones are still to be read."""
    source = context.source
    missing = [one for one in source.items(element, name) if source.find(one) is None and one.get("display")]
    return [["", source.text(one, "display")] for one in missing[:most]]


def _of_table(codings: list[Resource], table: str) -> list[Resource]:
    uri = table_system(table)
    return sorted(codings, key=lambda one: one.get("system") != uri)


def _triplet(context: Context, coding: Resource) -> list[str]:
    """Return code, display, system name and version."""
    source = context.source
    system = source.text(coding, "system")
    context.source.whole(coding, "userSelected")
    if named := context.extension(coding, ORIGINAL_VALUE):
        system = str(named.get("valueString", "")) or system
    name = system_name(system) if system else ""
    return [source.text(coding, "code"), source.text(coding, "display"), name, source.text(coding, "version")]


def _local(context: Context, codings: list[Resource], field: str) -> list[str] | None:
    wanted = context.preferences.codes.get(field)
    for coding in codings if wanted else ():
        if wanted and (local := wanted.get(f"{coding.get('system', '')}|{coding.get('code', '')}")):
            return [local.code, local.display, local.system, ""]
    return None


def _composite(context: Context, triplets: list[list[str]], text: str, field: str) -> Composite | None:
    if not triplets:
        return ["", text] if text else None
    parts: Composite = [""] * 13
    for (first, version), found in zip(_PLACES, triplets, strict=False):
        parts[first : first + 3] = found[:3]
        parts[version] = found[3]
    if text and text not in (triplets[0][1], triplets[0][0]):
        parts[_TEXT] = text
    if len(triplets) > _MOST:
        words = "HL7 v2 has room for three codes."
        context.report("information", "incomplete", "code-not-carried", field, words)
    return trimmed(parts)


def _is_absence(coding: Resource) -> bool:
    return str(coding.get("system", "")).endswith(_ABSENT)
