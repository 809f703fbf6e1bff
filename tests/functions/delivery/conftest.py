from __future__ import annotations

from tests.functions.delivery.rooms import desk, owe

__all__ = ["desk", "owe"]
