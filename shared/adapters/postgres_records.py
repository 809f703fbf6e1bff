"""Records as the parameters of a statement."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def columns_of(record: DataclassInstance) -> dict[str, Any]:
    """Return the record's fields by name, the values as they are: `asdict` copies each, a tenth of a message's CPU."""
    return {name: getattr(record, name) for name in _names(type(record))}


@cache
def _names(kind: type[DataclassInstance]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
