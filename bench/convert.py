"""
Conversion against the floor: F = splitting the message's text + loading and dumping the converter's own output.

F is what CPython cannot do without: it grows with a richer output, so the ratio stays honest. The split is the
plainest one there is (lines, then fields), not our own reader with its character sets and checks. `hl7` (parse only)
is the fast Python library; `hl7apy` (parse only) the complete one. Everything is measured over five classes of
messages, and the worst class counts. The patients of a class change from call to call, the people who treat them do
not: so nothing that is remembered between messages helps more than on a real interface.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import cycle

import hl7
import orjson
from hl7apy.parser import parse_message

from bench.messages import classes, variants
from bench.timing import interleaved
from shared.conversion import convert
from shared.formats.fhir.encoding import serialize
from shared.partners.profile import PartnerProfile
from shared.validation import find_errors

RECEIVED = datetime(2026, 3, 14, tzinfo=UTC)
PROFILE = PartnerProfile("bench", time_zone="America/New_York")
Row = dict[str, object]

_WHOLE = "convert + coverage + validate / floor"
_VALIDATION = "validate / floor"
_HL7 = "hl7 parse / all of ours"
_HL7APY = "hl7apy parse / all of ours"


def run() -> list[Row]:
    """Return one row per message class and one with the worst of each ratio; the microseconds are for orientation."""
    rows = [_row(name, payload) for name, payload in classes().items()]
    return [*rows, _worst(rows)]


def _row(name: str, payload: bytes) -> Row:
    output = _whole(payload)
    (conversion,) = convert(payload, source="hl7v2", partner=PROFILE, received=RECEIVED)
    text = "\r".join(payload.decode().split("\r")[:-1])
    sent = cycle(variants(payload))
    took = interleaved(
        {
            "floor": lambda: _floor(payload, output),
            "floor again": lambda: _floor(payload, output),
            "convert": lambda: _converted(next(sent)),
            "validate": lambda: find_errors(conversion.bundle),
            "whole": lambda: _whole(next(sent)),
            "hl7 parse": lambda: hl7.parse(text),
        }
    )
    # In turns with ours again, but apart from the rest: its garbage would be collected in their time.
    apart = interleaved({"whole": lambda: _whole(next(sent)), "hl7apy parse": lambda: parse_message(text)})
    floor = took["floor"]
    return {
        "class": name,
        "bytes in": len(payload),
        "bytes out": len(output),
        "A/A %": round(abs(took["floor again"] / floor - 1) * 100, 1),
        "floor us": round(floor * 1e6),
        "convert / floor": round(took["convert"] / floor, 1),
        _VALIDATION: round(took["validate"] / floor, 1),
        _WHOLE: round(took["whole"] / floor, 1),
        _HL7: round(took["hl7 parse"] / took["whole"], 1),
        _HL7APY: round(apart["hl7apy parse"] / apart["whole"], 1),
    }


def _worst(rows: list[Row]) -> Row:
    """Return the worst ratio of each kind: the highest against the floor, the lowest against the libraries."""
    worst: Row = dict.fromkeys(rows[0], "")
    worst["class"] = "worst"
    for name in ("convert / floor", _VALIDATION, _WHOLE):
        worst[name] = max(float(str(row[name])) for row in rows)
    for name in (_HL7, _HL7APY):
        worst[name] = min(float(str(row[name])) for row in rows)
    return worst


def _floor(payload: bytes, output: bytes) -> object:
    fields = [line.split("|") for line in payload.decode().split("\r")]
    return fields, orjson.dumps(orjson.loads(output))


def _converted(payload: bytes) -> bytes:
    (conversion,) = convert(payload, source="hl7v2", partner=PROFILE, received=RECEIVED)
    return serialize(conversion.bundle)


def _whole(payload: bytes) -> bytes:
    """Convert, account for every field, validate, serialise: all that a message costs before it may leave."""
    (conversion,) = convert(payload, source="hl7v2", partner=PROFILE, received=RECEIVED)
    conversion.coverage.as_json()
    if find_errors(conversion.bundle):
        raise ValueError("the benchmark's message does not convert to valid FHIR")
    return serialize(conversion.bundle)
