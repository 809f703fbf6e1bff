"""hl7apy judges what we made; it crashes on many real messages, so it serves here and never at run time."""

from __future__ import annotations

import warnings

import pytest
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from shared.formats.hl7v2.conformance.report import check
from shared.formats.hl7v2.parse import parse

ORU = (
    "MSH|^~\\&|LIS|RIVERSIDE|CORRIDOR|NORTHGATE|20260301||ORU^R01^ORU_R01|RIV-1|P|{version}",
    "PID|1||100^^^H&1.2.3&ISO^MR||Example^Dora||19700101|F",
    "OBR|1||F-1^LIS|718-7^Hemoglobin^LN|||20260301",
    "OBX|1|NM|718-7^Hemoglobin^LN|1|13.5|g/dL|12-16|N|||F",
)
ADT = (
    "MSH|^~\\&|EHR|RIVERSIDE|CORRIDOR|NORTHGATE|20260301||ADT^A01^ADT_A01|ADT-1|P|{version}",
    "EVN||20260301",
    "PID|1||100^^^H&1.2.3&ISO^MR||Example^Dora||19700101|F",
    "PV1|1|I",
)


def second_opinion(payload: str) -> bool:
    """Tell whether hl7apy finds the message valid; skips where it cannot say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(parse_message(payload, find_groups=True).validate())
    except HL7apyException:
        return False
    except (AttributeError, KeyError, TypeError) as crash:
        pytest.skip(f"hl7apy cannot judge this message: {type(crash).__name__}")


def own_opinion(payload: str) -> bool:
    return not [one for one in check(parse(payload.encode())) if one.severity in ("error", "fatal")]


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5", "2.5.1", "2.6"])
@pytest.mark.parametrize("segments", [ORU, ADT], ids=["ORU_R01", "ADT_A01"])
@pytest.mark.parametrize("left_out", [None, "PID", "OBR", "PV1", "EVN"])
def test_hl7apy_misses_the_same_segments(version: str, segments: tuple[str, ...], left_out: str | None) -> None:
    payload = "\r".join(line for line in segments if line[:3] != left_out).format(version=version) + "\r"

    assert second_opinion(payload) == own_opinion(payload)
