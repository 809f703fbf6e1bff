"""
What the versions of HL7 v2 define: structures, segments, data types and tables, out of `tables/v<version>.json`.

A version is read when it is first asked for. `scripts/compile_hl7v2_structures.py` writes the files and says how they
are written. They know no lengths, and no tables before 2.3.1.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property, lru_cache
from importlib import resources

from shared.formats.hl7v2.cells import Cell, read_row
from shared.formats.hl7v2.events import structures_of_event
from shared.formats.hl7v2.grammar import Node, read_grammar

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
FALLBACK_VERSION = "2.5.1"
_OPEN = "..."
# Chapter 5: their last field stands for as many as the definition of the query says, each of a type of its own.
OPEN_ENDED = frozenset({"QPD", "RDT"})


class Definitions:
    """The definitions of one version; what is not defined is None or empty."""

    def __init__(self, version: str) -> None:
        text = resources.files("shared.formats.hl7v2.tables").joinpath(f"v{version}.json").read_text("utf-8")
        content = json.loads(text)
        self.version = version
        self._structures: dict[str, str] = content["structures"]
        self._segments: dict[str, str] = content["segments"]
        self._datatypes: dict[str, str] = content["datatypes"]
        self._tables: dict[str, list[str]] = content["tables"]
        self._grammars: dict[str, Node] = {}
        self._rows: dict[str, tuple[Cell, ...]] = {}
        self._codes: dict[str, frozenset[str] | None] = {}

    @property
    def structures(self) -> frozenset[str]:
        """Return the names of the message structures."""
        return frozenset(self._structures)

    @property
    def has_tables(self) -> bool:
        """Tell whether the codes of tables are known at all."""
        return bool(self._tables)

    def has_structure(self, name: str) -> bool:
        """Tell whether a message structure is defined."""
        return name in self._structures

    def structure(self, name: str) -> Node | None:
        """Return the grammar of a message structure."""
        if name in self._structures and name not in self._grammars:
            self._grammars[name] = read_grammar(name, self._structures[name])
        return self._grammars.get(name)

    def segment(self, name: str) -> tuple[Cell, ...] | None:
        """Return the fields of a segment, field 1 first."""
        return self._row(f"segment {name}", self._segments.get(name))

    def datatype(self, name: str) -> tuple[Cell, ...] | None:
        """Return the components of a data type, None when it is primitive."""
        return self._row(name, self._datatypes.get(name))

    def has_datatype(self, name: str) -> bool:
        """Tell whether the version has a data type of this name, with components or without."""
        return name in self._datatypes or name in self._primitives

    def codes(self, table: str) -> frozenset[str] | None:
        """Return the codes of a table (`0001`); None when it is unknown, or not all of its codes are."""
        if table not in self._codes:
            found = self._tables.get(table)
            self._codes[table] = frozenset(found) if found and found[0] != _OPEN else None
        return self._codes[table]

    @cached_property
    def _primitives(self) -> frozenset[str]:
        rows = (*self._segments.values(), *self._datatypes.values())
        return frozenset(cell.datatype for row in rows for cell in read_row(row))

    def _row(self, key: str, text: str | None) -> tuple[Cell, ...] | None:
        if text is None:
            return None
        if key not in self._rows:
            self._rows[key] = read_row(text)
        return self._rows[key]


@cache
def definitions_of(version: str) -> Definitions | None:
    """Return the definitions of a version, None when HL7 v2 has no such version."""
    return Definitions(version) if version in VERSIONS else None


def is_defined(segment: str, field: int = 0) -> bool:
    """Tell whether any version has a segment, or a field of it; whatever a Z-segment has is its sender's."""
    if segment.startswith("Z"):
        return True
    rows = (found.segment(segment) for version in reversed(VERSIONS) if (found := definitions_of(version)))
    return any(row is not None and (field <= len(row) or segment in OPEN_ENDED) for row in rows)


def structure_of(code: str, event: str, structure: str = "", version: str = "") -> str:
    """
    Return the message structure (table 0354) of MSH-9; "" when nothing tells it.

    MSH-9.3, which came with 2.3.1, tells it; where it is left out, the event does.
    """
    if structure:
        return structure
    if code == "ACK":
        return "ACK"
    definitions = definitions_of(version) or definitions_of(FALLBACK_VERSION)
    assert definitions is not None  # noqa: S101 - the fallback is one of the versions
    candidates = structures_of_event(code, event)
    return next((name for name in candidates if definitions.has_structure(name)), f"{code}_{event}".strip("_"))


@lru_cache(maxsize=1024)
def required_segments(version: str, structure: str) -> tuple[str, ...]:
    """Return the segments that no message of `structure` may lack in `version`; MSH alone when it is unknown."""
    definitions = definitions_of(version)
    grammar = definitions.structure(structure) if definitions else None
    return grammar.required if grammar else ("MSH",)


@cache
def version_number(version: str) -> tuple[int, ...]:
    """Return `2.5.1` as (2, 5, 1); one that cannot be read counts as the one we would write."""
    return tuple(int(part) for part in (version if re.fullmatch(r"\d+(\.\d+)*", version) else "2.5.1").split("."))
