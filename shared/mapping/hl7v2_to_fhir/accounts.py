"""
The account of a message's fields: what became of each, by the tables of the segments' maps and what the maps recorded.

A field whose data type the table names is looked into: what its map does not carry is accounted for by component.
Nearly every segment has an outline that many others had: then its account is there already.
"""

from __future__ import annotations

from functools import lru_cache, partial

from shared.formats.hl7v2.message import NULL, Segment
from shared.mapping.coverage import Account, Coverage, Fate, FieldTable, Form, Rule, Step
from shared.mapping.hl7v2_to_fhir.context import Context
from shared.mapping.hl7v2_to_fhir.fields import AS_SENT, COMPONENTS
from shared.mapping.hl7v2_to_fhir.outlines import Outline, outlines

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
# How many components are carried for sure where the first one is there: a shorter value needs no closer look.
_SURE = {
    name: next(
        number
        for number in range(1, 30)
        if number not in carried or 1 not in _QUALIFIERS.get(name, {}).get(number, frozenset({1}))
    )
    - 1
    for name, carried in COMPONENTS.items()
}
_ALL = 1_000_000
_USUAL_COMPONENTS = 30
_USUAL_FIELDS = 100
# The components of a type that need a look: those that its map does not carry, and the qualifiers.
_DOUBTFUL: dict[str, list[tuple[int, tuple[int, ...] | None]]] = {
    name: [
        (number, tuple(sorted(_QUALIFIERS.get(name, {})[number])) if number in carried else None)
        for number in range(1, _USUAL_COMPONENTS + 1)
        if number not in carried or number in _QUALIFIERS.get(name, {})
    ]
    for name, carried in COMPONENTS.items()
}
_NULL = Fate("dropped", (), "explicit null: the element is absent from the resource, which replaces what was there")
_NO_MAP = Fate("unknown", (), "no map for this field")
_NO_SEGMENT_MAP = Fate("unknown", (), "no map for this segment")
_ONE_REPETITION = Fate("unknown", (), "the map takes one repetition of this field")
_NO_COMPONENT_MAP = Fate("unknown", (), "no map for this component")
_NOTHING_QUALIFIED = Fate("dropped", (), "qualifies a component that is empty")
_NO_MAP_AT_ALL = Form([("", _NO_SEGMENT_MAP)])

# All that the account of a segment depends on: its table, its outline, the fields that its map has dropped, and why.
Seen = tuple[FieldTable, Outline | None, tuple[tuple[int, str], ...]]
_KNOWN: dict[Seen, Form] = {}
_MOST = 4096


def coverage_of(context: Context) -> Coverage:
    """Return what became of every non-empty field of the message; the account is made when it is first read."""
    return Coverage(partial(_accounts, context))


def _accounts(context: Context) -> list[Account]:
    accounts: list[Account] = []
    claims, drops, partly_dropped = context.claims, context.drops, context.dropped_fields
    message = context.message
    for segment, outline in zip(message.segments, outlines(message), strict=True):
        if drops and (reason := drops.get(segment)) is not None:
            form = _alike(segment, _dropped(reason))
        elif (table := claims.get(segment)) is not None:
            dropped = partly_dropped.get(segment)
            seen = table, outline, tuple(dropped.items()) if dropped else ()
            form = _KNOWN.get(seen) or _remember(seen, segment)
        else:
            form = _alike(segment, _NO_SEGMENT_MAP) if len(segment.fields) > 1 else _NO_MAP_AT_ALL
        accounts.append((segment.label, form))
    return accounts


def _remember(seen: Seen, segment: Segment) -> Form:
    """Return the account of a segment that its table maps, and know it from now on, if it is not long."""
    table, outline, dropped = seen
    form = _form(segment, table, _special(segment, dict(dropped)))
    if outline is not None:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        _KNOWN[seen] = form
    return form


@lru_cache(maxsize=256)
def _dropped(reason: str) -> Fate:
    """Return the fate of what is dropped for a reason: the same one, for the reasons are few."""
    return Fate("dropped", (), reason)


def _alike(segment: Segment, fate: Fate) -> Form:
    return Form([(f"-{number}", fate) for number, raw in enumerate(segment.fields) if raw and number])


def _form(segment: Segment, table: FieldTable, special: dict[int, Fate]) -> Form:
    """Return the account of a segment that its table maps, `special` being what becomes of some fields instead."""
    fields, delimiters = segment.fields, segment.delimiters
    filled = tuple(map(bool, fields))
    find = _usual if len(filled) <= _USUAL_FIELDS else _usual.__wrapped__
    usual, looked_at = find(table, filled)
    repetition, component = delimiters.separators
    empty = (component, delimiters.subcomponent)
    # A first component that is empty, or made of separators, leaves those that qualify it in doubt.
    further = [
        (position, found)
        for position, number, sure in looked_at
        if (
            (component in (raw := fields[number]) and (raw.count(component) >= sure or raw[0] in empty))
            or repetition in raw
        )
        and number not in special
        and (found := _further_steps(segment, number, table.rules[number]))
    ]
    if special:
        usual = _changed(usual, filled, special)
    if not further:
        return usual
    steps = [*usual.steps]
    for position, found in further:
        steps[position:position] = found
    return Form(steps)


def _changed(usual: Form, filled: tuple[bool, ...], special: dict[int, Fate]) -> Form:
    """Return the account of a segment in which some fields have another fate, by their numbers."""
    steps = [*usual.steps]
    for number, fate in special.items():
        position = sum(filled[1:number])
        if steps[position][1] is not _NO_MAP:
            steps[position] = (steps[position][0], fate)
    return Form(steps)


def _special(segment: Segment, dropped: dict[int, str]) -> dict[int, Fate]:
    """Return what becomes of the fields that are null, or that a map has dropped from this message."""
    fields = segment.fields
    found = {number: _dropped(reason) for number, reason in dropped.items() if segment.raw(number)}
    if NULL in fields:
        found |= {number: _NULL for number, raw in enumerate(fields) if raw == NULL}
    return found


@lru_cache(maxsize=1024)
def _usual(table: FieldTable, filled: tuple[bool, ...]) -> tuple[Form, list[tuple[int, int, int]]]:
    """
    Return the account of a segment, by which of its fields are filled.

    With it, the last one first, the fields that may hold more than their map carries: where in the account the rest of
    it goes, the field's number, and how many components need no closer look.
    """
    plan = _plan(table)
    steps = [plan[at] if at < len(plan) else (f"-{at}", _NO_MAP, 0) for at in range(1, len(filled)) if filled[at]]
    numbers = [at for at in range(1, len(filled)) if filled[at]]
    looked_at = [
        (at, number, step[2]) for at, (number, step) in enumerate(zip(numbers, steps, strict=True), 1) if step[2]
    ]
    return Form([(suffix, fate) for suffix, fate, _ in steps]), looked_at[::-1]


@lru_cache(maxsize=1024)
def _plan(table: FieldTable) -> list[tuple[str, Fate, int]]:
    """
    Return, by field: how its location ends, its fate, how many of its components need no closer look.

    The latter is 0 where it is carried whole or not at all. The segment's name, at 0, is no field.
    """
    fates = table.fates()
    numbers = range(max(fates, default=0) + 1)
    return [(f"-{at}", fates.get(at, _NO_MAP), _sure(table.rules.get(at))) for at in numbers]


def _sure(rule: Rule | None) -> int:
    if rule is None or rule.reason or rule.datatype == AS_SENT or (rule.repeats and rule.datatype not in COMPONENTS):
        return 0
    return _SURE.get(rule.datatype, _ALL)


def _further_steps(segment: Segment, number: int, rule: Rule) -> list[Step]:
    """Account for what a mapped field holds beyond its data type's map: further components and repetitions."""
    entries: list[Step] = []
    carried = COMPONENTS.get(rule.datatype)
    delimiters = segment.delimiters
    raw = segment.fields[number]
    repetitions = raw.split(delimiters.repetition) if delimiters.repetition else [raw]
    for index, text in enumerate(repetitions, start=1):
        if index > 1 and not rule.repeats:
            if text:
                entries.append((f"-{number}({index})", _ONE_REPETITION))
            continue
        if carried is not None and delimiters.component and delimiters.component in text:
            parts = text.split(delimiters.component)
            filled = tuple(map(bool, parts))
            subcomponent = delimiters.subcomponent
            told = tuple(bool(part.strip(subcomponent or None)) for part in parts) if subcomponent in text else filled
            find = _lost if len(parts) <= _USUAL_COMPONENTS else _lost.__wrapped__
            place = f"-{number}({index})" if index > 1 else f"-{number}"
            for position, fate in find(rule.datatype, filled, told):
                entries.append((f"{place}.{position}", fate))
    return entries


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
