"""
Conversion against the floor: F = splitting the message + loading and dumping the converter's own output.

F is what CPython cannot do without: it grows with a richer output, so the ratio stays honest. `hl7` (parse only)
is the fast Python library; `hl7apy` (parse only) the complete one.
"""

from __future__ import annotations

from datetime import UTC, datetime

import hl7
import orjson
from hl7apy.parser import parse_message

from bench.timing import interleaved
from local.traffic.day import hospital_day
from shared.conversion import convert
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.parse import parse
from shared.partners.profile import PartnerProfile
from shared.validation import validate

RECEIVED = datetime(2026, 3, 14, tzinfo=UTC)
Row = dict[str, object]


def run() -> list[Row]:
    """Return one row per message class: the ratios, and the microseconds of this run for orientation."""
    return [_row(name, payload) for name, payload in _classes().items()]


def _classes() -> dict[str, bytes]:
    accepted = [posting for posting in hospital_day() if posting.expect.event and posting.payload.isascii()]
    plain = [posting.payload for posting in accepted if posting.payload.startswith(b"MSH|^~\\&|")]
    by_size = sorted(plain, key=len)
    small, middle = by_size[0], by_size[len(by_size) // 2]
    return {"smallest": small, "median": middle, "largest": by_size[-1], "500 OBX": _many_results(middle, 500)}


def _many_results(payload: bytes, count: int) -> bytes:
    """Return the message with its first numeric OBX repeated, each under a code of its own."""
    lines = [line for line in payload.replace(b"\n", b"\r").split(b"\r") if line]
    head = [line for line in lines if not line.startswith((b"OBX", b"NTE", b"SPM"))]
    result = next(line for line in lines if line.startswith(b"OBX") and line.split(b"|")[2] == b"NM")
    fields = result.split(b"|")
    repeated = []
    for number in range(1, count + 1):
        code = b"%d-%d^Analyte %d^LN" % (10_000 + number, number % 10, number)
        repeated.append(b"|".join([fields[0], b"%d" % number, fields[2], code, *fields[4:]]))
    return b"\r".join([*head, *repeated]) + b"\r"


def _row(name: str, payload: bytes) -> Row:
    profile = PartnerProfile("bench", time_zone="America/New_York")

    def whole() -> object:
        (conversion,) = convert(payload, source="hl7v2", partner=profile, received=RECEIVED)
        return serialize(conversion.bundle)

    def whole_and_valid() -> object:
        (conversion,) = convert(payload, source="hl7v2", partner=profile, received=RECEIVED)
        if any(issue.severity in {"error", "fatal"} for issue in validate(conversion.bundle)):
            raise ValueError("the benchmark's message does not convert to valid FHIR")
        return serialize(conversion.bundle)

    output = whole()
    text = "\r".join(line for line in payload.decode().splitlines() if line[:3].isalnum())
    took = interleaved(
        {
            "floor": lambda: (parse(payload), orjson.dumps(orjson.loads(output))),  # type: ignore[arg-type]
            "floor again": lambda: (parse(payload), orjson.dumps(orjson.loads(output))),  # type: ignore[arg-type]
            "convert": whole,
            "convert + validate": whole_and_valid,
            "hl7 parse": lambda: hl7.parse(text),
        }
    )
    apart = interleaved({"hl7apy parse": lambda: parse_message(text, find_groups=False)}, rounds=3)
    floor = took["floor"]
    return {
        "class": name,
        "bytes in": len(payload),
        "bytes out": len(output),  # type: ignore[arg-type]
        "A/A %": round(abs(took["floor again"] / floor - 1) * 100, 1),
        "floor us": round(floor * 1e6),
        "convert / floor": round(took["convert"] / floor, 1),
        "convert + validate / floor": round(took["convert + validate"] / floor, 1),
        "hl7 parse / convert + validate": round(took["hl7 parse"] / took["convert + validate"], 2),
        "hl7apy parse / convert + validate": round(apart["hl7apy parse"] / took["convert + validate"], 1),
    }
