"""
The people, places and organizations that recur: accepted once, known by their very bytes from then on.

Which practitioner, ward or authority a message names is the same in thousands of messages. A resource that is judged
by itself, and is written in exactly the bytes of one that was accepted, is as valid as that one. Never for patients
and those around them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

_KINDS = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location"})
_MOST = 4096
_LONGEST = 4096

# Only what JSON has: nothing of another class is to look like a text.
_STRICTLY = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS

_ACCEPTED: set[bytes] = set()


def not_yet_known(resources: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the resources that are still to be judged, and what to `remember` of them when they are accepted."""
    unknown, contents = [], []
    for resource in resources:
        if resource["resourceType"] in _KINDS:
            try:
                content = orjson.dumps(resource, None, _STRICTLY)
            except TypeError:
                content = b""  # a decimal, or what is no JSON: judged each time
            if content in _ACCEPTED:
                continue
            if content and len(content) <= _LONGEST:
                contents.append(content)
        unknown.append(resource)
    return unknown, contents


def remember(contents: Iterable[bytes]) -> None:
    """Know these from now on: 16 MiB at most, then all is forgotten."""
    for content in contents:
        if len(_ACCEPTED) >= _MOST:
            _ACCEPTED.clear()
        _ACCEPTED.add(content)
