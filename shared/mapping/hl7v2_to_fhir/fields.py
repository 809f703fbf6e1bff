"""
The account of a message's fields, from the tables in the segment modules' docstrings.

A field of a table may name its data type: components that the type's map does not carry are then accounted for one by
one. `AS-SENT` means that the field goes, as text, into the extension `urn:corridor:extension:<field>` of the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from shared.formats.hl7v2.message import NULL, Segment
from shared.mapping.coverage import Account, Coverage, Fate, FieldTable, Rule, field_table
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append

AS_SENT = "AS-SENT"

# The components that a data type's map carries; a type that is absent here is carried whole.
COMPONENTS: dict[str, frozenset[int]] = {
    "CWE": frozenset(range(1, 23)),
    "CX": frozenset(range(1, 13)),
    "DT": frozenset({1}),
    "DTM": frozenset({1, 2}),
    "DR": frozenset({1, 2}),
    "EI": frozenset({1, 2, 3, 4}),
    "EIP": frozenset({1, 2}),
    "HD": frozenset({1, 2, 3}),
    "ID": frozenset({1}),
    "NDL": frozenset({1}),
    "NM": frozenset({1}),
    "PT": frozenset({1, 2}),
    "PL": frozenset(range(1, 12)),
    "CQ": frozenset({1, 2}),
    "XAD": frozenset(range(1, 24)),
    "XCN": frozenset(range(1, 26)),
    "XON": frozenset(range(1, 11)),
    "XPN": frozenset(range(1, 16)),
    "XTN": frozenset(range(1, 19)),
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
    "XAD": {7: frozenset({*range(1, 7), *range(8, 24)})},
    "XCN": {
        **dict.fromkeys((9, 13), frozenset({1})),
        **dict.fromkeys((8, 11, 12, *range(14, 17), *range(22, 26)), frozenset(range(1, 8))),
        **dict.fromkeys((10, *range(17, 22)), frozenset({2, 3, 4, 5, 6, 7})),
    },
    "XON": dict.fromkeys((2, 4, 5, 6, 7, 8, 9), frozenset({1, 3, 10})),
    "XPN": {7: frozenset({*range(1, 7), *range(8, 16)})},
    "XTN": dict.fromkeys((2, 3, *range(9, 12), *range(13, 19)), frozenset({1, 4, 5, 6, 7, 8, 12})),
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
_NULL = Fate("dropped", (), "explicit null: the element is absent from the resource, which replaces what was there")
_NO_MAP = Fate("unknown", (), "no map for this field")
_NO_SEGMENT_MAP = Fate("unknown", (), "no map for this segment")
_ONE_REPETITION = Fate("unknown", (), "the map takes one repetition of this field")
_NO_COMPONENT_MAP = Fate("unknown", (), "no map for this component")
_NOTHING_QUALIFIED = Fate("dropped", (), "qualifies a component that is empty")


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
            dropped = Fate("dropped", (), reason)
            accounts += [(place, dropped) for place in _valued(segment)]
        elif (table := context.claims.get(segment)) is not None:
            _account(context, segment, table, accounts)
        elif len(segment.fields) == 1:
            accounts.append((segment.label, _NO_SEGMENT_MAP))
        else:
            accounts += [(place, _NO_SEGMENT_MAP) for place in _valued(segment)]
    return accounts


def _valued(segment: Segment) -> Iterator[str]:
    label = segment.label
    return (f"{label}-{number}" for number, raw in enumerate(segment.fields) if raw and number)


def _account(context: Context, segment: Segment, table: FieldTable, accounts: list[Account]) -> None:
    plan, fields, label, dropped = _plan(table), segment.fields, segment.label, context.dropped_fields
    component, repetition = segment.delimiters.component or _NEVER, segment.delimiters.repetition or _NEVER
    empty = component * 2
    add = accounts.append
    for step, raw in zip(plan, fields, strict=False):
        if not raw or step is None:
            continue
        number, suffix, fate, gap = step
        if raw == NULL and fate is not _NO_MAP:
            fate, gap = _NULL, 0
        elif dropped and fate is not _NO_MAP and (segment, number) in dropped:
            fate, gap = Fate("dropped", (), dropped[segment, number]), 0
        add((label + suffix, fate))
        if gap and (component in raw or repetition in raw):
            doubtful = repetition in raw or raw[0] == component or empty in raw
            if doubtful or raw.count(component) >= gap:
                _account_parts(segment, number, table.rules[number], accounts)
    accounts += [(f"{label}-{at}", _NO_MAP) for at, raw in enumerate(fields[len(plan) :], len(plan)) if raw]


@lru_cache(maxsize=1024)
def _plan(table: FieldTable) -> list[tuple[int, str, Fate, int] | None]:
    """
    Return, by field: its number, how its location ends, its fate, how many separators make it worth a closer look.

    The latter is 0 where it is carried whole or not at all. The segment's name, at 0, is no field.
    """
    fates = table.fates()
    numbers = range(1, max(fates, default=0) + 1)
    return [None, *((at, f"-{at}", fates.get(at, _NO_MAP), _gap(table.rules.get(at))) for at in numbers)]


def _gap(rule: Rule | None) -> int:
    if rule is None or rule.reason or rule.datatype == AS_SENT or (rule.repeats and rule.datatype not in COMPONENTS):
        return 0
    return _FIRST_GAP.get(rule.datatype, _NO_GAP)


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
                entries.append((place, _ONE_REPETITION))
            continue
        if carried is not None and delimiters.component and delimiters.component in text:
            parts = text.split(delimiters.component)
            filled = tuple(map(bool, parts))
            subcomponent = delimiters.subcomponent
            told = tuple(bool(part.strip(subcomponent or None)) for part in parts) if subcomponent in text else filled
            find = _lost if len(parts) <= _USUAL_COMPONENTS else _lost.__wrapped__
            for position, fate in find(rule.datatype, filled, told):
                entries.append((segment.location(number, index, position), fate))


@lru_cache(maxsize=4096)
def _lost(datatype: str, filled: tuple[bool, ...], told: tuple[bool, ...]) -> list[tuple[int, Fate]]:
    """
    Return the components that the map of a data type cannot place, and why.

    `filled` are those that are not empty, `told` those of them that hold more than separators: all that it takes to
    know, so that it is worked out once for all values of one form.
    """
    lost: list[tuple[int, Fate]] = []
    count = len(filled)
    for position, heads in _DOUBTFUL[datatype]:
        if position > count or not filled[position - 1]:
            continue
        if heads is None:
            lost.append((position, _NO_COMPONENT_MAP))
        elif not any(told[head - 1] for head in heads if head <= count):
            lost.append((position, _NOTHING_QUALIFIED))
    further = range(_USUAL_COMPONENTS + 1, count + 1)
    return lost + [(position, _NO_COMPONENT_MAP) for position in further if filled[position - 1]]
