"""
The account of a message's fields, from the tables in the segment modules' docstrings.

A field of a table may name its data type: components that the type's map does not carry are then accounted for one by
one. `AS-SENT` means that the field goes, as text, into the extension `urn:corridor:extension:<field>` of the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from shared.formats.hl7v2.message import NULL, Segment
from shared.mapping.coverage import Account, Coverage, FieldTable, Rule, field_table
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
    "PL": frozenset(range(1, 12)),
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
_USUAL_COMPONENTS = 30
# The components of a type that need a look: those that its map does not carry, and the qualifiers.
_DOUBTFUL: dict[str, list[tuple[int, tuple[int, ...] | None]]] = {
    name: [
        (number, tuple(sorted(_QUALIFIERS.get(name, {})[number])) if number in carried else None)
        for number in range(1, _USUAL_COMPONENTS + 1)
        if number not in carried or number in _QUALIFIERS.get(name, {})
    ]
    for name, carried in COMPONENTS.items()
}
_WHOLE = ("ST", "TX", "FT", "PRL", "OG")
_NULL_REASON = "explicit null: the element is absent from the resource, which replaces what was there"
_NO_MAP = "no map for this field"
_NO_SEGMENT_MAP = "no map for this segment"


# What no field can hold stands in for a delimiter that is not declared.
_NEVER = "\r"


def table_of(documentation: str | None) -> FieldTable:
    """Return the table in a segment module's docstring."""
    return field_table(documentation, (*COMPONENTS, *_WHOLE, AS_SENT))


@lru_cache(maxsize=1024)
def _as_sent(table: FieldTable, target: str) -> tuple[int, ...]:
    return tuple(sorted(table.numbers_of(AS_SENT, target)))


def carry(context: Context, resource: Resource, segment: Segment, table: FieldTable) -> None:
    """Put the AS-SENT fields of a segment that name this resource's type into its extensions."""
    fields = segment.fields
    count = len(fields)
    for number in _as_sent(table, resource["resourceType"]):
        if number >= count:
            break
        if fields[number]:
            carry_field(resource, segment, number)


def carry_all(element: Resource, segment: Segment, table: FieldTable) -> None:
    """Put every AS-SENT field of a segment into an element's extensions: for segments that make one element."""
    for number, raw in enumerate(segment.fields):
        if raw and number in table.rules and table.rules[number].datatype == AS_SENT:
            carry_field(element, segment, number)


def carry_field(element: Resource, segment: Segment, number: int) -> None:
    """Put one field, as text, into an extension of a resource or element."""
    if not segment.raw(number):
        return
    text = "~".join([repetition.text() for repetition in segment.repetitions(number)])
    if text.strip():
        append(element, "extension", {"url": f"{EXTENSIONS}{segment.name.lower()}-{number}", "valueString": text})


def coverage_of(context: Context) -> Coverage:
    """Return what became of every non-empty field of the message; the account is made when it is first read."""
    return Coverage(partial(_accounts, context))


def _accounts(context: Context) -> list[Account]:
    accounts: list[Account] = []
    for segment in context.message.segments:
        reason = context.drops.get(segment)
        if reason is not None:
            accounts += [(place, "dropped", (), reason) for place in _valued(segment)]
        elif (table := context.claims.get(segment)) is not None:
            _account(context, segment, table, accounts)
        elif len(segment.fields) == 1:
            accounts.append((segment.label, "unknown", (), _NO_SEGMENT_MAP))
        else:
            accounts += [(place, "unknown", (), _NO_SEGMENT_MAP) for place in _valued(segment)]
    return accounts


def _valued(segment: Segment) -> Iterator[str]:
    label = segment.label
    return (f"{label}-{number}" for number, raw in enumerate(segment.fields) if raw and number)


def _account(context: Context, segment: Segment, table: FieldTable, accounts: list[Account]) -> None:
    outcomes, gaps, label, dropped = table.outcomes, _gaps(table), segment.label, context.dropped_fields
    component, repetition = segment.delimiters.component or _NEVER, segment.delimiters.repetition or _NEVER
    add = accounts.append
    for number, raw in enumerate(segment.fields):
        if not raw or not number:
            continue
        place = f"{label}-{number}"
        if (known := outcomes.get(number)) is None:
            add((place, "unknown", (), _NO_MAP))
            continue
        outcome, targets, reason = known
        if raw == NULL:
            add((place, "dropped", (), _NULL_REASON))
        elif dropped and (segment, number) in dropped:
            add((place, "dropped", (), dropped[segment, number]))
        else:
            add((place, outcome, targets, reason))
            gap = gaps[number]
            if gap and (component in raw or repetition in raw):
                doubtful = repetition in raw or raw[0] == component or component * 2 in raw
                if doubtful or raw.count(component) >= gap:
                    _account_parts(segment, number, table.rules[number], accounts)


@lru_cache(maxsize=1024)
def _gaps(table: FieldTable) -> dict[int, int]:
    """Return how many separators make a field worth a closer look; 0 where it is carried whole or not at all."""
    return {
        number: 0
        if rule.reason or rule.datatype == AS_SENT or (rule.repeats and rule.datatype not in COMPONENTS)
        else _FIRST_GAP.get(rule.datatype, _NO_GAP)
        for number, rule in table.rules.items()
    }


def _account_parts(segment: Segment, number: int, rule: Rule, entries: list[Account]) -> None:
    """Account for what a mapped field holds beyond its data type's map: further components and repetitions."""
    carried = COMPONENTS.get(rule.datatype)
    delimiters = segment.delimiters
    raw = segment.fields[number]
    repetitions = raw.split(delimiters.repetition) if delimiters.repetition else [raw]
    for index, text in enumerate(repetitions, start=1):
        if index > 1 and not rule.repeats:
            if text:
                place = segment.location(number, index)
                entries.append((place, "unknown", (), "the map takes one repetition of this field"))
            continue
        if carried is not None and delimiters.component and delimiters.component in text:
            parts = text.split(delimiters.component)
            for position, reason in _lost(rule.datatype, parts, delimiters.subcomponent or None):
                entries.append((segment.location(number, index, position), "unknown", (), reason))


def _lost(datatype: str, parts: list[str], subcomponent: str | None) -> Iterator[tuple[int, str]]:
    """Yield the components that the map of a data type cannot place, and why."""
    count = len(parts)
    for position, heads in _DOUBTFUL[datatype]:
        if position > count:
            return
        if not parts[position - 1]:
            continue
        if heads is None:
            yield position, "no map for this component"
        elif not any(parts[head - 1].strip(subcomponent) for head in heads if head <= count):
            yield position, "qualifies a component that is empty"
    for position in range(_USUAL_COMPONENTS + 1, count + 1):
        if parts[position - 1]:
            yield position, "no map for this component"
