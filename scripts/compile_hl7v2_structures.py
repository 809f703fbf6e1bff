"""
Compile the segments that each message structure requires out of hl7apy (MIT), for shared/formats/hl7v2/tables.

    python scripts/compile_hl7v2_structures.py [STRUCTURE ...]     none named: every structure

A segment counts as required when it and every group around it are required. The JSON is a list of distinct segment
lists, and per structure and version the number of its list: facts only, without any text of the standard.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hl7apy import SUPPORTED_LIBRARIES

TARGET = Path(__file__).parent.parent / "shared" / "formats" / "hl7v2" / "tables" / "required_segments.json"
_SOURCE = "hl7apy 1.3.5 (MIT, CRS4), structure tables of HL7 v2.1 to v2.8.2"


def required_segments(node: Any) -> list[str]:
    """Return the names of the segments below `node` that no message of the structure may lack."""
    names: list[str] = []
    for name, child, (least, _most), kind in node[1]:
        if least == 0:
            continue
        if kind == "SEG":
            names += [] if name in names else [name]
        elif kind == "GRP":
            names += [inner for inner in required_segments(child) if inner not in names]
    return names


def compile_tables(wanted: set[str]) -> dict[str, Any]:
    """Return the compact table for the structures named in `wanted`; all of them when it is empty."""
    lists: list[list[str]] = []
    structures: dict[str, dict[str, int]] = {}
    for version, library in sorted(SUPPORTED_LIBRARIES.items()):
        for structure, node in import_module(f"{library}.messages").MESSAGES.items():
            if wanted and structure not in wanted:
                continue
            required = required_segments(node)
            if required not in lists:
                lists.append(required)
            structures.setdefault(structure, {})[version] = lists.index(required)
    return {"source": _SOURCE, "lists": lists, "structures": dict(sorted(structures.items()))}


def main() -> None:
    """Write the table."""
    table = compile_tables(set(sys.argv[1:]))
    TARGET.write_text(json.dumps(table, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
