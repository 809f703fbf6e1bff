from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.conversion import convert
from shared.errors import RejectedError

RECEIVED = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
GOOD = "MSH|^~\\&|ADT|NORTHGATE|HUB|CORRIDOR|20260312080000+0100||ADT^A08|{}|P|2.5.1\rPID|1||700001^^^NORTHGATE^MR\r"


def batch(*messages: str) -> bytes:
    return f"FHS|^~\\&\rBHS|^~\\&\r{''.join(messages)}BTS|{len(messages)}\rFTS|1\r".encode()


def test_an_unreadable_item_of_a_batch_does_not_stop_the_others() -> None:
    payload = batch(GOOD.format("1"), "MSH|\r", GOOD.format("3"))
    conversions = convert(payload, source="hl7v2", received=RECEIVED)

    assert [1, 3] == [next(conversions).item, next(conversions).item]
    with pytest.raises(RejectedError) as refused:
        next(conversions)
    assert refused.value.location.startswith("message 2")


def test_the_first_of_several_errors_of_a_batch_is_raised() -> None:
    with pytest.raises(RejectedError) as refused:
        list(convert(batch("MSH|\r", GOOD.format("2"), "MSH\r"), source="hl7v2", received=RECEIVED))

    assert refused.value.location.startswith("message 1")


def test_the_error_of_a_message_alone_names_no_item() -> None:
    with pytest.raises(RejectedError) as refused:
        list(convert(b"MSH|\r", source="hl7v2", received=RECEIVED))

    assert "message" not in refused.value.location


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        list(convert(GOOD.format("1").encode(), source="hl7v2", received=datetime(2026, 3, 12)))  # noqa: DTZ001
