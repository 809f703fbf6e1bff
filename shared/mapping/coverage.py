"""
What became of every field of a source: mapped to ..., dropped because ..., or unknown (invariant 6).

The documentation of a map is its table: the docstring of a segment's module says where each field goes, and coverage
reads the very same lines.

    Observation.code  = OBX-3    CWE    free words
    Patient.name      = PID-5*   XPN    `*`: every repetition is mapped
    [dropped]         = OBX-1    the written reason
    [dropped]         = PV1-20..26   one reason for a range
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import orjson

Outcome = Literal["mapped", "dropped", "unknown"]

_LINE = re.compile(
    r"^ +(?P<target>\S+) += (?P<segment>[A-Z][A-Z0-9]{2})-(?P<first>\d+)(?:\.\.(?P<last>\d+))?(?P<repeats>\*?)"
    r"(?: +(?P<words>\S.*))?$",
    re.MULTILINE,
)
_DROPPED = "[dropped]"


@dataclass(frozen=True, slots=True, eq=False)
class Fate:
    """What becomes of the fields that share it: mapped to its targets, or for a reason dropped or unknown."""

    outcome: Outcome
    targets: tuple[str, ...] = ()
    reason: str = ""
    # The members of an entry in JSON, all but its location: written once, for many entries share a fate.
    members: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        why = {"reason": self.reason} if self.reason else {"targets": self.targets}
        object.__setattr__(self, "members", orjson.dumps({"outcome": self.outcome, **why}).decode()[1:-1])


# How the location of a field goes on after its segment's, and its fate.
Step = tuple[str, Fate]
# Stands for the location of the segment: no text in JSON holds it as it is.
_LABEL = "\0"


class Form:
    """What became of the fields of one segment, but for where it stands: one for all that have the same fields."""

    __slots__ = ("_rows", "_written", "counts", "steps")

    def __init__(self, steps: Iterable[Step]) -> None:
        self.steps = tuple(steps)
        outcomes = [fate.outcome for _, fate in self.steps]
        self.counts = (outcomes.count("mapped"), outcomes.count("dropped"), outcomes.count("unknown"))
        rows = [f'{{"location":"{_LABEL}{suffix}",{fate.members}}}' for suffix, fate in self.steps]
        self._rows = ",".join(rows).encode()
        self._written: dict[str, bytes] = {}

    def entries_at(self, label: str) -> bytes:
        """Return the entries of the segment that stands at `label` as JSON, separated by commas."""
        if (written := self._written.get(label)) is None:
            written = self._rows.replace(_LABEL.encode(), label.encode())
            if "[" not in label:
                # A name is one of few; how manieth a segment is may be any number.
                self._written[label] = written
        return written


# What became of the fields of one segment: its location, and the form of its account.
Account = tuple[str, Form]


class CoverageEntry(NamedTuple):
    """What became of one field (or of a part of one)."""

    location: str
    outcome: Outcome
    targets: tuple[str, ...] = ()
    reason: str = ""


class Coverage:
    """
    The account of one message, in the order of its segments and fields.

    It is made of the entries, or of a function that makes them: then nothing is spent on an account that nobody reads.
    """

    __slots__ = ("_account",)

    def __init__(self, account: Sequence[Account] | Callable[[], Sequence[Account]]) -> None:
        self._account = account

    @property
    def entries(self) -> tuple[CoverageEntry, ...]:
        """Return what became of every field."""
        return tuple(
            CoverageEntry(label + suffix, fate.outcome, fate.targets, fate.reason)
            for label, form in self._read()
            for suffix, fate in form.steps
        )

    @property
    def unknown(self) -> tuple[CoverageEntry, ...]:
        """Return what no map knows: it is in the archived payload and nowhere else."""
        return tuple(entry for entry in self.entries if entry.outcome == "unknown")

    @property
    def dropped(self) -> tuple[CoverageEntry, ...]:
        """Return what was left out on purpose, with the reasons."""
        return tuple(entry for entry in self.entries if entry.outcome == "dropped")

    def counts(self) -> dict[str, int]:
        """Return how many fields were mapped, dropped and unknown."""
        mapped = dropped = unknown = 0
        for _, form in self._read():
            counts = form.counts
            mapped += counts[0]
            dropped += counts[1]
            unknown += counts[2]
        return {"mapped": mapped, "dropped": dropped, "unknown": unknown}

    def as_json(self) -> bytes:
        """Return counts and entries as compact JSON: so they are stored with a conversion."""
        rows = [form.entries_at(label) for label, form in self._read() if form.steps]
        return b'%s,"entries":[%s]}' % (orjson.dumps(self.counts())[:-1], b",".join(rows))

    def as_dicts(self) -> Iterator[dict[str, Any]]:
        """Yield the entries as plain data, a segment's at a time."""
        for label, form in self._read():
            if form.steps:
                yield from orjson.loads(b"[%s]" % form.entries_at(label))

    def _read(self) -> Sequence[Account]:
        if callable(self._account):
            self._account = self._account()
        return self._account


@dataclass(frozen=True, slots=True)
class Rule:
    """What a table says of one field: its targets, or the reason to drop it."""

    targets: tuple[str, ...]
    reason: str
    datatype: str
    repeats: bool


@dataclass(frozen=True, slots=True, eq=False)
class FieldTable:
    """The rules of one segment, by field number; one table is not another, though they say the same."""

    segment: str
    rules: Mapping[int, Rule] = field(default_factory=dict)

    def fates(self) -> dict[int, Fate]:
        """Return what becomes of each field that has a value."""
        return {
            number: Fate("dropped", (), rule.reason) if rule.reason else Fate("mapped", rule.targets)
            for number, rule in self.rules.items()
        }

    def numbers_of(self, datatype: str, target: str) -> tuple[int, ...]:
        """Return the fields of a data type that go to a resource type."""
        return tuple(
            number
            for number, rule in self.rules.items()
            if rule.datatype == datatype and rule.targets[0].split(".")[0] == target
        )


def field_table(documentation: str | None, datatypes: Iterable[str]) -> FieldTable:
    """Return the table in a docstring; `datatypes` are the first words that name one."""
    known = frozenset(datatypes)
    rules: dict[int, Rule] = {}
    segment = ""
    for match in _LINE.finditer(documentation or ""):
        segment = match["segment"]
        words = (match["words"] or "").strip()
        datatype = words.split(" ", 1)[0].strip(",.;")
        target = () if match["target"] == _DROPPED else (match["target"],)
        for number in range(int(match["first"]), int(match["last"] or match["first"]) + 1):
            before = rules.get(number)
            rules[number] = Rule(
                targets=(before.targets if before else ()) + target,
                reason="" if target or (before and before.targets) else words,
                datatype=datatype if datatype in known else (before.datatype if before else ""),
                repeats=bool(match["repeats"]) or bool(before and before.repeats),
            )
    return FieldTable(segment, rules)
