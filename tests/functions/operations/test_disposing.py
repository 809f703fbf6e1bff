"""What is settled and past its retention goes, with all that was written for it; what is held or owed stays (G15)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.sql import SQL, Identifier

from cli.application import application
from functions.adt_routing import use_case as adt_routing
from functions.operations.disposing import ACTOR, dispose
from functions.operations.use_case import publish_recorded_events, seal_audit_log
from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_audit_book import open_audit_book
from shared.adapters.postgres_books import read_books
from shared.adapters.postgres_hold_desk import open_hold_desk
from shared.audit.proof import prove
from shared.catalog.flows import CLINICAL_MESSAGE, OPERATIONAL_RECORD
from shared.pipeline import drain
from shared.ports import Ports
from tests.functions.adt_routing.rooms import adt
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import STAGES, post

LATER = CLINICAL_MESSAGE.keep + timedelta(days=1)
ALL_STAGES = {**STAGES, adt_routing.PROCESS.step.function: adt_routing.PROCESS}
# Tables that name a message and outlive it: evidence, knowledge that still holds, how far disposal has come.
OUTLIVE = {"disposal", "merged_patient", "merged_key", "authority"}


def work_off(ports: Ports, hints: RecordedHints) -> None:
    while taken := hints.take():
        for hint in taken:
            if hint.function in ALL_STAGES:
                drain(ALL_STAGES[hint.function], hint.stream_id, replace(ports, partners=PARTNERS))


def execute(url: str, statement: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement, parameters)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def tables_with(url: str, message_id: UUID) -> set[str]:
    """Every table that still has a row of the message."""
    columns = "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = %s"
    with psycopg.connect(url) as connection:
        named = [row[0] for row in connection.execute(columns, ("message_id",)).fetchall()]
        query = SQL("SELECT 1 FROM {} WHERE message_id = %s LIMIT 1")
        return {name for name in named if connection.execute(query.format(Identifier(name)), (message_id,)).fetchone()}


def messages(url: str) -> int:
    ((count,),) = execute(url, "SELECT count(*) FROM message")
    assert isinstance(count, int)
    return count


@pytest.fixture
def settled(ports: Ports, hints: RecordedHints, ledger_url: str) -> UUID:
    """A critical result that was delivered everywhere, its facts published, its task closed."""
    message = post(ports, oru(value="7.9", flag="HH"))
    work_off(ports, hints)
    publish_recorded_events(ports)
    execute(ledger_url, "UPDATE task SET state = 'completed'")
    return message


def test_a_settled_message_goes_with_everything_that_was_written_for_it(
    settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    before = {"message", "inbox", "conversion", "event", "delivery", "hop", "task", "report_state"}
    assert before <= tables_with(ledger_url, settled)
    clock.advance(LATER)

    assert [1, 0] == [dispose(ports), dispose(ports)]
    assert set() == tables_with(ledger_url, settled) - OUTLIVE
    assert 0 == len(execute(ledger_url, "SELECT * FROM task_transition"))
    assert [(ACTOR, CLINICAL_MESSAGE.name, "message")] == execute(
        ledger_url,
        "SELECT actor, reason, details->>'kind' FROM audit WHERE action = 'disposed' AND subject = %s",
        str(settled),
    )


REFERENCES = (
    "INSERT INTO quarantine (quarantine_id, message_id, delivery_id, function, code, location, explanation,"
    " entered_at, disposition)"
    " SELECT gen_random_uuid(), message_id, delivery_id, 'f', 'c', '', '', now(), 'released' FROM delivery",
    "INSERT INTO replay_plan (plan_id, kind, query, rate, state, requested_at, requested_by, reason)"
    " VALUES (gen_random_uuid(), 'replay', '{}', 1, 'done', now(), 'operator/one', 'a test')",
    "INSERT INTO replay_bundle (plan_id, message_id, mapping, bundle, bundle_hash)"
    " SELECT plan_id, message_id, 'm', '', '' FROM replay_plan, message",
    "INSERT INTO delivery (delivery_id, message_id, destination, status, status_at, due_since, replay_of, replay_plan)"
    " SELECT gen_random_uuid(), message_id, destination, 'cancelled', status_at, due_since, delivery_id, plan_id"
    " FROM delivery, replay_plan",
    "INSERT INTO replay_item (plan_id, position, message_id, destination, original, delivery_id)"
    " SELECT replay_plan, 1, message_id, destination, replay_of, delivery_id FROM delivery WHERE replay_of IS NOT NULL"
    " LIMIT 1",
    "INSERT INTO dropped_file (file_id, container, name, etag, size, partner, status, traceparent, seen_at, ended_at)"
    " VALUES (gen_random_uuid(), 'c', 'n', 'e', 1, 'riverside-lab', 'taken', '', now(), now())",
    "INSERT INTO file_item (file_id, number, message_id) SELECT file_id, 1, message_id FROM dropped_file, message",
    "INSERT INTO early_message (message_id, visit_key, state, since) SELECT message_id, 'v', 'released', now()"
    " FROM message",
)


def test_whatever_refers_to_a_message_goes_with_it(
    settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    for statement in REFERENCES:
        execute(ledger_url, statement)
    assert {"quarantine", "replay_bundle", "replay_item", "file_item", "early_message"} <= tables_with(
        ledger_url, settled
    )
    clock.advance(LATER)

    assert 1 == dispose(ports)
    assert set() == tables_with(ledger_url, settled) - OUTLIVE
    assert [("done",)] == execute(ledger_url, "SELECT state FROM replay_plan")  # what was decided is remembered


def test_the_audit_log_is_proved_and_the_books_balance_after_a_disposal(
    settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str, hints: RecordedHints
) -> None:
    seal_audit_log(ports)
    clock.advance(LATER)
    post(ports, oru("T-2"))
    work_off(ports, hints)
    dispose(ports)
    seal_audit_log(ports)

    with open_audit_book(ledger_url) as book:
        proof = prove(book, ports.archive.get)
    assert ((), 0) == (proof.findings, proof.tail.rows)
    assert read_books(ledger_url).balance
    assert 1 == messages(ledger_url)


def test_nothing_goes_before_its_time(settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str) -> None:
    clock.advance(CLINICAL_MESSAGE.keep - timedelta(seconds=1))

    assert 0 == dispose(ports)
    assert "conversion" in tables_with(ledger_url, settled)


UNSETTLED = {
    "owed": "UPDATE delivery SET status = 'due' WHERE destination = 'harbor-ehr'",
    "sent again lately": "UPDATE delivery SET status_at = status_at + interval '1 year'",
    "in quarantine": "UPDATE message SET status = 'quarantined'",
    "decided lately": "UPDATE message SET status_at = status_at + interval '1 year'",
    "under review": "UPDATE task SET state = 'queued'",
    "not published": "UPDATE event SET published_at = NULL",
    "in a replay": "INSERT INTO replay_plan (plan_id, kind, query, rate, state, requested_at, requested_by, reason)"
    " VALUES (gen_random_uuid(), 'replay', '{}', 1, 'ready', now(), 'operator/one', 'a test');"
    "INSERT INTO replay_item (plan_id, position, message_id, destination)"
    " SELECT plan_id, 1, message_id, 'harbor-ehr' FROM replay_plan, message",
    "in work": "INSERT INTO entry (stream_id, seq, function, message_id, traceparent, due_at, entered_at)"
    " SELECT stream_id, 99, 'delivery_send', message_id, '', now(), now() FROM stream, message LIMIT 1",
}


@pytest.mark.parametrize("what", UNSETTLED)
def test_what_is_not_settled_stays_whatever_its_age(
    what: str, settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    execute(ledger_url, UNSETTLED[what])
    clock.advance(LATER)

    assert 0 == dispose(ports)
    assert 1 == messages(ledger_url)


@pytest.mark.parametrize("kind", ["message", "patient", "partner"])
def test_what_is_held_stays_until_it_is_released(
    kind: str, settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    name = "riverside-lab" if kind == "partner" else str(settled)
    with open_hold_desk(ledger_url) as desk:
        held = desk.place(kind, name, "operator/one", "a claim")  # type: ignore[arg-type]
    clock.advance(LATER)

    assert 0 == dispose(ports)
    assert "conversion" in tables_with(ledger_url, settled)
    with open_hold_desk(ledger_url) as desk:
        desk.release(held.kind, held.name, "operator/one", "settled out of court")
    assert 1 == dispose(ports)


def test_a_hold_of_a_patient_covers_the_numbers_that_were_merged_with_it(
    ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    retired = post(ports, adt("A01", 0, mrn="TEST-1"), "harbor-hospital")
    post(ports, adt("A01", 1, mrn="TEST-9"), "harbor-hospital")
    merge = post(ports, adt("A40", 8, mrn="TEST-2", prior="TEST-1"), "harbor-hospital")
    work_off(ports, hints)
    publish_recorded_events(ports)
    with open_hold_desk(ledger_url) as desk:
        desk.place("patient", str(merge), "operator/one", "a claim")
    clock.advance(LATER)

    assert 1 == dispose(ports)
    assert {retired, merge} == {row[0] for row in execute(ledger_url, "SELECT message_id FROM message")}


def remembered(url: str) -> list[tuple[object, ...]]:
    return execute(url, "SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM merged_patient)")


def test_a_visit_goes_with_the_message_that_said_it_last_and_a_merge_is_remembered(
    ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    for payload in (adt("A01", 0, mrn="TEST-1"), adt("A40", 8, mrn="TEST-2", prior="TEST-1")):
        post(ports, payload, "harbor-hospital")
    work_off(ports, hints)
    publish_recorded_events(ports)
    assert [(1, 1)] == execute(
        ledger_url, "SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM merged_patient)"
    )
    clock.advance(LATER)

    assert 2 == dispose(ports)
    assert [(0, 1)] == execute(
        ledger_url, "SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM merged_patient)"
    )


def test_an_original_goes_after_its_last_copy_and_the_same_bytes_are_new_again(
    settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    clock.advance(timedelta(days=30))
    copy = post(ports, oru(value="7.9", flag="HH"))
    clock.advance(LATER - timedelta(days=30))
    assert 0 == dispose(ports)
    clock.advance(timedelta(days=30))

    assert [1, 1, 0] == [dispose(ports) for _ in range(3)]
    assert set() == tables_with(ledger_url, copy) | (tables_with(ledger_url, settled) - OUTLIVE)
    again = post(ports, oru(value="7.9", flag="HH"))
    assert [("received",)] == execute(ledger_url, "SELECT status FROM message WHERE message_id = %s", again)


def test_a_run_is_bounded_and_what_is_held_does_not_stand_in_the_way(
    ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    for number in range(7):
        post(ports, oru(f"T-{number}", version="9.9"))  # refused at the door: settled
        clock.advance(timedelta(minutes=1))
    with open_hold_desk(ledger_url) as desk:
        for row in execute(ledger_url, "SELECT message_id FROM message ORDER BY received_at LIMIT 3"):
            desk.place("message", str(row[0]), "operator/one", "a claim")
    clock.advance(LATER)

    # Two commits of two messages: the held ones are stepped over, the rest goes, and it begins again.
    assert [1, 3, 0, 0] == [dispose(ports, look=2, commits=2) for _ in range(4)]
    assert 3 == messages(ledger_url)


def test_one_runner_at_a_time(settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str) -> None:
    with ports.ledger.transaction() as tx:
        tx.jobs.take("operations-dispose", "another", timedelta(minutes=1))
    clock.advance(LATER)

    assert 0 == dispose(ports)
    assert 1 == messages(ledger_url)


def test_a_dropped_file_goes_when_the_messages_of_it_are_gone(
    settled: UUID, ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    columns = "(file_id, container, name, etag, size, partner, status, traceparent, seen_at, ended_at)"
    for file in (first := uuid4(), second := uuid4(), uuid4()):
        execute(
            ledger_url,
            f"INSERT INTO dropped_file {columns}"
            " VALUES (%s, 'hl7v2-drops', %s, 'e', 1, 'riverside-lab', 'taken', '', %s, %s)",
            *(file, str(file), clock(), clock()),
        )
    execute(ledger_url, "INSERT INTO file_item (file_id, number, message_id) VALUES (%s, 1, %s)", first, settled)
    execute(ledger_url, "INSERT INTO file_item (file_id, number, code) VALUES (%s, 1, 'not-hl7v2')", second)
    execute(ledger_url, "UPDATE dropped_file SET ended_at = NULL, due_at = now() WHERE file_id <> ALL(%s)",
            [first, second])  # fmt: skip
    clock.advance(CLINICAL_MESSAGE.keep - timedelta(seconds=1))
    dispose(ports)
    assert [(3,)] == execute(ledger_url, "SELECT count(*) FROM dropped_file")
    clock.advance(timedelta(days=1))

    assert 1 == dispose(ports)
    assert [("waiting",)] == execute(
        ledger_url, "SELECT CASE WHEN ended_at IS NULL THEN 'waiting' END FROM dropped_file"
    )
    assert [(str(first),), (str(second),)] == sorted(
        execute(ledger_url, "SELECT subject FROM audit WHERE action = 'disposed' AND details->>'kind' = 'file'"),
        key=lambda row: [str(first), str(second)].index(str(row[0])),
    )


def test_dead_letters_go_after_an_operational_record_s_time(ports: Ports, clock: FixedClock, ledger_url: str) -> None:
    insert = (
        "INSERT INTO dead_letter (entity, sequence, reason, drained_at, outcome) VALUES ('q', %s, 'x', %s, 'woken')"
    )
    execute(ledger_url, insert, 1, clock())
    clock.advance(OPERATIONAL_RECORD.keep)
    execute(ledger_url, insert, 2, clock())
    clock.advance(timedelta(seconds=1))
    dispose(ports)

    assert [(2,)] == execute(ledger_url, "SELECT sequence FROM dead_letter")
    assert [("dead-letters", "1")] == execute(
        ledger_url, "SELECT subject, details->>'count' FROM audit WHERE action = 'disposed'"
    )


@pytest.mark.parametrize("role", ["corridor_process", "corridor_api", "corridor_operator"])
def test_no_other_tier_may_dispose_of_anything(role: str, ledger_url: str) -> None:
    calls: list[Callable[[psycopg.Connection], object]] = [
        lambda connection: connection.execute(
            "SELECT dispose_messages('{lab-results}', now(), now(), gen_random_uuid(), 1)"
        ),
        lambda connection: connection.execute("SELECT dispose_files(now(), 1)"),
    ]
    for call in calls:
        with psycopg.connect(ledger_url) as connection:
            connection.execute(SQL("SET ROLE {}").format(Identifier(role)))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                call(connection)


@pytest.fixture
def corridor(ledger_url: str) -> Callable[..., tuple[int, str]]:
    def run(*arguments: str) -> tuple[int, str]:
        environ = {"CORRIDOR_OPERATOR_DATABASE_URL": f"{ledger_url}?options=-c%20role%3Dcorridor_operator"}
        result = CliRunner().invoke(application, arguments, env=environ)
        return result.exit_code, f"{result.output}{result.exception or ''}"

    return run


def test_a_trace_says_that_a_message_was_disposed_of(
    settled: UUID, ports: Ports, clock: FixedClock, corridor: Callable[..., tuple[int, str]]
) -> None:
    clock.advance(LATER)
    dispose(ports)

    code, told = corridor("trace", str(settled))

    assert 1 == code
    assert f"{settled} was disposed of on {clock.now:%Y-%m-%d}, as a clinical-message past its retention" in told
    assert "no message is known by T-1" in corridor("trace", "T-1")[1]


def test_the_command_line_places_shows_and_releases_a_hold(
    settled: UUID, ledger_url: str, corridor: Callable[..., tuple[int, str]]
) -> None:
    assert (0, "Nothing is held.\n") == corridor("hold", "list")
    code, told = corridor("hold", "place", "patient", str(settled), "--reason", "a claim", "--actor", "olga")
    assert 0 == code
    kind, key = told.partition(":")[0].split()
    assert [("patient", key)] == execute(ledger_url, "SELECT kind, name FROM legal_hold")
    assert [(UUID(key),)] == execute(ledger_url, "SELECT patient_key FROM message")
    assert told == corridor("hold", "list")[1]
    assert "by operator/olga: a claim" in told

    assert (0, f"{kind} {key} is held no longer.\n") == corridor(
        "hold", "release", kind, key, "--reason", "settled", "--actor", "olga"
    )
    assert [("hold-placed", "a claim"), ("hold-released", "settled")] == execute(
        ledger_url, "SELECT action, reason FROM audit WHERE subject = %s ORDER BY audit_id", f"patient/{key}"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("place", "message", "T-1", "--reason", "a claim"), "hold-subject-unknown"),
        (("place", "message", "00000000-0000-0000-0000-000000000000", "--reason", "x"), "hold-subject-unknown"),
        (("place", "partner", "nobody", "--reason", "a claim"), "hold-subject-unknown"),
        (("place", "partner", "riverside-lab", "--reason", " "), "reason-missing"),
        (("release", "partner", "riverside-lab", "--reason", " "), "reason-missing"),
        (("release", "partner", "riverside-lab", "--reason", "x"), "not-held"),
    ],
    ids=["no id", "unknown message", "unknown partner", "no reason", "no reason to release", "not held"],
)
def test_a_hold_that_holds_nothing_is_refused(
    arguments: tuple[str, ...], code: str, settled: UUID, ledger_url: str, corridor: Callable[..., tuple[int, str]]
) -> None:
    status, told = corridor("hold", *arguments)

    assert 0 != status
    assert code in told
    assert [] == execute(ledger_url, "SELECT * FROM legal_hold")
