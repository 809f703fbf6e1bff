"""Acknowledged means durable; the same bytes have one effect; a refusal says what to mend (B09, D06)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from functions.intake.use_case import Answer, Submission, read_status, receive_hl7v2
from shared.adapters.memory import FixedClock, MemoryArchive, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.authorization import Principal
from shared.errors import RejectedError, TransientError
from shared.ports import Ports
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS, oru

RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))

Post = Callable[..., Answer]


@pytest.fixture
def desk(ports: Ports) -> Ports:
    return replace(ports, partners=PARTNERS)


@pytest.fixture
def post(desk: Ports) -> Post:
    def send(payload: bytes, media_type: str = "application/hl7-v2", ports: Ports = desk) -> Answer:
        return receive_hl7v2(Submission("riverside-lab", payload, media_type, start_trace()), RIVERSIDE, ports)

    return send


def rows(ledger_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(query).fetchall()


def test_an_accepted_message_is_archived_and_committed_before_its_aa(
    post: Post, desk: Ports, ledger_url: str, hints: RecordedHints
) -> None:
    critical = oru("T-1", flag="HH")
    answer = post(critical)

    assert "AA" == answer.code
    assert b"MSA|AA|T-1" in answer.acknowledgment
    assert isinstance(desk.archive, MemoryArchive)
    assert {f"received/{answer.message_id}": critical} == desk.archive.contents
    assert [(answer.message_id, "received", "AA")] == rows(
        ledger_url, "select message_id, status, acknowledgment_code from message"
    )
    assert {"lab_results_process", "lab_results_detect_critical"} == {hint.function for hint in hints.take()}


def test_no_acknowledgment_leaves_when_the_archive_is_away(post: Post, desk: Ports, ledger_url: str) -> None:
    class Away(MemoryArchive):
        def put(self, name: str, content: bytes) -> None:
            raise TransientError("archive-unavailable")

    with pytest.raises(TransientError):
        post(oru(), ports=replace(desk, archive=Away()))

    assert [] == rows(ledger_url, "select 1 from message")


def test_no_acknowledgment_leaves_when_the_ledger_is_away(post: Post, desk: Ports, clock: FixedClock) -> None:
    away = PostgresLedger("postgresql://nobody@127.0.0.1:1/none", clock=clock, hints=RecordedHints())
    try:
        with pytest.raises(TransientError, match="ledger-unavailable"):
            post(oru(), ports=replace(desk, ledger=away))
    finally:
        away.close()


def test_the_same_bytes_get_the_original_acknowledgment_and_have_one_effect(
    post: Post, ledger_url: str, hints: RecordedHints, clock: FixedClock
) -> None:
    first = post(oru("T-1"))
    hints.take()
    clock.advance(timedelta(minutes=1))

    again = post(oru("T-1"))

    assert first == again
    assert [] == hints.take()
    assert [("received",), ("duplicate",)] == rows(ledger_url, "select status from message order by received_at")
    assert [(1,)] == rows(ledger_url, "select count(*) from entry")


def test_a_control_id_with_other_bytes_is_a_new_message_and_flagged(post: Post, ledger_url: str) -> None:
    post(oru("T-1", value="4.1"))

    answer = post(oru("T-1", value="4.2"))

    assert "AA" == answer.code
    assert [(answer.message_id,)] == rows(ledger_url, "select message_id from message where control_id_reused")


def test_a_partner_that_wants_it_has_reused_control_ids_refused_and_copies_still_recognised(
    post: Post, desk: Ports
) -> None:
    partner = PARTNERS.by_name["riverside-lab"]
    assert partner.sends is not None
    strict = replace(partner, sends=replace(partner.sends, refuse_reused_control_ids=True))
    desk = replace(desk, partners=replace(PARTNERS, by_name={partner.name: strict}))
    first = post(oru("T-1", value="4.1"), ports=desk)

    refused = post(oru("T-1", value="4.2"), ports=desk)

    assert "AE" == refused.code
    assert b"|205^" in refused.acknowledgment
    assert first == post(oru("T-1", value="4.1"), ports=desk)


def test_messages_of_one_patient_share_a_stream_and_those_of_others_do_not(post: Post, ledger_url: str) -> None:
    post(oru("T-1", mrn="TEST-0001"))
    post(oru("T-2", mrn="TEST-0001"))
    post(oru("T-3", mrn="TEST-0002"))

    assert [(2,), (1,)] == rows(
        ledger_url,
        "select count(*) from entry join stream using (stream_id) where lane = 'process'"
        " group by stream_id order by stream_id",
    )


@pytest.mark.parametrize(
    ("payload", "code", "condition", "our_code"),
    [
        (oru(message_type="ZZZ^Z01"), "AR", "200", "unsupported-message-type"),
        (oru(message_type="ORU^R30^ORU_R30"), "AR", "201", "unsupported-event"),
        (oru(version="9.9"), "AR", "203", "unsupported-version"),
        (oru(processing_id="D"), "AR", "202", "unsupported-processing-id"),
        (oru(processing_id="X"), "AR", "202", "processing-id-invalid"),
        (oru(control_id=""), "AE", "101", "missing-control-id"),
        (oru().split(b"OBR|")[0], "AE", "100", "missing-segment"),
    ],
)
def test_a_refusal_says_where_and_why(
    post: Post, ledger_url: str, payload: bytes, code: str, condition: str, our_code: str
) -> None:
    answer = post(payload)

    assert code == answer.code
    assert f"|{condition}^".encode() in answer.acknowledgment
    assert our_code.encode() in answer.acknowledgment
    assert [("rejected", code)] == rows(ledger_url, "select status, acknowledgment_code from message")
    assert [] == rows(ledger_url, "select 1 from entry")


def test_a_refused_message_is_judged_anew_when_it_comes_again(post: Post, desk: Ports, ledger_url: str) -> None:
    refused = oru(processing_id="D")
    assert "AR" == post(refused).code
    partner = PARTNERS.by_name["riverside-lab"]
    assert partner.sends is not None
    agreed = replace(partner, sends=replace(partner.sends, processing_ids=("P", "D")))
    later = replace(desk, partners=replace(PARTNERS, by_name={**PARTNERS.by_name, partner.name: agreed}))

    assert "AA" == post(refused, ports=later).code
    assert [("rejected",), ("received",)] == rows(ledger_url, "select status from message order by status desc")


@pytest.mark.parametrize("payload", [b"", b"hello", b"\x00\xff", b"MSH", b"{}"])
def test_what_is_no_hl7_is_kept_counted_and_refused(post: Post, ledger_url: str, payload: bytes) -> None:
    with pytest.raises(RejectedError):
        post(payload)

    assert [("rejected",)] == rows(ledger_url, "select status from message")


def test_a_partner_cannot_post_as_another(desk: Ports) -> None:
    with pytest.raises(RejectedError, match="partner-mismatch"):
        receive_hl7v2(Submission("northside-lab", oru(), "text/plain", start_trace()), RIVERSIDE, desk)


def test_another_media_type_is_refused(post: Post) -> None:
    with pytest.raises(RejectedError, match="media-type-unsupported"):
        post(oru(), "application/json")


def test_more_than_the_limit_is_refused(post: Post, desk: Ports) -> None:
    with pytest.raises(RejectedError, match="too-large"):
        post(oru(), ports=replace(desk, max_body_bytes=100))


def test_the_status_page_is_for_its_own_partner_only(post: Post, desk: Ports) -> None:
    answer = post(oru())

    status = read_status(answer.message_id, RIVERSIDE, desk)
    assert ("received", "AA") == (status["status"], status["acknowledgment"])
    stranger = Principal("northside-lab", "northside-lab", RIVERSIDE.roles)
    for message_id, principal in ((answer.message_id, stranger), (uuid4(), RIVERSIDE)):
        with pytest.raises(RejectedError, match="message-unknown"):
            read_status(message_id, principal, desk)


@pytest.mark.parametrize(
    ("conditions", "said"), [("AL|NE", b"MSA|CA|"), ("NE|AL", b"MSA|AA|"), ("ER|NE", b""), ("SU|ER", b"MSA|CA|")]
)
def test_a_sender_in_enhanced_mode_gets_the_acknowledgment_that_it_asked_for(
    post: Post, ledger_url: str, conditions: str, said: bytes
) -> None:
    payload = oru("T-1").replace(b"|2.5.1\r", f"|2.5.1|||{conditions}\r".encode(), 1)
    first, again = post(payload), post(payload)

    assert "AA" == first.code
    assert said in first.acknowledgment
    assert bool(said) == bool(first.acknowledgment)
    assert first.acknowledgment == again.acknowledgment
    assert {("AA",), (None,)} == set(rows(ledger_url, "select acknowledgment_code from message"))


def test_a_refusal_in_enhanced_mode_is_a_commit_error_with_its_reason(post: Post) -> None:
    answer = post(oru("").replace(b"|2.5.1\r", b"|2.5.1|||ER|NE\r", 1))

    assert "AE" == answer.code
    assert b"MSA|CE" in answer.acknowledgment
    assert b"ERR|" in answer.acknowledgment
