"""
The account of a message's fields, from the tables in the segment modules' docstrings.

A field of a table may name its data type: components that the type's map does not carry are then accounted for one by
one. `AS-SENT` means that the field goes, as text, into the extension `urn:corridor:extension:<field>` of the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from shared.formats.hl7v2.message import NULL, Segment
from shared.mapping.coverage import Coverage, CoverageEntry, FieldTable, Rule, field_table
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append

AS_SENT = "AS-SENT"

# The components that a data type's map carries; a type that is absent here is carried whole.
COMPONENTS: dict[str, frozenset[int]] = {
    "CWE": frozenset({*range(1, 15), 17, 20}),
    "CX": frozenset({1, 2, 3, 4, 5, 6, 7, 8}),
    "DT": frozenset({1}),
    "DTM": frozenset({1, 2}),
    "DR": frozenset({1, 2}),
    "EI": frozenset({1, 2, 3, 4}),
    "EIP": frozenset({1, 2}),
    "HD": frozenset({1, 2, 3}),
    "ID": frozenset({1}),
    "NDL": frozenset({1}),
    "NM": frozenset({1}),
    "PL": frozenset(range(1, 10)),
    "CQ": frozenset({1, 2}),
    "XAD": frozenset({*range(1, 12), 13, 14}),
    "XCN": frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 19, 20}),
    "XON": frozenset({1, 2, 3, 6, 7, 8, 10}),
    "XPN": frozenset({1, 2, 3, 4, 5, 6, 7, 12, 13}),
    "XTN": frozenset({*range(1, 10), 12, 13, 14}),
}
# Components that say something only of another: alone they qualify nothing, and no map can place them.
_QUALIFIERS: dict[str, dict[int, frozenset[int]]] = {
    "CWE": {
        **dict.fromkeys((3, 14), frozenset({1, 2})),
        **dict.fromkeys((6, 17), frozenset({4, 5})),
        **dict.fromkeys((12, 20), frozenset({10, 11})),
        7: frozenset({1}),
        8: frozenset({4}),
        13: frozenset({10}),
    },
    "DTM": {2: frozenset({1})},
    "EI": dict.fromkeys((2, 3, 4), frozenset({1})),
    "HD": {3: frozenset({2})},
    "XAD": dict.fromkeys((7, 13, 14), frozenset({1, 2, 3, 4, 5, 6, 8, 9, 10, 11})),
    "XCN": {
        **dict.fromkeys((9, 13), frozenset({1})),
        **dict.fromkeys((8, 14), frozenset({1, 2, 3, 4, 5, 6, 7})),
        **dict.fromkeys((10, 19, 20), frozenset({2, 3, 4, 5, 6, 7})),
    },
    "XON": dict.fromkeys((2, 6, 7, 8), frozenset({1, 3, 10})),
    "XPN": dict.fromkeys((7, 12, 13), frozenset({1, 2, 3, 4, 5, 6})),
    "XTN": dict.fromkeys((2, 3, 9, 13, 14), frozenset({1, 4, 5, 6, 7, 8, 12})),
}
# How many components from the first on are carried without a gap: a shorter value needs no closer look.
_FIRST_GAP = {
    name: next(number for number in range(1, 30) if number not in carried) - 1 for name, carried in COMPONENTS.items()
}
_NO_GAP = 1_000_000
_WHOLE = ("ST", "TX", "FT", "PRL", "OG")
_NULL_REASON = "explicit null: the element is absent from the resource, which replaces what was there"
_NO_MAP = "no map for this field"
_NO_SEGMENT_MAP = "no map for this segment"


_TABLES: dict[str, FieldTable] = {}


def table_of(documentation: str | None) -> FieldTable:
    """Return the table in a segment module's docstring."""
    table = field_table(documentation, (*COMPONENTS, *_WHOLE, AS_SENT))
    _TABLES[table.segment] = table
    return table


@cache
def _as_sent(segment: str, target: str) -> tuple[int, ...]:
    return _TABLES[segment].numbers_of(AS_SENT, target)


def carry(context: Context, resource: Resource, segment: Segment, table: FieldTable) -> None:
    """Put the AS-SENT fields of a segment that name this resource's type into its extensions."""
    fields = segment.fields
    count = len(fields)
    for number in _as_sent(table.segment, resource["resourceType"]):
        if number < count and fields[number]:
            carry_field(resource, segment, number)


def carry_field(element: Resource, segment: Segment, number: int) -> None:
    """Put one field, as text, into an extension of a resource or element."""
    text = "~".join(repetition.text() for repetition in segment.repetitions(number))
    if text.strip():
        append(element, "extension", {"url": f"{EXTENSIONS}{segment.name.lower()}-{number}", "valueString": text})


def coverage_of(context: Context) -> Coverage:
    """Return what became of every non-empty field of the message."""
    entries: list[CoverageEntry] = []
    for segment in context.message.segments:
        reason = context.drops.get(segment)
        if reason is not None:
            entries += (CoverageEntry(place, "dropped", (), reason) for place, _ in _valued(segment))
        elif (table := context.claims.get(segment)) is not None:
            _account(context, segment, table, entries)
        elif len(segment.fields) == 1:
            entries.append(CoverageEntry(segment.label, "unknown", (), _NO_SEGMENT_MAP))
        else:
            entries += (CoverageEntry(place, "unknown", (), _NO_SEGMENT_MAP) for place, _ in _valued(segment))
    return Coverage(tuple(entries))


def _valued(segment: Segment) -> Iterator[tuple[str, int]]:
    label = segment.label
    return ((f"{label}-{number}", number) for number, raw in enumerate(segment.fields) if raw and number)


def _account(context: Context, segment: Segment, table: FieldTable, entries: list[CoverageEntry]) -> None:
    rules, label, dropped = table.rules, segment.label, context.dropped_fields
    component, repetition = segment.delimiters.component, segment.delimiters.repetition
    header = segment.name == "MSH"
    add = entries.append
    for number, raw in enumerate(segment.fields):
        if not raw or not number:
            continue
        place = f"{label}-{number}"
        rule = rules.get(number)
        if rule is None:
            add(CoverageEntry(place, "unknown", (), _NO_MAP))
        elif raw == NULL:
            add(CoverageEntry(place, "dropped", (), _NULL_REASON))
        elif rule.reason:
            add(CoverageEntry(place, "dropped", (), rule.reason))
        elif dropped and (reason := dropped.get((segment, number))) is not None:
            add(CoverageEntry(place, "dropped", (), reason))
        else:
            add(CoverageEntry(place, "mapped", rule.targets))
            if header and number < 3:
                continue
            repeated = repetition and repetition in raw
            gaps = component and (raw[0] == component or component * 2 in raw)
            if repeated or gaps or (component and raw.count(component) >= _FIRST_GAP.get(rule.datatype, _NO_GAP)):
                _account_parts(segment, number, rule, entries)


def _account_parts(segment: Segment, number: int, rule: Rule, entries: list[CoverageEntry]) -> None:
    """Account for what a mapped field holds beyond its data type's map: further components and repetitions."""
    carried = COMPONENTS.get(rule.datatype)
    if rule.datatype == AS_SENT or (carried is None and rule.repeats):
        return
    delimiters = segment.delimiters
    raw = segment.fields[number]
    repetitions = raw.split(delimiters.repetition) if delimiters.repetition else [raw]
    for index, text in enumerate(repetitions, start=1):
        if index > 1 and not rule.repeats:
            if text:
                place = segment.location(number, index)
                entries.append(CoverageEntry(place, "unknown", (), "the map takes one repetition of this field"))
            continue
        if carried is None or not delimiters.component or delimiters.component not in text:
            continue
        parts = text.split(delimiters.component)
        qualifiers = _QUALIFIERS.get(rule.datatype, {})
        for position, part in enumerate(parts, start=1):
            if not part:
                continue
            if position not in carried:
                place = segment.location(number, index, position)
                entries.append(CoverageEntry(place, "unknown", (), "no map for this component"))
            elif (heads := qualifiers.get(position)) and not any(
                parts[head - 1].strip(delimiters.subcomponent or None) for head in heads if head <= len(parts)
            ):
                place = segment.location(number, index, position)
                entries.append(CoverageEntry(place, "unknown", (), "qualifies a component that is empty"))
