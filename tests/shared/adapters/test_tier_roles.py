"""Each use case does its whole work under its own tier's role: every grant that it needs is there (invariant 10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from functions.adt_routing import use_case as adt_routing
from functions.adt_routing.waiting import STOP_WAITING
from functions.delivery.use_case import SEND, SEND_BULK
from functions.intake.file_events import register
from functions.intake.files import work_on_files
from functions.intake.use_case import read_status
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS, PROCESS_BULK
from functions.operations.dead_letters import drain_dead_letters
from functions.operations.disposing import dispose
from functions.operations.sweeping import sweep
from functions.operations.use_case import publish_recorded_events, wake_overdue_streams
from functions.worklist.use_case import escalate_overdue_tasks
from shared.adapters.memory import (
    FakeDestinations,
    FewDeadLetters,
    FixedClock,
    MemoryLanding,
    RecordedFacts,
    RecordedHints,
)
from shared.adapters.postgres_ledger import PostgresLedger
from shared.adapters.shared_intake_gate import SharedIntakeGate
from shared.authorization import Principal
from shared.catalog.flows import LAB_RESULTS
from shared.catalog.model import Tier
from shared.delivery.pressure import IntakeLimits
from shared.errors import RejectedError, TransientError
from shared.partners.model import Partners, Rate
from shared.pipeline import Stage, drain
from shared.pipeline.decisions import halt
from shared.ports import DeadLetter, Ports
from shared.trace_context import start_trace
from tests.functions.adt_routing.rooms import adt
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import post

RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))

At = Callable[[Tier], Ports]


@pytest.fixture
def at(ports: Ports, ledger_url: str, clock: FixedClock, hints: RecordedHints) -> Iterator[At]:
    """Give the ports of a tier: its ledger may do what its role may."""
    made: dict[Tier, Ports] = {}
    with ExitStack() as stack:

        def ports_of(tier: Tier) -> Ports:
            if tier not in made:
                url = f"{ledger_url}?options=-c%20role%3Dcorridor_{tier}"
                ledger = PostgresLedger(url, clock=clock, hints=hints, pool_size=1)
                stack.callback(ledger.close)
                made[tier] = replace(ports, ledger=ledger, partners=PARTNERS)
            return made[tier]

        yield ports_of


def work(stage: Stage, at: At, hints: RecordedHints) -> None:
    """Drain the streams of which a hint was sent to this stage, under its tier's role."""
    taken = hints.take()
    hints.send([hint for hint in taken if hint.function != stage.step.function])
    mine = {hint.stream_id for hint in taken if hint.function == stage.step.function}
    for stream_id in mine:
        drain(stage, stream_id, at(stage.step.tier))


def states(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_a_result_goes_its_whole_way_with_each_tiers_own_rights(
    at: At, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    message = post(at(Tier.INGEST), oru(value="7.9", flag="HH"))
    post(at(Tier.INGEST), oru(value="7.9", flag="HH"))
    post(at(Tier.INGEST), oru("T-2", version="9.9"))
    with pytest.raises(RejectedError):
        post(at(Tier.INGEST), b"not HL7")
    work(PROCESS, at, hints)
    work(DETECT_CRITICAL, at, hints)
    work(SEND, at, hints)
    clock.advance(timedelta(hours=1))

    assert 1 == publish_recorded_events(at(Tier.OPS))
    assert 0 == wake_overdue_streams(at(Tier.OPS))
    assert 1 == escalate_overdue_tasks(at(Tier.WORKFLOW), "corridor/workflow/worklist_escalate")
    assert "processed" == read_status(message, RIVERSIDE, at(Tier.API))["status"]
    assert [("processed",), ("duplicate",), ("rejected",), ("rejected",)] == states(
        ledger_url, "select status from message order by status = 'rejected', status = 'duplicate'"
    )
    assert [("delivered",), ("delivered",)] == states(ledger_url, "select status from delivery")
    assert [(1, "queued")] == states(ledger_url, "select escalation, state from task")
    facts = at(Tier.OPS).facts
    assert isinstance(facts, RecordedFacts)
    assert ["result.finalized"] == [fact["type"] for fact in facts.published]


def test_a_merge_and_a_stay_go_their_whole_way_with_each_tiers_own_rights(
    at: At, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    for event, minute in (("A03", 5), ("A01", 0), ("A08", 6), ("A08", 7)):
        post(at(Tier.INGEST), adt(event, minute), "harbor-hospital")
        work(adt_routing.PROCESS, at, hints)
    post(at(Tier.INGEST), adt("A40", 8, mrn="TEST-2", prior="TEST-1"), "harbor-hospital")
    for _ in range(3):
        work(adt_routing.PROCESS, at, hints)
        work(SEND, at, hints)
    clock.advance(timedelta(hours=1))
    work(STOP_WAITING, at, hints)
    work(SEND, at, hints)

    assert [("processed", 5)] == states(ledger_url, "select status, count(*) from message group by status")
    assert [("newer-update-known", 1)] == states(
        ledger_url,
        "select status_code, count(*) from delivery where destination = 'county-registry' and status = 'superseded'"
        " group by status_code",
    )
    assert [] == states(ledger_url, "select * from delivery where status not in ('delivered', 'superseded')")


def test_a_dropped_file_goes_its_whole_way_with_each_tiers_own_rights(
    at: At, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    batch, adt_batch = at(Tier.BATCH), adt("A01", 0) + adt("A40", 8, mrn="TEST-2", prior="TEST-1")
    assert isinstance(batch.landing, MemoryLanding)
    for name, content in (
        ("riverside-lab/a", oru() + oru("T-2", version="9.9")),
        ("riverside-lab/b", oru() + oru("T-2", version="9.9")),
        ("riverside-lab/c", b"no HL7 at all"),
        ("harbor-hospital/d", adt_batch),
    ):
        register(batch.landing.put("hl7v2-drops", name, content), start_trace(), batch)
    work_on_files(batch)
    for stage in (PROCESS_BULK, adt_routing.PROCESS_BULK, DETECT_CRITICAL, SEND_BULK):
        for _ in range(3):
            work(stage, at, hints)
    clock.advance(timedelta(hours=1))
    work(SEND_BULK, at, hints)

    assert [("duplicate",), ("refused",), ("taken",), ("taken",)] == states(
        ledger_url, "select status from dropped_file order by status"
    )
    assert [("processed", 3), ("rejected", 1)] == states(
        ledger_url, "select status, count(*) from message group by status order by status"
    )
    assert [] == states(ledger_url, "select * from delivery where status not in ('delivered', 'superseded')")


def test_a_stream_whose_hint_was_lost_is_woken_by_ops(
    at: At, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    post(at(Tier.INGEST), oru(flag="HH"))
    hints.take()
    clock.advance(timedelta(minutes=1))

    assert 2 == wake_overdue_streams(at(Tier.OPS))
    halt("flow", "lab-results", "operator/one", "a minute", at(Tier.OPS), clock() + timedelta(minutes=1))
    clock.advance(timedelta(hours=5))
    sweep(at(Tier.OPS))
    lost = [DeadLetter("lab-results-process", 1, "TTLExpiredException", b'{"stream": 1}', None, is_fact=False)]
    assert 1 == drain_dead_letters(replace(at(Tier.OPS), dead_letters=FewDeadLetters(lost)))
    assert [] == states(ledger_url, "select name from halt")
    work(PROCESS, at, hints)
    assert [("processed",)] == states(ledger_url, "select status from message")


def test_what_is_past_its_retention_is_disposed_of_by_ops(
    at: At, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    post(at(Tier.INGEST), oru())
    work(PROCESS, at, hints)
    work(SEND, at, hints)
    publish_recorded_events(at(Tier.OPS))
    clock.advance(LAB_RESULTS.retention.keep + timedelta(days=1))

    assert 1 == dispose(at(Tier.OPS))
    assert [] == states(ledger_url, "select * from message")


def test_ingest_may_draw_a_partners_allowance_and_read_what_halts_it(at: At, clock: FixedClock) -> None:
    riverside = PARTNERS.by_name["riverside-lab"]
    assert riverside.sends is not None
    limited = replace(riverside, sends=replace(riverside.sends, allowance=Rate(per_second=1.0, burst=1)))
    ingest = at(Tier.INGEST)
    limits = IntakeLimits(backlog=10, age=timedelta(minutes=1), archive_free=0)
    gate = SharedIntakeGate(
        ingest.ledger, ingest.archive, Partners({"riverside-lab": limited}), clock=clock, limits=limits
    )

    gate.admit("riverside-lab")
    with pytest.raises(TransientError, match="rate-exceeded"):
        gate.admit("riverside-lab")


@pytest.mark.parametrize("stage", [PROCESS, DETECT_CRITICAL], ids=lambda stage: stage.step.function)
def test_what_a_tier_cannot_work_on_it_may_set_aside(
    stage: Stage, at: At, hints: RecordedHints, ledger_url: str
) -> None:
    message = post(at(Tier.INGEST), oru(flag="HH"))
    contents = at(Tier.INGEST).archive.contents  # type: ignore[attr-defined]
    contents[f"received/{message}"] = b"altered"

    work(stage, at, hints)

    assert [("archive-altered", stage.step.function)] == states(ledger_url, "select code, function from quarantine")
    assert [("quarantine-review",)] == states(ledger_url, "select kind from task")


@pytest.mark.parametrize(
    ("error", "status"),
    [(RejectedError("destination-refused"), "quarantined"), (TransientError("destination-unavailable"), "due")],
    ids=["refused", "down"],
)
def test_what_a_destination_does_not_take_deliver_may_set_aside_or_postpone(
    error: RejectedError | TransientError, status: str, at: At, hints: RecordedHints, ledger_url: str
) -> None:
    post(at(Tier.INGEST), oru(flag="HH"))
    work(PROCESS, at, hints)
    destinations = at(Tier.DELIVER).destinations
    assert isinstance(destinations, FakeDestinations)
    destinations.named("harbor-ehr")
    destinations.by_name["harbor-ehr"].failures.append(error)

    work(SEND, at, hints)

    assert [("harbor-ehr", status), ("insight-portal", "delivered")] == states(
        ledger_url, "select destination, status from delivery order by destination"
    )


@pytest.mark.parametrize("stage", [PROCESS, DETECT_CRITICAL, SEND], ids=lambda stage: stage.step.function)
def test_a_defect_is_put_on_the_entrys_account_in_every_tier(
    stage: Stage, at: At, hints: RecordedHints, ledger_url: str
) -> None:
    post(at(Tier.INGEST), oru(flag="HH"))
    if stage is SEND:
        work(PROCESS, at, hints)

    def defective(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work(replace(stage, use_case=defective), at, hints)  # type: ignore[arg-type]

    assert [("unexpected-error", 1)] == states(ledger_url, "select code, attempts from entry where attempts > 0")
