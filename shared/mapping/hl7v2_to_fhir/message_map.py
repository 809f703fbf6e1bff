"""What a map of messages is: a name, a version, and a pure function over the context of one message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.mapping.hl7v2_to_fhir.context import Context, Resource


@dataclass(frozen=True, slots=True)
class MessageMap:
    """A named, versioned map of some message types; `build` returns the Bundle of the message in its context."""

    name: str
    version: str
    build: Callable[[Context], Resource]

    @property
    def identity(self) -> str:
        """Return `name/version`: lineage records it with everything that the map made."""
        return f"{self.name}/{self.version}"
