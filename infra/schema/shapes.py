"""
The shape of a resource's body, whichever authority describes it: what may stand where, and what must.

A record's properties are read when they are first asked for, because Azure's types refer to each other in
circles and a whole provider has thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Anything:
    """No statement is made about the value."""


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Text:
    """A string; lengths are in characters, `pattern` is searched for in it."""

    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None


@dataclass(frozen=True)
class Number:
    """A number, or a whole one only."""

    least: float | None = None
    most: float | None = None
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of the values; where it is `open`, Azure may know more of them than the authority does."""

    values: tuple[str, ...]
    open: bool = False


@dataclass(frozen=True)
class Items:
    """A list of values of one shape."""

    of: Shape
    fewest: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Property:
    """One property of a record. What is `read_only` is Azure's to say."""

    shape: Shape
    required: bool = False
    read_only: bool = False


@dataclass(eq=False)
class Record:
    """
    An object. `extra` is the shape of properties beyond those named, None where there may be none.

    Where `discriminator` names a property, its value picks one of `variants`, which adds properties.
    """

    load: Callable[[], Mapping[str, Property]]
    extra: Shape | None = None
    discriminator: str = ""
    variants: Mapping[str, Callable[[], Record]] = field(default_factory=dict)

    @cached_property
    def properties(self) -> Mapping[str, Property]:
        """Return every named property."""
        return self.load()

    def variant(self, value: object) -> Record | None:
        """Return the variant that the discriminator's value picks."""
        found = self.variants.get(value) if isinstance(value, str) else None
        return found() if found else None


Shape = Anything | Flag | Text | Number | Choice | Items | Record


def picked(record: Record, value: Mapping[str, object]) -> Mapping[str, Property]:
    """Return the properties that a value of this record may have, those of its variant among them."""
    variant = record.variant(value.get(record.discriminator)) if record.discriminator else None
    return {**record.properties, **picked(variant, value)} if variant else record.properties
