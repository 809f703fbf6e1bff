from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.errors import Issue
from shared.formats.hl7v2.acknowledgment import acknowledge
from shared.formats.hl7v2.envelope import Envelope, read_envelope
from shared.formats.hl7v2.parse import parse

INSTANT = datetime(2026, 3, 1, 14, 30, 15, tzinfo=UTC)
ERRORS = (
    Issue("error", "required", "missing-control-id", "MSH-10", "No | control id."),
    Issue("error", "code-invalid", "unmapped-code", "OBX[2]-11(1).1", "Unknown."),
)


def envelope(version: str = "2.5.1", header: str = "MSH|^~\\&|LIS^1.2^ISO|RIV|COR|NG|20260301||") -> Envelope:
    separator, component = header[3], header[4]
    tail = separator.join((f"ORU{component}R01", "RIV-1", "T", version))
    return read_envelope(f"{header}{tail}\rOBR{separator}1".encode())


def lines(ack: bytes) -> list[str]:
    return ack.decode().rstrip("\r").split("\r")


def test_an_ack_swaps_the_parties_and_answers_the_control_id() -> None:
    ack = acknowledge(envelope(), "AA", control_id="C-1", instant=INSTANT)

    assert [
        "MSH|^~\\&|COR|NG|LIS^1.2^ISO|RIV|20260301143015+0000||ACK^R01^ACK|C-1|T|2.5.1",
        "MSA|AA|RIV-1",
    ] == lines(ack)


def test_an_ack_uses_the_senders_delimiters() -> None:
    ack = acknowledge(envelope(header="MSH#*@!%#LIS#RIV#COR#NG#20260301##"), "AE", control_id="C#1", instant=INSTANT)

    assert "MSH#*@!%#COR#NG#LIS#RIV#20260301143015+0000##ACK*R01*ACK#C!F!1#T#2.5.1" == lines(ack)[0]
    assert "C#1" == parse(ack).control_id


def test_from_2_5_on_every_error_has_a_segment_with_place_code_and_text() -> None:
    ack = acknowledge(envelope(), "AR", control_id="C-1", instant=INSTANT, errors=ERRORS)

    assert [
        "MSA|AR|RIV-1",
        "ERR||MSH^1^10^1|101^Required field missing^HL70357|E|missing-control-id^^urn:corridor:error"
        "|||No \\F\\ control id.",
        "ERR||OBX^2^11^1^1|103^Table value not found^HL70357|E|unmapped-code^^urn:corridor:error|||Unknown.",
    ] == lines(ack)[1:]


@pytest.mark.parametrize("version", ["2.3.1", "2.4"])
def test_before_2_5_errors_repeat_in_err_1(version: str) -> None:
    ack = acknowledge(envelope(version), "AE", control_id="C-1", instant=INSTANT, errors=ERRORS)

    assert [
        "MSA|AE|RIV-1|No \\F\\ control id.",
        "ERR|MSH^1^10^101&Required field missing&HL70357~OBX^2^11^103&Table value not found&HL70357",
    ] == lines(ack)[1:]


@pytest.mark.parametrize(("version", "kind"), [("2.1", "ACK"), ("2.3", "ACK"), ("2.3.1", "ACK^R01^ACK")])
def test_the_message_type_of_an_ack_is_true_to_the_version(version: str, kind: str) -> None:
    header = lines(acknowledge(envelope(version), "AA", control_id="C-1", instant=INSTANT))[0]

    assert [kind, version] == [header.split("|")[number] for number in (8, 11)]


def test_an_ack_is_written_in_the_senders_character_set() -> None:
    payload = "MSH|^~\\&|L|Köln|C|N|2026||ORU^R01^ORU_R01|1|P|2.5.1||||||8859/1\rOBR|1".encode("latin-1")
    ack = acknowledge(read_envelope(payload), "AA", control_id="C-1", instant=INSTANT)

    assert b"K\xf6ln" in ack
    assert "Köln" == parse(ack).header.text(6)


def test_the_time_of_an_ack_has_its_zone() -> None:
    instant = INSTANT.astimezone(timezone(timedelta(hours=-5)))

    assert "20260301093015-0500" in lines(acknowledge(envelope(), "AA", control_id="1", instant=instant))[0]
