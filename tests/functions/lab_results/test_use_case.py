"""A result becomes one event, one bundle, one delivery per destination; a correction never is overtaken (A03, C08)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import psycopg
import pytest

from functions.intake.use_case import Answer, Submission, receive_hl7v2
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from shared.adapters.memory import FixedClock, MemoryArchive, RecordedHints
from shared.authorization import Principal
from shared.ledger import Hint
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace, trace_id_of
from shared.validation import validate
from tests.functions.messages import PARTNERS, oru

RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))

Post = Callable[[bytes], Answer]


@pytest.fixture
def desk(ports: Ports) -> Ports:
    return replace(ports, partners=PARTNERS)


@pytest.fixture
def post(desk: Ports) -> Post:
    def send(payload: bytes) -> Answer:
        return receive_hl7v2(Submission("riverside-lab", payload, "text/plain", start_trace()), RIVERSIDE, desk)

    return send


def process(desk: Ports, hints: RecordedHints) -> list[Hint]:
    """Work off every hint of the lab-results steps; return the hints for others."""
    left = []
    for hint in hints.take():
        stage = {stage.step.function: stage for stage in (PROCESS, DETECT_CRITICAL)}.get(hint.function)
        if stage is None:
            left.append(hint)
        else:
            drain(stage, hint.stream_id, desk)
    return left


def rows(ledger_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(query).fetchall()


def test_what_was_sent_for_training_is_processed_and_owed_to_nobody(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    sender = PARTNERS.by_name["riverside-lab"]
    assert sender.sends is not None
    assert "T" in sender.sends.processing_ids

    post(oru(processing_id="T"))
    process(desk, hints)

    assert [("processed",)] == rows(ledger_url, "select status from message")
    assert [] == rows(ledger_url, "select destination from delivery")


def test_a_final_result_is_owed_to_every_destination_that_wants_it(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    answer = post(oru())
    process(desk, hints)

    assert [("processed",)] == rows(ledger_url, "select status from message")
    assert [("result.finalized", 1, datetime(2026, 3, 14, 14, 15, tzinfo=UTC))] == rows(
        ledger_url, "select type, version, occurred_at from event"
    )
    assert [("harbor-ehr", "due"), ("insight-portal", "due")] == rows(
        ledger_url, "select destination, status from delivery order by destination"
    )
    assert {"delivery_send"} == {hint.function for hint in hints.take()}
    with desk.ledger.transaction() as tx:
        bundle = orjson.loads(tx.conversions.get(answer.message_id).bundle)
    assert [] == [issue for issue in validate(bundle) if issue.severity == "error"]


def test_a_preliminary_result_goes_to_the_record_and_not_to_the_portal(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(oru(status="P"))
    process(desk, hints)

    assert [("result.preliminary",)] == rows(ledger_url, "select type from event")
    assert [("harbor-ehr",)] == rows(ledger_url, "select destination from delivery")


def test_a_preliminary_that_comes_after_its_final_is_superseded_and_goes_nowhere(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str, clock: FixedClock
) -> None:
    post(oru("T-1", status="C", stated="20260314110000-0400"))
    process(desk, hints)
    hints.take()

    post(oru("T-2", status="F", stated="20260314100000-0400"))
    process(desk, hints)

    assert [] == hints.take()
    assert [("due", 2), ("superseded", 2)] == rows(
        ledger_url, "select status, count(*) from delivery group by status order by status"
    )


def test_a_correction_follows_what_it_corrects(post: Post, desk: Ports, hints: RecordedHints, ledger_url: str) -> None:
    post(oru("T-1", status="F", value="4.1"))
    post(oru("T-2", status="C", value="4.4", stated="20260314120000-0400"))
    process(desk, hints)

    assert [("result.finalized",), ("result.corrected",)] == rows(
        ledger_url,
        "select event.type from hop join event using (message_id) where outcome = 'processed' order by hop_id",
    )
    assert [(2, 0)] == rows(
        ledger_url, "select count(*), count(*) - count(*) from delivery where destination = 'harbor-ehr'"
    )


@pytest.mark.parametrize(
    ("flag", "value", "tasks"),
    [("HH", "7.1", 1), ("LL", "2.0", 1), ("N", "7.1", 1), ("H", "5.9", 0), ("N", "4.1", 0)],
)
def test_a_critical_value_opens_one_task_with_its_reason(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str, flag: str, value: str, tasks: int
) -> None:
    post(oru(flag=flag, value=value))
    process(desk, hints)

    opened = rows(ledger_url, "select kind, state, owner_queue, explanation ->> 'location' from task")
    assert [("critical-result", "queued", "ordering-clinician", "OBX")] * tasks == opened


def test_a_critical_value_opens_its_task_though_the_patients_stream_is_parked(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(oru("T-1", filler="F-1", observation_status="?"))
    process(desk, hints)
    assert [("quarantined",)] == rows(ledger_url, "select status from message")

    post(oru("T-2", filler="F-2", flag="HH", value="7.1"))
    process(desk, hints)

    assert [("quarantined",), ("received",)] == rows(ledger_url, "select status from message order by status")
    assert [("critical-result",), ("quarantine-review",)] == rows(ledger_url, "select kind from task order by kind")


def test_the_same_critical_value_in_a_later_state_opens_no_second_task(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(oru("T-1", status="P", flag="HH", value="7.1"))
    post(oru("T-2", status="F", flag="HH", value="7.1", stated="20260314120000-0400"))
    process(desk, hints)

    assert [(1,)] == rows(ledger_url, "select count(*) from task")


def test_an_archived_payload_that_changed_is_never_passed_on(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    answer = post(oru())
    assert isinstance(desk.archive, MemoryArchive)
    desk.archive.contents[f"received/{answer.message_id}"] = oru(value="9.9")

    process(desk, hints)

    assert [("quarantined", "archive-altered")] == rows(ledger_url, "select status, status_code from message")
    assert [(0,)] == rows(ledger_url, "select count(*) from delivery")


def test_one_trace_goes_from_the_post_to_the_delivery(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(oru())
    for hint in process(desk, hints) + hints.take():
        assert hint.function == "delivery_send"
    traces = {trace_id_of(str(row[0])) for row in rows(ledger_url, "select traceparent from hop")}
    traces |= {trace_id_of(str(row[0])) for row in rows(ledger_url, "select traceparent from entry")}

    assert 1 == len(traces)


def test_every_field_is_accounted_for(post: Post, desk: Ports, hints: RecordedHints, ledger_url: str) -> None:
    post(oru())
    process(desk, hints)

    ((coverage,),) = rows(ledger_url, "select coverage from conversion")
    assert coverage


def test_a_correction_to_another_critical_value_alerts_anew(
    post: Post, desk: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(oru("T-1", status="F", flag="HH", value="7.1"))
    post(oru("T-2", status="C", flag="LL", value="2.0", stated="20260314120000-0400"))
    process(desk, hints)

    assert [(2,)] == rows(ledger_url, "select count(*) from task")
