from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.errors import Issue
from shared.formats.hl7v2.acknowledgment import acknowledge
from shared.formats.hl7v2.conformance.report import check
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


def test_every_character_set_that_the_sender_switches_to_is_declared() -> None:
    payload = b"MSH|^~\\&|L|\x1b$B;3\x1b(B|C|N|2026||ORU^R01^ORU_R01|1|P|2.5.1||||||~ISO IR87\rOBR|1"
    ack = acknowledge(read_envelope(payload), "AA", control_id="C-1", instant=INSTANT)

    assert "~ISO IR87" == lines(ack.replace(b"\x1b", b""))[0].split("|")[17]
    assert "山" == parse(ack).header.text(6)


def test_an_ack_declares_no_character_set_that_we_cannot_write() -> None:
    payload = b"MSH|^~\\&|L|R|C|N|2026||ORU^R01^ORU_R01|1|P|2.5.1||||||KLINGON\rOBR|1"
    ack = acknowledge(read_envelope(payload), "AE", control_id="C-1", instant=INSTANT)

    assert 12 == len(lines(ack)[0].split("|"))


@pytest.mark.parametrize("header", ["MSH|^~\\&#|L|R|C|N|2026||", "MSH|^|L|R|C|N|2026||", "MSH|^~\\|L|R|C|N|2026||"])
@pytest.mark.parametrize("version", ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8.2", "?"])
def test_an_ack_of_any_version_and_delimiters_can_be_read(header: str, version: str) -> None:
    ack = parse(acknowledge(envelope(version, header), "AE", control_id="C|1", instant=INSTANT, errors=ERRORS))
    acknowledged = ack.first("MSA")
    assert acknowledged

    assert (version, "AE", "RIV-1") == (ack.version, acknowledged.text(1), acknowledged.text(2))
    assert header[4:].split("|")[0] == ack.delimiters.encoding_characters
    assert ack.first("ERR")


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2"])
def test_an_ack_conforms_to_its_version(version: str) -> None:
    ack = acknowledge(envelope(version), "AE", control_id="C-1", instant=INSTANT, errors=ERRORS)

    assert [] == [issue for issue in check(parse(ack)) if issue.severity == "error"]


def test_an_ack_of_wide_characters_under_an_unknown_name_declares_none() -> None:
    header = "MSH|^~\\&|Ł|R|C|N|2026||ORU^R01^ORU_R01|1|P|2.5.1||||||KLINGON\rOBR|1"
    ack = acknowledge(read_envelope(header.encode("utf-16")), "AA", control_id="C-1", instant=INSTANT)

    assert ("Ł", 12) == (parse(ack).header.text(5), len(lines(ack)[0].split("|")))


def test_the_time_of_an_ack_has_its_zone() -> None:
    instant = INSTANT.astimezone(timezone(timedelta(hours=-5)))

    assert "20260301093015-0500" in lines(acknowledge(envelope(), "AA", control_id="1", instant=instant))[0]
