"""
What differs between what was sent and what would be sent now: places and kinds, never a value.

    FHIR       `Observation[2].valueQuantity.value`   the second Observation of the Bundle that is to be sent
    HL7 v2     `OBX[2]-5`                             the second OBX; MSH-7 and MSH-10 differ in every message

    kind       added | removed | changed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any

import orjson

MOST = 50

_OF_THE_MESSAGE_ALONE = frozenset({"MSH[1]-7", "MSH[1]-10"})
_SEGMENT_NAME = 3

Difference = dict[str, str]


def differences(before: bytes, after: bytes) -> tuple[list[Difference], int]:
    """Return the first differences and how many more there are; a body of another format is one difference."""
    found = _found(before, after)
    first = list(islice(found, MOST))
    return first, sum(1 for _ in found)


def _found(before: bytes, after: bytes) -> Iterator[Difference]:
    if before == after:
        return
    documents = _documents(before, after)
    if documents is not None:
        yield from _in_bundles(*documents)
    elif before.startswith(b"MSH") and after.startswith(b"MSH"):
        yield from _in_messages(before, after)
    else:
        yield _difference("body", "changed")


def _documents(before: bytes, after: bytes) -> tuple[Any, Any] | None:
    try:
        return orjson.loads(before), orjson.loads(after)
    except orjson.JSONDecodeError:
        return None


def _difference(place: str, kind: str) -> Difference:
    return {"place": place, "kind": kind}


def _in_bundles(before: Any, after: Any) -> Iterator[Difference]:
    old, new = _resources(before), _resources(after)
    if old is None or new is None:
        yield from _in_values("body", before, after)
        return
    for key in dict.fromkeys((*new, *old)):
        if key not in old:
            yield _difference(new[key][0], "added")
        elif key not in new:
            yield _difference(old[key][0], "removed")
        else:
            yield from _in_values(new[key][0], old[key][1], new[key][1])


def _resources(document: Any) -> dict[str, tuple[str, Any]] | None:
    """Return the resources of a Bundle by type and id, each with its place; None for anything else."""
    if not isinstance(document, dict) or document.get("resourceType") != "Bundle":
        return None
    count: Counter[str] = Counter()
    found: dict[str, tuple[str, Any]] = {}
    for entry in document.get("entry", ()):
        resource = entry.get("resource", {})
        kind = str(resource.get("resourceType", "entry"))
        count[kind] += 1
        identity = resource.get("id") or count[kind]
        found[f"{kind}/{identity}"] = (f"{kind}[{count[kind]}]", resource)
    return found


def _in_values(place: str, before: Any, after: Any) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*after, *before)):
            inner = f"{place}.{name}"
            if name not in before:
                yield _difference(inner, "added")
            elif name not in after:
                yield _difference(inner, "removed")
            else:
                yield from _in_values(inner, before[name], after[name])
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            inner = f"{place}[{index}]"
            if index >= len(before):
                yield _difference(inner, "added")
            elif index >= len(after):
                yield _difference(inner, "removed")
            else:
                yield from _in_values(inner, before[index], after[index])
    elif before != after or type(before) is not type(after):
        yield _difference(place, "changed")


def _in_messages(before: bytes, after: bytes) -> Iterator[Difference]:
    old, new = _segments(before), _segments(after)
    for place in dict.fromkeys((*new, *old)):
        if place not in old or place not in new:
            yield _difference(place, "added" if place in new else "removed")
            continue
        for number, (was, will) in enumerate(zip_longest(old[place], new[place], fillvalue=b"")):
            field = f"{place}-{number}"
            if was != will and field not in _OF_THE_MESSAGE_ALONE:
                yield _difference(field, "changed" if was and will else "added" if will else "removed")


def _segments(message: bytes) -> dict[str, list[bytes]]:
    """Return the fields of each segment by its name and number, so that the index is the field's number."""
    separator = message[_SEGMENT_NAME : _SEGMENT_NAME + 1]
    count: Counter[str] = Counter()
    found: dict[str, list[bytes]] = {}
    for segment in filter(None, message.split(b"\r")):
        fields = segment.split(separator)
        name = fields[0][:_SEGMENT_NAME].decode("ascii", "replace")
        count[name] += 1
        if name == "MSH":  # MSH-1 is the separator itself
            fields = [fields[0], separator, *fields[1:]]
        found[f"{name}[{count[name]}]"] = fields
    return found
