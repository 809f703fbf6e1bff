from __future__ import annotations

import pytest

from shared.formats.hl7v2.acknowledgment_modes import (
    AckCode,
    accept_code,
    answer_code,
    is_enhanced,
    wants_accept,
    wants_application,
)
from shared.formats.hl7v2.envelope import Envelope, read_envelope


def envelope(accept: str, application: str) -> Envelope:
    header = f"MSH|^~\\&|L|R|C|N|20260301||ORU^R01^ORU_R01|1|P|2.5.1|||{accept}|{application}"
    return read_envelope(f"{header}\rOBR|1".encode())


def test_without_conditions_the_one_answer_is_that_of_the_original_mode() -> None:
    original = envelope("", "")

    assert (False, True, False) == (
        is_enhanced(original),
        wants_accept(original, "AE"),
        wants_application(original, "AA"),
    )
    assert ["AA", "AE", "AR"] == [accept_code(original, code) for code in ("AA", "AE", "AR")]


def test_in_enhanced_mode_taking_a_message_has_codes_of_its_own() -> None:
    assert ["CA", "CE", "CR", "CA"] == [accept_code(envelope("AL", "NE"), code) for code in ("AA", "AE", "AR", "CA")]


@pytest.mark.parametrize(
    ("condition", "code", "expected"),
    [
        ("AL", "CA", True),
        ("AL", "CE", True),
        ("NE", "CA", False),
        ("NE", "CR", False),
        ("ER", "CA", False),
        ("ER", "CE", True),
        ("SU", "CA", True),
        ("SU", "CR", False),
        ("", "CA", False),
        ("XX", "CA", False),
    ],
)
def test_an_acknowledgment_is_sent_under_the_senders_condition(
    condition: str, code: AckCode, *, expected: bool
) -> None:
    assert expected == wants_accept(envelope(condition, "AL"), code)
    assert expected == wants_application(envelope("AL", condition), code)


@pytest.mark.parametrize(
    ("accept", "application", "expected"),
    [
        ("", "", ["AA", "AE", "AR"]),
        ("AL", "NE", ["CA", "CE", "CR"]),
        ("AL", "AL", ["CA", "CE", "CR"]),
        ("NE", "AL", ["AA", "AE", "AR"]),
        ("ER", "NE", [None, "CE", "CR"]),
        ("SU", "ER", ["CA", "AE", "AR"]),
        ("NE", "NE", [None, None, None]),
    ],
)
def test_the_answer_to_a_receipt_is_the_one_that_the_sender_asked_for(
    accept: str, application: str, expected: list[str | None]
) -> None:
    codes: tuple[AckCode, ...] = ("AA", "AE", "AR")

    assert expected == [answer_code(envelope(accept, application), code) for code in codes]
