"""
The model of an HL7 v2 message: segments split into fields, everything below split when it is asked for.

All positions count from 1, as the standard does. A `Repetition` is one repetition of one field; a component read from
it is plain text, with the escapes resolved. `""` (explicit null) reads as "" and is told apart by `is_null`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import compress, count

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.delimiters import Delimiters

NULL = '""'
MAX_REPETITIONS = 20_000


class Repetition:
    """One repetition of a field."""

    __slots__ = ("delimiters", "parts", "plain", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, plain: bool = False) -> None:
        self.raw = raw
        self.delimiters = delimiters
        self.parts = raw.split(delimiters.separators[1])
        # Most values hold neither an escape nor a sub-component nor "": their components are read without a look.
        self.plain = plain or delimiters.is_plain(raw)

    @property
    def is_null(self) -> bool:
        """Tell whether the sender wrote `""`: delete what you have."""
        return self.raw == NULL

    def component(self, number: int) -> str:
        """Return component `number` as text without blanks around it, "" when it is absent."""
        parts = self.parts
        if number > len(parts):
            return ""
        raw = parts[number - 1]
        if not raw:
            return ""
        return raw.strip() if self.plain else self.delimiters.text(raw).strip()

    def components(self, count: int) -> list[str]:
        """Return the first `count` components as text, absent ones as ""."""
        parts = self.parts[:count] if len(self.parts) > count else self.parts
        if self.plain:
            found = list(map(str.strip, parts))
        else:
            text = self.delimiters.text
            found = [text(part).strip() if part else "" for part in parts]
        if len(found) < count:
            found += [""] * (count - len(found))
        return found

    def subcomponent(self, number: int, part: int) -> str:
        """Return sub-component `part` of component `number` as text."""
        if number > len(self.parts):
            return ""
        raw = self.parts[number - 1]
        if self.plain:
            return raw.strip() if part == 1 else ""
        separator = self.delimiters.subcomponent
        if not separator or separator not in raw:
            return self.delimiters.text(raw).strip() if part == 1 else ""
        pieces = raw.split(separator)
        return self.delimiters.text(pieces[part - 1]).strip() if part <= len(pieces) else ""

    def subcomponents(self, number: int, count: int) -> list[str]:
        """Return the first `count` sub-components of component `number` as text, absent ones as ""."""
        raw = self.parts[number - 1] if number <= len(self.parts) else ""
        separator = self.delimiters.subcomponent
        pieces = raw.split(separator, count)[:count] if separator else [raw]
        text = self.delimiters.text
        found = [text(piece).strip() for piece in pieces]
        return found + [""] * (count - len(found))

    def text(self) -> str:
        """Return the whole repetition as text, its separators as `^` and `&`: for types that should have none."""
        if self.plain:
            return "^".join(self.parts)
        return "^".join(self.delimiters.text(part) for part in self.parts)


class Field:
    """One field of one segment, with its repetitions."""

    __slots__ = ("delimiters", "location", "raw")

    def __init__(self, raw: str, delimiters: Delimiters, location: str) -> None:
        self.raw = raw
        self.delimiters = delimiters
        self.location = location

    @property
    def is_null(self) -> bool:
        """Tell whether the sender wrote `""`."""
        return self.raw == NULL

    @property
    def repetitions(self) -> list[Repetition]:
        """Return the repetitions that hold anything; RejectedError when there are absurdly many."""
        raw = self.raw
        if not raw:
            return []
        return _repetitions(raw, self.delimiters, self.location)

    def component(self, number: int) -> str:
        """Return component `number` of the first repetition as text."""
        return Repetition(self._first(), self.delimiters).component(number)

    def subcomponent(self, number: int, part: int) -> str:
        """Return sub-component `part` of component `number` of the first repetition as text."""
        return Repetition(self._first(), self.delimiters).subcomponent(number, part)

    def text(self) -> str:
        """Return the first repetition as text."""
        return Repetition(self._first(), self.delimiters).text()

    def _first(self) -> str:
        return self.raw.split(self.delimiters.separators[0], 1)[0]


def _repetitions(raw: str, delimiters: Delimiters, location: str, *, plain: bool = False) -> list[Repetition]:
    separator = delimiters.separators[0]
    if raw.count(separator) >= MAX_REPETITIONS:
        raise RejectedError("too-many-repetitions", location, f"More than {MAX_REPETITIONS} repetitions.")
    return [Repetition(part, delimiters, plain) for part in raw.split(separator) if part]


class Segment:
    """
    One segment. `label` is its name, with its occurrence when the message has several: `OBX[2]`.

    `plain` says of all its fields what a repetition's says of one; False where nobody has looked.
    """

    __slots__ = ("delimiters", "fields", "label", "name", "occurrence", "plain")

    def __init__(
        self, name: str, fields: list[str], delimiters: Delimiters, occurrence: int, plain: bool = False
    ) -> None:
        self.name = name
        self.fields = fields
        self.delimiters = delimiters
        self.occurrence = occurrence
        self.label = name
        self.plain = plain

    def raw(self, number: int) -> str:
        """Return field `number` exactly as sent, "" when it is absent."""
        return self.fields[number] if number < len(self.fields) else ""

    def filled(self) -> set[int]:
        """Return the numbers of the fields that hold anything, 0 for the name: the others need no look."""
        return set(compress(count(), self.fields))

    def field(self, number: int) -> Field:
        """Return field `number`; an absent one is empty."""
        return Field(self.raw(number), self.delimiters, f"{self.label}-{number}")

    def repetitions(self, number: int) -> list[Repetition]:
        """Return the repetitions of field `number` that hold anything."""
        fields = self.fields
        if number >= len(fields) or not (raw := fields[number]) or raw == NULL:
            return []
        delimiters = self.delimiters
        if delimiters.separators[0] not in raw:
            return [Repetition(raw, delimiters, self.plain)]
        return _repetitions(raw, delimiters, self.location(number), plain=self.plain)

    def first(self, number: int) -> Repetition | None:
        """Return the first repetition of field `number`; None when the field is empty or `""`."""
        fields = self.fields
        if number >= len(fields) or not (raw := fields[number]) or raw == NULL:
            return None
        delimiters = self.delimiters
        separator = delimiters.separators[0]
        if separator in raw:
            raw = raw.split(separator, 1)[0]
            if not raw:
                return None
        return Repetition(raw, delimiters, self.plain)

    def text(self, number: int, component: int = 1) -> str:
        """Return one component of the first repetition of field `number` as text, the quick way."""
        fields = self.fields
        if number >= len(fields) or not (raw := fields[number]):
            return ""
        if raw.isalnum():
            # No delimiter is a letter or a digit.
            return raw if component == 1 else ""
        delimiters = self.delimiters
        repeated, separator = delimiters.separators
        if repeated in raw:
            raw = raw.split(repeated, 1)[0]
        if separator in raw:
            parts = raw.split(separator, component)
            raw = parts[component - 1] if component <= len(parts) else ""
        elif component > 1:
            return ""
        return raw.strip() if self.plain else delimiters.text(raw).strip()

    def lines(self, number: int) -> str:
        """Return the repetitions of field `number` as lines of text, "" when they say nothing."""
        return "\n".join([repetition.text() for repetition in self.repetitions(number)]).strip()

    def is_null(self, number: int) -> bool:
        """Tell whether field `number` is `""`: delete what you have."""
        return self.raw(number) == NULL

    def location(self, number: int, repetition: int = 1, component: int = 0) -> str:
        """Return the place in the standard's words: `OBX[2]-5`, `PID-3(2).1`."""
        if repetition == 1 and not component:
            return f"{self.label}-{number}"
        repeated = f"({repetition})" if repetition > 1 else ""
        return f"{self.label}-{number}{repeated}{f'.{component}' if component else ''}"


class Message:
    """
    A parsed message: its segments in their order, its delimiters, and what reading it had to report.

    `rows` are the segments as text, one by one, where the message is not long.
    """

    __slots__ = ("charset", "code", "delimiters", "event", "issues", "rows", "segments", "structure")

    def __init__(
        self,
        segments: list[Segment],
        delimiters: Delimiters,
        charset: str,
        issues: tuple[Issue, ...],
        rows: list[str] | None = None,
    ) -> None:
        self.segments = segments
        self.delimiters = delimiters
        self.charset = charset
        self.issues = issues
        self.rows = rows
        kind = segments[0].first(9)
        # MSH-9, the message type: its code `ORU`, its trigger event `R01`, its structure `ORU_R01`.
        self.code, self.event, self.structure = kind.components(3) if kind is not None else ("", "", "")

    @property
    def header(self) -> Segment:
        """Return MSH."""
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        """Return the first segment called `name`."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[Segment]:
        """Yield every segment called `name`."""
        return (segment for segment in self.segments if segment.name == name)

    @property
    def version(self) -> str:
        """Return MSH-12.1: `2.5.1`."""
        return self.header.text(12)

    @property
    def control_id(self) -> str:
        """Return MSH-10."""
        return self.header.text(10)
