from __future__ import annotations

from tests.functions.replay.rooms import room

__all__ = ["room"]
