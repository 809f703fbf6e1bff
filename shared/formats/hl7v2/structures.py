"""Which structure a message has, and the segments that the structure requires (tables/required_segments.json)."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

# MSH-9.3 came with 2.3.1; before it, and where it is left out, the event tells the structure.
_STRUCTURE_OF_EVENT = {"ORU_R01": "ORU_R01", "ORU_": "ORU_R01", "ACK_": "ACK"}


def structure_of(code: str, event: str, structure: str = "") -> str:
    """Return the message structure (table 0354) of MSH-9; "" when nothing tells it."""
    if structure:
        return structure
    return _STRUCTURE_OF_EVENT.get(f"{code}_{event}") or ("ACK" if code == "ACK" else f"{code}_{event}".strip("_"))


def required_segments(version: str, structure: str) -> tuple[str, ...]:
    """Return the segments that no message of `structure` may lack in `version`; MSH alone when it is unknown."""
    return _table().get(structure, {}).get(version, ("MSH",))


def known_versions(structure: str) -> frozenset[str]:
    """Return the versions of HL7 in which `structure` is defined."""
    return frozenset(_table().get(structure, {}))


@cache
def _table() -> dict[str, dict[str, tuple[str, ...]]]:
    text = resources.files("shared.formats.hl7v2.tables").joinpath("required_segments.json").read_text("utf-8")
    table = json.loads(text)
    lists = [tuple(names) for names in table["lists"]]
    return {
        structure: {version: lists[number] for version, number in versions.items()}
        for structure, versions in table["structures"].items()
    }
