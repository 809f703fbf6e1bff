"""
FHIR JSON <-> plain dicts without losing a decimal's digits (7.10 is not 7.1 in FHIR).

A number that a float would shorten is a `Decimal` in the dict; everything else is an int or a float.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import orjson

Number = int | float | Decimal


def serialize(resource: dict[str, Any]) -> bytes:
    """Return a resource as compact JSON: same dict, same bytes."""
    return orjson.dumps(resource, default=_exact)


def parse(content: bytes) -> dict[str, Any]:
    """Return a resource from JSON, with its decimals kept exactly; ValueError when it is not a JSON object."""
    resource = json.loads(content, parse_float=number)
    if not isinstance(resource, dict):
        raise ValueError("not a JSON object")
    return resource


def number(text: str) -> Number:
    """Return a plain decimal as the JSON number that is written with the same digits."""
    if "." not in text and "e" not in text and "E" not in text:
        return int(text) if len(text) <= 15 else Decimal(text)
    quick = float(text)
    return quick if repr(quick) == text else Decimal(text)


def _exact(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value) if value.is_finite() else "null")
    raise TypeError(f"{type(value).__name__} is not FHIR")
