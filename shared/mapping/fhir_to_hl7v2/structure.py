"""
Drafts -> the segments of a message, in the order and with the fields of the version that is written.

    order       each segment stands, below its own, where the structure of the version has it
    segments    one that the structure does not have is left out and reported
    fields      beyond the version, or beyond how often it may repeat: left out and reported
    components  beyond the data type of the version: left out and reported; of IS and ID the code alone remains, and
                in ID none of a shared system (SNOMED CT, LOINC) that is not in the table of the field
    required    a field that the table of the map declares: RejectedError `missing-element`, naming the FHIR element
    numbers     SI in the first field counts the segments of a name, those below another from 1 each time
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import RejectedError
from shared.formats.hl7v2.cells import Cell
from shared.formats.hl7v2.grammar import Node
from shared.formats.hl7v2.structures import structure_of
from shared.formats.hl7v2.writing import Component, Composite, OutgoingSegment
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed

_CODES = frozenset({"ID", "IS"})
_BELOW = frozenset({"OBX", "NTE", "SPM", "TQ1"})
_DAY, _NUMBER = 8, "NM"
# Where a coded value names its system; systems that are a table of HL7, or somebody's own.
_SYSTEM, _TABLES, _CODES_OF_SENDERS = 2, "HL7", "urn:corridor:"
# Where an XTN has a number as it is: the first component until 2.5, the twelfth since 2.5.
_UNFORMATTED = (0, 11)
_DIGITS = frozenset("+-.0123456789")
_UNREAD = frozenset({"MSH", "EVN"})

# How many segments of a name there were: in the message, and below the present one.
_Numbers = tuple[dict[str, int], dict[str, int]]


def arrange(context: Context, drafts: list[Draft]) -> list[OutgoingSegment]:
    """Return the message; RejectedError where the version has no such message or a required element is missing."""
    version = context.definitions.version
    name = structure_of(context.code, context.event, version=version)
    grammar = context.definitions.structure(name)
    if grammar is None:
        text = f"Version {version} has no message {context.code}^{context.event}."
        raise RejectedError("unsupported-message-type", "MSH-9", text)
    order = list(_names(grammar))
    written = [_fitted(context, draft) for draft in _flat(context, drafts, order, 0, ({}, {}))]
    return [segment for segment in written if segment.fields]


def has_segment(context: Context, name: str) -> bool:
    """Tell whether the structure of the message has a segment anywhere."""
    structure = structure_of(context.code, context.event, version=context.definitions.version)
    grammar = context.definitions.structure(structure)
    return grammar is not None and name in grammar.names


def stands_after(context: Context, parent: str, name: str) -> bool:
    """Tell whether the structure has a segment after another one, in the same group, not in one below it."""
    structure = structure_of(context.code, context.event, version=context.definitions.version)
    grammar = context.definitions.structure(structure)
    return grammar is not None and _has_after(grammar, parent, name)


def _has_after(group: Node, parent: str, name: str) -> bool:
    own = [child.name for child in group.children if not child.is_group]
    if parent in own and name in own[own.index(parent) :]:
        return True
    return any(_has_after(child, parent, name) for child in group.children)


def _names(node: Node) -> Iterator[str]:
    if not node.children:
        yield node.name
    for child in node.children:
        yield from _names(child)


def _flat(context: Context, drafts: list[Draft], order: list[str], start: int, numbers: _Numbers) -> Iterator[Draft]:
    """Yield drafts in the order of the structure, each before those below it."""
    placed: list[tuple[int, Draft]] = []
    for draft in drafts:
        place = next((index for index in range(start, len(order)) if order[index] == draft.name), -1)
        if place < 0:
            text = f"The message has no {draft.name} here in version {context.definitions.version}."
            context.report("warning", "not-supported", "segment-not-in-structure", draft.name, text)
        else:
            placed.append((place, draft))
    for place, draft in sorted(placed, key=lambda one: one[0]):
        _number(context, draft, numbers[draft.name in _BELOW])
        yield draft
        if draft.children:
            yield from _flat(context, draft.children, order, place, (numbers[0], {}))


def _number(context: Context, draft: Draft, numbers: dict[str, int]) -> None:
    cells = context.definitions.segment(draft.name)
    if cells and cells[0].datatype == "SI":
        numbers[draft.name] = numbers.get(draft.name, 0) + 1
        draft.fields[1] = [[str(numbers[draft.name])]]


def _fitted(context: Context, draft: Draft) -> OutgoingSegment:
    cells = context.definitions.segment(draft.name) or ()
    fields: dict[int, list[Composite]] = {}
    for number, repetitions in sorted(draft.fields.items()):
        cell = cells[number - 1] if number <= len(cells) else None
        if cell is None or not cell.datatype:
            _lost(context, draft, number, f"Version {context.definitions.version} does not have this field.")
            continue
        if cell.datatype == "varies":
            fields[number] = repetitions
            continue
        if cell.most and len(repetitions) > cell.most:
            _lost(context, draft, number, f"The field takes {cell.most} values.")
            repetitions = repetitions[: cell.most]
        fitted = [_repetition(context, draft, number, cell, one) for one in repetitions]
        if any(map(any, fitted)):
            fields[number] = fitted
    _require(context, draft, fields, cells)
    return OutgoingSegment(draft.name, fields)


def _repetition(context: Context, draft: Draft, number: int, cell: Cell, composite: Composite) -> Composite:
    components = context.definitions.datatype(cell.datatype)
    if components is None:
        return [_primitive(context, draft, number, cell, composite)]
    if cell.datatype == "XTN":
        composite = _number_placed(components, composite)
    fitted: Composite = []
    for index, part in enumerate(composite):
        inner = components[index] if index < len(components) else None
        if inner is None or not inner.datatype:
            if _text(part):
                _lost(context, draft, number, f"The version has no component {index + 1} of {cell.datatype}.")
            fitted.append("")
        else:
            fitted.append(_component(context, draft, number, inner, part))
    return fitted


def _number_placed(components: tuple[Cell, ...], composite: Composite) -> Composite:
    """Return an XTN with its unformatted number where the version has it: one of two components, or both."""
    used = [len(components) > place and bool(components[place].datatype) for place in _UNFORMATTED]
    if all(used):
        return composite
    old, new = _UNFORMATTED if used[1] else reversed(_UNFORMATTED)
    placed = [*composite, *([""] * (new + 1 - len(composite)))]
    if len(composite) > old and not placed[new]:
        placed[new], placed[old] = placed[old], ""
    return trimmed(placed)


def _component(context: Context, draft: Draft, number: int, cell: Cell, part: Component) -> Component:
    parts = context.definitions.datatype(cell.datatype)
    if isinstance(part, str):
        return part
    if parts is None:
        if any(part[1:]):
            _lost(context, draft, number, f"A {cell.datatype} has one component.")
        return next((text for text in part if text), "")
    if any(part[len(parts) :]):
        _lost(context, draft, number, f"A {cell.datatype} has {len(parts)} components.")
    return part[: len(parts)]


def _primitive(context: Context, draft: Draft, number: int, cell: Cell, composite: Composite) -> str:
    """Return what a primitive type holds of a composite: the code, or the words where there is no code."""
    datatype, texts = cell.datatype, [_text(part) for part in composite]
    first = next((text for text in texts if text), "")
    if datatype == "DT":
        return first[:_DAY]
    if datatype == _NUMBER and not set(first) <= _DIGITS:
        _lost(context, draft, number, "The version takes a number here.")
        return ""
    # A table that users define (IS) may have codes of any system.
    if datatype == "ID" and _is_foreign(context, cell, texts):
        _lost(context, draft, number, f"A {datatype} has no place for the system of this code.")
        return ""
    if datatype not in _CODES and len([text for text in texts if text]) > 1:
        _lost(context, draft, number, f"A {datatype} has no components.")
    elif any(texts[1:2] + texts[3:]) and first == texts[0] and not _is_told(context, cell, first):
        _lost(context, draft, number, f"A {datatype} holds a code without words.")
    return first


def _is_foreign(context: Context, cell: Cell, texts: list[str]) -> bool:
    """Tell whether a code is one of a shared system and none of the field's own table."""
    system = texts[_SYSTEM] if len(texts) > _SYSTEM and texts[0] else ""
    local = system in ("", "L") or system.startswith(("99", _TABLES, _CODES_OF_SENDERS))
    return not local and not _is_told(context, cell, texts[0])


def _is_told(context: Context, cell: Cell, code: str) -> bool:
    """Tell whether the version's table says what a code means."""
    codes = context.definitions.codes(cell.table)
    return codes is not None and code in codes


def _text(part: Component) -> str:
    return part if isinstance(part, str) else next((text for text in part if text), "")


def _lost(context: Context, draft: Draft, number: int, text: str) -> None:
    if draft.name not in _UNREAD:
        context.report("warning", "not-supported", "field-not-carried", f"{draft.name}-{number}", text)


def _require(context: Context, draft: Draft, fields: dict[int, list[Composite]], cells: tuple[Cell, ...]) -> None:
    for number, cell in enumerate(cells, start=1):
        if not cell.is_required or fields.get(number) or draft.name == "MSH":
            continue
        place = f"{draft.name}-{number}"
        rule = draft.table.rules.get(number)
        if number in draft.required and rule is not None and rule.targets:
            text = f"HL7 v2 {context.definitions.version} requires {place}."
            raise RejectedError("missing-element", rule.targets[0], text)
        context.report("information", "incomplete", "required-field-empty", place, "Nothing in the FHIR fills it.")
