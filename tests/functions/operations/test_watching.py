"""Limits belong to operators; a breach is one task, and the log says what was measured (requirements D05, I05)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from click.testing import CliRunner

from cli.application import application
from functions.lab_results.use_case import PROCESS
from functions.operations.dead_letters import drain_dead_letters
from functions.operations.watching import watch_thresholds
from shared.adapters.memory import FewDeadLetters, FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.errors import ReviewNeededError
from shared.pipeline import Outcome, Work, drain
from shared.ports import DeadLetter, Ports
from shared.workflow.thresholds import Reading, Threshold
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import post

OPEN = "select state, explanation->>'measure', (explanation->>'value')::int from task where kind = 'threshold-breach'"


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def limit(measure: str, most: int | None, partner: str = "", flow: str = "lab-results") -> Threshold:
    return Threshold(flow, partner, measure, "always", most, "UTC", "operator/one", "a test")


def put(ports: Ports, *limits: Threshold) -> None:
    with ports.ledger.transaction() as tx:
        for each in limits:
            tx.thresholds.put(each)


def readings(ports: Ports) -> dict[tuple[str, str, str], int]:
    with ports.ledger.transaction() as tx:
        found: list[Reading] = tx.thresholds.readings()
    return {each.key: each.value for each in found}


def refuse(work: Work, ports: Ports) -> Outcome:
    raise ReviewNeededError("unmapped-code", "OBX-3")


@pytest.fixture
def as_ops(ports: Ports, ledger_url: str, clock: FixedClock, hints: RecordedHints) -> Iterator[Ports]:
    """Give the ports of tier ops: its ledger may do what its role may."""
    url = f"{ledger_url}?options=-c%20role%3Dcorridor_ops"
    ledger = PostgresLedger(url, clock=clock, hints=hints, pool_size=1)
    yield replace(ports, ledger=ledger)
    ledger.close()


def test_a_breach_opens_one_task_and_closes_it_when_it_is_over(ports: Ports, as_ops: Ports, ledger_url: str) -> None:
    put(ports, limit("backlog", 1))
    post(ports, oru(flag="HH"))

    assert [1, 1] == [watch_thresholds(as_ops) for _ in range(2)]
    assert [("queued", "backlog", 2)] == rows(ledger_url, OPEN)

    put(ports, limit("backlog", 2))

    assert 0 == watch_thresholds(as_ops)
    assert [("completed", "backlog", 2)] == rows(ledger_url, OPEN)
    assert [] == rows(ledger_url, "select * from breach")


def test_a_second_breach_of_the_same_limit_is_a_task_of_its_own(
    ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    post(ports, oru(flag="HH"))
    for most in (1, 2, 1):
        put(ports, limit("backlog", most))
        watch_thresholds(ports)
        clock.advance(timedelta(minutes=1))

    assert ["completed", "queued"] == sorted(str(state) for state, _, _ in rows(ledger_url, OPEN))


def test_a_deployment_resets_no_limit_that_somebody_has_tuned(ports: Ports, ledger_url: str) -> None:
    put(ports, limit("backlog", None))

    watch_thresholds(ports)
    watch_thresholds(ports)

    tuned = "select \"limit\", actor from threshold where (flow, measure) = ('lab-results', 'backlog')"
    assert [(None, "operator/one")] == rows(ledger_url, tuned)
    assert [(300,)] == rows(
        ledger_url, "select \"limit\" from threshold where (flow, measure) = ('lab-results', 'oldest')"
    )


def test_only_one_evaluator_works_at_a_time(ports: Ports) -> None:
    put(ports, limit("backlog", 1))
    post(ports, oru(flag="HH"))
    watch_thresholds(ports)

    assert 0 == watch_thresholds(replace(ports, instance="another-worker"))


def test_what_waits_and_for_how_long_is_measured_per_flow(ports: Ports, clock: FixedClock) -> None:
    post(ports, oru(flag="HH"))
    clock.advance(timedelta(minutes=3))

    found = readings(ports)

    assert (2, 180) == (found["lab-results", "", "backlog"], found["lab-results", "", "oldest"])
    assert (0, 0) == (found["delivery", "", "backlog"], found["delivery", "", "oldest"])


def test_failures_latency_and_quarantine_are_measured(ports: Ports, hints: RecordedHints, clock: FixedClock) -> None:
    for number in range(20):
        post(ports, oru(f"T-{number}", mrn=f"TEST-{number}"))
    clock.advance(timedelta(seconds=40))
    stages = [hint for hint in hints.take() if hint.function == PROCESS.step.function]
    for number, hint in enumerate(stages):
        stage = replace(PROCESS, use_case=refuse) if number < 5 else PROCESS
        drain(stage, hint.stream_id, replace(ports, partners=PARTNERS))

    found = readings(ports)

    assert 25 == found["lab-results", "", "failure-rate"]
    assert 40 == found["lab-results", "", "latency"]
    assert 5 == found["lab-results", "", "quarantined"]
    clock.advance(timedelta(minutes=16))
    assert 0 == readings(ports)["lab-results", "", "failure-rate"]


def test_refusals_and_silence_are_measured_per_partner_and_for_the_flow(
    ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    post(ports, oru("T-1", flag="HH"))
    clock.advance(timedelta(minutes=7))
    with psycopg.connect(ledger_url) as connection:
        connection.execute(
            "insert into message select gen_random_uuid(), 'northside-lab', 'T-2', payload_hash, payload_size,"
            " media_type, message_code, trigger_event, structure, hl7_version, processing_id, null, %s, 'rejected',"
            " 'not-hl7', null, %s, null, false, null, null, null, traceparent from message limit 1",
            (clock(), clock()),
        )

    found = readings(ports)

    assert 7 == found["lab-results", "riverside-lab", "silence"] == found["lab-results", "", "silence"]
    assert 1 == found["intake", "northside-lab", "rejections"] == found["intake", "", "rejections"]
    assert ("intake", "", "silence") not in found


def test_dead_letters_are_counted_for_the_flow_of_their_queue(ports: Ports, clock: FixedClock) -> None:
    letters = [
        DeadLetter("lab-results-process", 1, "MaxDeliveryCountExceeded", b"{}", None, is_fact=False),
        DeadLetter("events/subscriptions/analytics", 2, "TTLExpiredException", b"{}", None, is_fact=True),
    ]
    drain_dead_letters(replace(ports, dead_letters=FewDeadLetters(letters)))

    found = readings(ports)

    assert (1, 1) == (found["lab-results", "", "dead-letters"], found["operations", "", "dead-letters"])
    clock.advance(timedelta(minutes=61))
    assert 0 == readings(ports)["lab-results", "", "dead-letters"]


def test_the_log_says_what_was_measured_breached_and_recovered(ports: Ports, caplog: pytest.LogCaptureFixture) -> None:
    post(ports, oru(flag="HH"))
    with caplog.at_level(logging.INFO, logger="functions.operations.watching"):
        for most in (1, 2):
            put(ports, limit("backlog", most))
            watch_thresholds(ports)

    said = [record.message for record in caplog.records]
    assert 'threshold breached {"flow":"lab-results","measure":"backlog","count":2,"limit":1}' in said
    assert 'measured {"flow":"lab-results","measure":"silence","partner":"riverside-lab","count":0}' in said
    assert 'threshold recovered {"flow":"lab-results","measure":"backlog","limit":1}' in said
    assert 2 == sum(text.startswith("thresholds evaluated {") for text in said)


@pytest.fixture
def operator(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    url = f"{ledger_url}?options=-c%20role%3Dcorridor_operator"
    monkeypatch.setenv("CORRIDOR_OPERATOR_DATABASE_URL", url)
    return CliRunner()


def test_an_operator_sets_a_limit_and_sees_what_it_breaches(
    ports: Ports, operator: CliRunner, ledger_url: str
) -> None:
    post(ports, oru(flag="HH"))
    reason = ["--reason", "a test", "--actor", "one"]
    told = operator.invoke(application, ["thresholds", "set", "lab-results", "backlog", "1", *reason])
    watch_thresholds(ports)

    shown = operator.invoke(application, ["thresholds", "list", "--flow", "lab-results"])

    assert 0 == told.exit_code == shown.exit_code
    assert "lab-results  backlog 1  always  by operator/one: a test" in shown.output
    assert "breached since 2026-03-14 12:00" in shown.output
    kept = "select actor, action, subject, reason, details->>'limit' from audit where action = 'threshold-set'"
    expected = ("operator/one", "threshold-set", "lab-results/backlog/always", "a test", "1")
    assert [expected] == rows(ledger_url, kept)


def test_off_stops_watching_and_json_says_so(ports: Ports, operator: CliRunner) -> None:
    operator.invoke(application, ["thresholds", "set", "lab-results", "backlog", "off", "--reason", "a load test"])

    shown = operator.invoke(application, ["thresholds", "list", "--json"])

    assert '"limit": null' in shown.output
    assert "No limits yet" in operator.invoke(application, ["thresholds", "list", "--flow", "delivery"]).output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no-flow", "backlog", "1"], "no flow of the catalogue is called so"),
        (["lab-results", "backlog", "many"], "expected a whole number or `off`"),
        (["lab-results", "mood", "1"], "'mood' is not one of"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_and_nothing_is_written(
    operator: CliRunner, ledger_url: str, arguments: list[str], complaint: str
) -> None:
    refused = operator.invoke(application, ["thresholds", "set", *arguments, "--reason", "a test"])

    assert 0 != refused.exit_code
    assert complaint in f"{refused.output}{refused.exception}"
    assert [] == rows(ledger_url, "select * from threshold")
