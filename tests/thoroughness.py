"""How often a property is tried: in `corridor test --all` as often as is written, else a third as often."""

from __future__ import annotations

# What `corridor test --all` selects: every mark.
_EVERYTHING = "long or not long"
_SHARE = 3

_selected = [""]


def select(expression: str) -> None:
    """Take note of what a run selects; to be called before the modules of the tests are imported."""
    _selected[0] = expression


def examples(number: int) -> int:
    """Return how many of `number` examples this run tries."""
    return number if _selected[0] == _EVERYTHING else number // _SHARE
