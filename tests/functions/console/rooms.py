"""Operators at their desk, and results that wait for them."""

from __future__ import annotations

import json

from shared.authorization import Principal

OPERATOR = Principal("olga-example", "", frozenset({"operator"}))
STEWARD = Principal("stella-example", "", frozenset({"steward"}))


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()
