from __future__ import annotations

import pytest

from shared.errors import RejectedError
from shared.formats.hl7v2.envelope import Identifier, read_envelope

MESSAGE = "\r".join(
    (
        "MSH|^~\\&|LIS^1.2.3^ISO|RIVERSIDE|CORRIDOR|NORTHGATE|20260301||ORU^R01^ORU_R01|RIV-1|P|2.5.1",
        "PID|1||100^^^NG&1.2.9&ISO^MR~900^^^SSA^SS||Doe^Dora",
        "ORC|RE|P-1^NG|F-1^RV",
        "OBR|1|P-1^NG|F-1^RV|C",
        "OBR|2||F-2^RV|C",
    )
)


def test_the_envelope_says_who_what_and_about_whom() -> None:
    envelope = read_envelope(MESSAGE.encode())

    assert ("LIS", "RIVERSIDE", "CORRIDOR", "NORTHGATE") == (
        envelope.sending_application,
        envelope.sending_facility,
        envelope.receiving_application,
        envelope.receiving_facility,
    )
    assert ("ORU^R01", "ORU_R01", "RIV-1", "P", "2.5.1", ()) == (
        envelope.message_type,
        envelope.structure,
        envelope.control_id,
        envelope.processing_id,
        envelope.version,
        envelope.problems,
    )
    assert (Identifier("urn:oid:1.2.9", "100", "MR"), Identifier("SSA", "900", "SS")) == envelope.patient_identifiers
    assert (Identifier("NG", "P-1"),) == envelope.placer_numbers
    assert (Identifier("RV", "F-1"), Identifier("RV", "F-2")) == envelope.filler_numbers


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("ORU^R01^ORU_R01", ""), [("missing-message-type", "MSH-9")]),
        (("RIV-1", ""), [("missing-control-id", "MSH-10")]),
        (("|P|2.5.1", "||2.5.1"), [("missing-processing-id", "MSH-11")]),
        (("|P|2.5.1", "|Q|2.5.1"), [("processing-id-invalid", "MSH-11")]),
        (("|2.5.1", "|"), [("missing-version", "MSH-12")]),
        (("OBR", "OBQ"), [("missing-segment", "OBR")]),
        (("2.5.1", "2.5.1||||||KLINGON"), [("unsupported-character-set", "MSH-18")]),
    ],
)
def test_what_forbids_acceptance_is_named_with_its_place(
    change: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    envelope = read_envelope(MESSAGE.replace(*change).encode())

    assert expected == [(problem.code, problem.location) for problem in envelope.problems][: len(expected)]


def test_a_message_with_undecodable_bytes_still_has_an_envelope_to_answer_to() -> None:
    payload = MESSAGE.replace("2.5.1", "2.5.1||||||UNICODE UTF-8").replace("Dora", "Döra").encode("latin-1")
    envelope = read_envelope(payload)

    assert ("RIV-1", ["undecodable-bytes"]) == (envelope.control_id, [one.code for one in envelope.problems])


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"hello", "not-hl7v2"), (b"MSH|||", "delimiters-invalid"), (b"FHS|^~\\&|", "batch-not-split")],
)
def test_what_cannot_be_answered_with_an_ack_is_refused(payload: bytes, code: str) -> None:
    with pytest.raises(RejectedError) as error:
        read_envelope(payload)

    assert code == error.value.code


def test_before_2_3_1_the_event_tells_the_structure() -> None:
    payload = MESSAGE.replace("ORU^R01^ORU_R01", "ORU^R01").replace("2.5.1", "2.3")

    assert ("ORU_R01", ()) == (read_envelope(payload.encode()).structure, read_envelope(payload.encode()).problems)
