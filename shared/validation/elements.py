"""Reading the elements of a resource: what invariants are written in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def exists(node: Node, *names: str) -> bool:
    """Whether any of these elements is present, with a value or with extensions alone."""
    for name in names:  # noqa: SIM110 - `any` costs a generator
        if name in node or f"_{name}" in node:
            return True
    return False


def has_choice(node: Node, stem: str) -> bool:
    """Whether a choice element `stem[x]` is present in any type."""
    starts = (stem, f"_{stem}")
    for key in node:  # noqa: SIM110 - `any` costs a generator
        if key.startswith(starts):
            return True
    return False


def codings(concept: Node | None) -> set[tuple[str | None, str | None]]:
    """Return the (system, code) pairs of a CodeableConcept."""
    return {(coding.get("system"), coding.get("code")) for coding in (concept or {}).get("coding", [])}


def strings(node: object) -> Iterator[str]:
    """Yield every string below a node, without recursion."""
    todo = [node]
    while todo:
        current = todo.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, dict):
            todo.extend(current.values())
        elif isinstance(current, list):
            todo.extend(current)
