"""JSON that others wrote -> a FHIR resource, or where and why it is none."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from typing import Any

from shared.errors import RejectedError
from shared.formats.fhir.encoding import Number, number

Node = dict[str, Any]
# Python reads no longer integers from text.
_LONGEST_INTEGER = 4_000
# Policy: `1e999999999` is short, and written without its exponent it fills the memory.
_LARGEST_EXPONENT = 1_000
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def read(content: bytes) -> Node:
    """
    Return a resource from JSON in UTF-8, its decimals kept exactly.

    RejectedError `not-fhir` with the line and column of what is no JSON, or with the path of an object that has a
    property twice (which of the two counts, each reader decides for itself) or of a number beyond all measure.
    """
    faults: list[tuple[object, str]] = []

    def measured(text: str) -> Number:
        found = number(text)
        if isinstance(found, Decimal) and not _can_be_written(found):
            faults.append((found, f"The number has an exponent beyond {_LARGEST_EXPONENT}."))
        return found

    def members(pairs: list[tuple[str, Any]]) -> Node:
        found = dict(pairs)
        if len(found) < len(pairs):
            faults.append((found, f"The object has the property {_repeated(pairs)} more than once."))
        return found

    try:
        text = content.decode("utf-8-sig")
        resource = json.loads(text, parse_float=measured, parse_int=_integer, object_pairs_hook=members)
    except UnicodeDecodeError as error:
        raise _refused(f"byte {error.start + 1}", "FHIR is exchanged in UTF-8, which this is not.") from error
    except json.JSONDecodeError as error:
        raise _refused(f"line {error.lineno}, column {error.colno}", _reason(error, text)) from error
    except RecursionError as error:
        raise _refused("", "The JSON is nested too deeply.") from error
    if not isinstance(resource, dict):
        raise _refused("", "The JSON holds no object: a resource is one.")
    for culprit, fault in faults:
        raise _refused(_place(resource, culprit), fault)
    return resource


def _reason(error: json.JSONDecodeError, text: str) -> str:
    start = text.lstrip()[:1]
    if not start:
        return "There is nothing in it."
    if start == "<":
        return "This is XML; FHIR is read in JSON alone."
    if error.msg.startswith("Extra data"):
        return "More follows the first JSON value; resources one a line are NDJSON (.ndjson, .jsonl)."
    return "This is no JSON: it breaks off, or is malformed here."


def _integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INTEGER else Decimal(text)


def _repeated(pairs: list[tuple[str, Any]]) -> str:
    counted = Counter(name for name, _ in pairs)
    name, _ = counted.most_common(1)[0]
    return name if _PLAIN_NAME.fullmatch(name) else "?"


def _can_be_written(value: Decimal) -> bool:
    """Tell whether a number is about as long without an exponent as with one."""
    return value.adjusted() >= -_LARGEST_EXPONENT and int(value.as_tuple().exponent) <= _LARGEST_EXPONENT


def _place(resource: Node, wanted: object) -> str:
    """Return the path of a part of a resource; that of the whole where a repeated property has hidden the part."""
    kind = resource.get("resourceType")
    whole = kind if isinstance(kind, str) and _PLAIN_NAME.fullmatch(kind) else ""
    waiting: list[tuple[str, Any]] = [(whole, resource)]
    while waiting:
        path, node = waiting.pop()
        if node is wanted:
            return path
        if isinstance(node, dict):
            named = ((key if _PLAIN_NAME.fullmatch(key) else "?", child) for key, child in node.items())
            waiting += [(f"{path}.{key}".lstrip("."), child) for key, child in named]
        elif isinstance(node, list):
            waiting += [(f"{path}[{index}]", child) for index, child in enumerate(node)]
    return whole


def _refused(location: str, text: str) -> RejectedError:
    return RejectedError("not-fhir", location, text)
