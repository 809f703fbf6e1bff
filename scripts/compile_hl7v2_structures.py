"""
Compile the tables of HL7 v2 out of hl7apy (MIT), one file a version, for shared/formats/hl7v2/tables.

    python scripts/compile_hl7v2_structures.py

Facts only, without any text of the standard: what a message, a segment and a data type are made of, and the codes of
the tables. Written small: shared/formats/hl7v2/structures.py and grammar.py say how it reads.

    structures   MSH SFT* PATIENT_RESULT+(PATIENT?(PID ...) ORDER_OBSERVATION+(...)) DSC?     CHOICE<OBR RQD> one of
    segments     per field its type, `!` required, `*` or `*3` repeating, `:0001` its table, `-` a field not in use
    datatypes    the same per component
    tables       the codes; a first entry `...` says that others are allowed
"""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from hl7apy import SUPPORTED_LIBRARIES

TARGET = Path(__file__).parent.parent / "shared" / "formats" / "hl7v2" / "tables"
_SOURCE = "hl7apy 1.3.5 (MIT, CRS4 - http://www.crs4.it/)"
_OCCURRENCE = {(1, 1): "", (0, 1): "?", (0, -1): "*", (1, -1): "+"}
# hl7apy has no type for what a version withdrew.
_WITHDRAWN = {"None", "WD", "wd", "NUL"}
# What hl7apy requires in some versions and the standard, since 2.3, on conditions alone (chapter 7, C): the type of a
# value where there is one, the number that keeps like observations apart.
_CONDITIONAL = {"OBX": (2, 4)}
_BEFORE_CONDITIONS = ("2.1", "2.2")
# What it requires once, or does not, and chapter 4 otherwise: quantity and timing are optional, order control is not.
_REQUIRED = {
    ("2.1", "TS"): {2: False},  # chapter 2: the degree of precision is optional
    ("2.3", "ORC"): {7: False},
    ("2.3", "OBR"): {27: False},
    ("2.3.1", "ORC"): {1: True},
}
# Which segments stand there, the definition of the query says (chapter 5); hl7apy has none, or those of one example.
_PATTERNS = {
    "QBP_Q11": re.compile(r"(?<=QPD )(?=RCP)"),
    "RSP_K11": re.compile(r"(?<=QPD )(ROW_DEFINITION\?\([^)]*\) )?(?=DSC)"),
}
# What chapter 4 has of the orders of 2.1 and 2.2: one detail of several, comments that need not be.
_ORDERS = {"(OBR ORO RX1": "(CHOICE<OBR ORO RX1>", "OBX* NTE+)": "OBX* NTE*)"}
# What 2.3.1 kept of 2.3, and hl7apy left out.
_KEPT = {"2.3.1": ("2.3", ("MFN_M03", "MFN_M05"))}
# What an order of a goal or a problem asks for: OBR or any other detail, which hl7apy leaves out in 2.5.1.
_ORDER_DETAIL = re.compile(r"\w+<OBR>")
# Candidates (K22) are any number; 2.5 to 2.6 have them in table 0354, hl7apy has not. IHE sends them as RSP_K21.
_PERSON, _CANDIDATES = "RSP_K21", "RSP_K22"
# Codes that stand for many, or are no codes but remarks: such a table is not the whole truth.
_NOT_ONE_CODE = re.compile(r"\.\.|_ ?\d|\d _|nnn|xxx|zzz|Varies|[<>,()]|\s\S+\s\S+\s|\s(and|or)\s", re.IGNORECASE)


def compile_version(version: str) -> dict[str, Any]:
    """Return the tables of one version."""
    library = SUPPORTED_LIBRARIES[version]
    messages = import_module(f"{library}.messages").MESSAGES
    segments = import_module(f"{library}.segments").SEGMENTS
    datatypes = import_module(f"{library}.datatypes").DATATYPES_STRUCTS
    return {
        "source": f"{_SOURCE}, HL7 v{version}",
        "structures": dict(sorted(structures(version, messages).items())),
        "segments": {
            name: _as_stated(version, name, row(name, _rows(node)))
            for name, node in sorted(segments.items())
            if len(name) == 3
        },
        "datatypes": {name: _as_stated(version, name, row(name, parts)) for name, parts in sorted(datatypes.items())},
        "tables": {name.removeprefix("HL7"): found for name, found in sorted(tables(library).items())},
    }


def structures(version: str, messages: Any) -> dict[str, str]:
    """Return the grammars of a version by name."""
    if version in _KEPT:
        before, names = _KEPT[version]
        older = import_module(f"{SUPPORTED_LIBRARIES[before]}.messages").MESSAGES
        messages = {**messages, **{name: older[name] for name in names}}
    found = {
        name: _ORDER_DETAIL.sub("CHOICE<OBR ANYHL7SEGMENT>", structure(name, messages[name])) for name in messages
    }
    for stated, meant in _ORDERS.items():
        found = {name: grammar.replace(stated, meant) for name, grammar in found.items()}
    for name, place in _PATTERNS.items():
        if name in found:
            found[name] = place.sub("ANYHL7SEGMENT ", found[name])
    if _PERSON in found and _CANDIDATES not in found:
        found[_PERSON] = re.sub(r"QUERY_RESPONSE[?*]\((.* QRI)\)", r"QUERY_RESPONSE*(\1?)", found[_PERSON])
        found[_CANDIDATES] = found[_PERSON]
    return found


def structure(name: str, node: Any) -> str:
    """Return the grammar of a message or group: the kinds are `sequence` and `choice`."""
    parts = []
    for child, below, cardinality, kind in node[1]:
        occurrence = _OCCURRENCE[cardinality]
        if kind == "GRP" and not below[1]:
            continue  # version 2.4 gives QBP_Q13 an empty group
        if kind == "GRP":
            opening, closing = "<>" if below[0] == "choice" else "()"
            group = child.removeprefix(f"{name.split('.')[0]}_")
            parts.append(f"{group}{occurrence}{opening}{structure(name, below)}{closing}")
        else:
            parts.append(f"{child}{occurrence}")
    return " ".join(parts)


def row(owner: str, fields: Any) -> str:
    """Return the fields of a segment, or the components of a data type, in the order of their numbers."""
    cells: dict[int, str] = {}
    for name, definition, (least, most), _kind in fields:
        number = int(name.removeprefix(f"{owner}_"))
        datatype, table = str(definition[2]), definition[4]
        if most == 0 or datatype in _WITHDRAWN:
            continue
        required = "!" if least else ""
        repeats = "" if most == 1 else "*" if most == -1 else f"*{most}"
        code_table = f":{table.removeprefix('HL7')}" if table else ""
        cells[number] = f"{datatype}{required}{repeats}{code_table}"
    return " ".join(cells.get(number, "-") for number in range(1, max(cells, default=0) + 1))


def _as_stated(version: str, name: str, cells: str) -> str:
    """Return the row of a segment with the mark of what is required where the standard has it, and nowhere else."""
    required = dict(_REQUIRED.get((version, name), {}))
    if version not in _BEFORE_CONDITIONS:
        required |= dict.fromkeys(_CONDITIONAL.get(name, ()), False)
    parts = cells.split(" ")
    for number, is_required in required.items():
        datatype, repeats, rest = re.fullmatch(r"(\w+)!?(\*\d*)?(.*)", parts[number - 1]).groups(default="")  # type: ignore[union-attr]
        parts[number - 1] = f"{datatype}{'!' if is_required else ''}{repeats}{rest}"
    return " ".join(parts)


def tables(library: str) -> dict[str, list[str]]:
    """Return the codes of every table; none before version 2.3.1, where hl7apy has none."""
    try:
        found = import_module(f"{library}.tables").TABLES
    except ModuleNotFoundError:
        return {}
    return {name: _codes(codes) for name, (_title, codes) in found.items() if codes}


def _codes(codes: Any) -> list[str]:
    cleaned = dict.fromkeys(code.strip() for code in codes)
    exact = [code for code in cleaned if code and code.isascii() and not _NOT_ONE_CODE.search(code)]
    return exact if len(exact) == len(cleaned) else ["...", *exact]


def _rows(node: Any) -> Any:
    """Return the fields of a segment; hl7apy leaves out the word `sequence` once, and the fields where it has none."""
    if node[0] == "sequence":
        return node[1] if len(node) > 1 else ()
    return node


def text_of(version: str) -> str:
    """Return the file of a version: one entry a line, so that a difference can be read."""
    compiled = compile_version(version)
    return json.dumps(compiled, indent=0, ensure_ascii=True, separators=(",", ":"), sort_keys=False) + "\n"


def main() -> None:
    """Write every table."""
    for version in SUPPORTED_LIBRARIES:
        (TARGET / f"v{version}.json").write_text(text_of(version), encoding="utf-8")


if __name__ == "__main__":
    main()
