"""
Several streams in one commit: what one of them fails at is its own (invariants 2, 3, 14; requirements D01, D05).

Every failure is put beside patients who must not notice it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from shared.adapters.memory import FixedClock, RecordedHints
from shared.errors import RejectedError, ReviewNeededError, TransientError
from shared.ledger_ports import Ledger, Transaction
from shared.pipeline import Outcome, Work, drain, drain_hints
from shared.ports import Ports
from tests.shared.pipeline.received import UseCase, hop, receive, stage, statuses, succeed


def hint(stream_id: int) -> bytes:
    return json.dumps({"stream": stream_id}).encode()


def together(use_case: UseCase, stream_ids: Sequence[int], ports: Ports) -> None:
    drain_hints(stage(use_case), [hint(stream_id) for stream_id in stream_ids], ports)


def unless(messages: Sequence[UUID], seen: list[UUID], otherwise: UseCase) -> UseCase:
    """Succeed, except with these messages."""

    def use_case(work: Work, ports: Ports) -> Outcome:
        return (otherwise if work.entry.message_id in messages else succeed(seen))(work, ports)

    return use_case


def raising(error: Exception) -> UseCase:
    def use_case(work: Work, ports: Ports) -> Outcome:
        raise error

    return use_case


def raising_in_the_commit(error: Exception) -> UseCase:
    def use_case(work: Work, ports: Ports) -> Outcome:
        def write(tx: Transaction) -> None:
            raise error

        return Outcome(hop(work), write)

    return use_case


@dataclass
class CountedCommits:
    """The real ledger; counts its commits, and loses the answer of one of them if told to."""

    ledger: Ledger
    loses: int = 0
    commits: int = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.ledger.transaction() as tx:
            yield tx
        self.commits += 1
        if self.commits == self.loses:
            raise TransientError("ledger-unavailable")

    @contextmanager
    def statements(self) -> Iterator[Transaction]:
        with self.ledger.statements() as each:
            yield each

    def check(self) -> None:
        self.ledger.check()


def outcomes(ledger_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute("select outcome, count(*) from hop group by outcome order by outcome").fetchall()


def test_what_many_patients_are_owed_is_one_commit_to_take_and_one_to_finish(ports: Ports, ledger_url: str) -> None:
    received = [receive(ports, uuid4()) for _ in range(5)]
    counted = CountedCommits(ports.ledger)
    seen: list[UUID] = []

    together(succeed(seen), [stream_id for stream_id, _ in received], replace(ports, ledger=counted))

    assert {message for _, messages in received for message in messages} == set(seen)
    assert [("processed", None)] * 5 == statuses(ledger_url)
    assert [("processed", 5)] == outcomes(ledger_url)
    assert 2 == counted.commits


def test_each_patients_messages_stay_in_order(ports: Ports) -> None:
    received = [receive(ports, uuid4(), count) for count in (3, 1, 4)]
    seen: list[UUID] = []

    together(succeed(seen), [stream_id for stream_id, _ in received], ports)

    for _, messages in received:
        assert messages == [one for one in seen if one in messages]


@pytest.mark.parametrize("fails", [raising, raising_in_the_commit])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RejectedError("fhir-invalid", "Patient.birthDate", "not a date"), ("quarantined", "fhir-invalid")),
        (ReviewNeededError("partly-superseded", "OBR-22", "some are outdated"), ("quarantined", "partly-superseded")),
        (TransientError("archive-unavailable"), ("received", None)),
    ],
)
def test_what_one_patient_fails_at_the_others_do_not_notice(
    ports: Ports,
    ledger_url: str,
    fails: Callable[[Exception], UseCase],
    error: Exception,
    status: tuple[str, str | None],
) -> None:
    poisoned, ill = receive(ports, uuid4())
    received = [receive(ports, uuid4()) for _ in range(3)]
    seen: list[UUID] = []

    together(unless(ill, seen, fails(error)), [poisoned, *(stream_id for stream_id, _ in received)], ports)

    assert sorted([("processed", None)] * 3 + [status], key=str) == sorted(statuses(ledger_url), key=str)


@pytest.mark.parametrize("fails", [raising, raising_in_the_commit])
def test_a_defect_propagates_when_the_others_are_done(
    ports: Ports, ledger_url: str, fails: Callable[[Exception], UseCase]
) -> None:
    poisoned, ill = receive(ports, uuid4())
    healthy = [receive(ports, uuid4())[0] for _ in range(3)]

    with pytest.raises(ZeroDivisionError):
        together(unless(ill, [], fails(ZeroDivisionError())), [poisoned, *healthy], ports)

    assert [("processed", 3), ("retry", 1)] == outcomes(ledger_url)


def test_a_stream_that_was_taken_over_meanwhile_is_left_to_its_new_worker(ports: Ports, ledger_url: str) -> None:
    contested, contested_messages = receive(ports, uuid4())
    received = [receive(ports, uuid4()) for _ in range(3)]
    winner: list[UUID] = []

    def overtaken(work: Work, given: Ports) -> Outcome:
        if work.entry.message_id in contested_messages and not winner:
            with psycopg.connect(ledger_url) as connection:
                connection.execute("update stream set lease_until = '2000-01-01' where stream_id = %s", (contested,))
            drain(stage(succeed(winner)), contested, ports)
        return succeed([])(work, given)

    together(overtaken, [contested, *(stream_id for stream_id, _ in received)], ports)

    assert contested_messages == winner
    assert [("processed", None)] * 4 == statuses(ledger_url)
    assert [("processed", 4)] == outcomes(ledger_url)


def test_a_lost_answer_to_the_common_commit_writes_nothing_twice(
    ports: Ports, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    received = [receive(ports, uuid4(), 2) for _ in range(3)]
    hints.take()

    together(succeed([]), [one for one, _ in received], replace(ports, ledger=CountedCommits(ports.ledger, loses=2)))
    clock.advance(timedelta(minutes=2))
    for told in hints.take():
        drain(stage(succeed([])), told.stream_id, ports)

    assert [("processed", None)] * 6 == statuses(ledger_url)
    assert ("processed", 6) in outcomes(ledger_url)


def test_what_takes_too_long_together_is_given_back_with_a_hint(
    ports: Ports, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    received = [receive(ports, uuid4()) for _ in range(4)]
    hints.take()
    seen: list[UUID] = []

    def slowly(work: Work, given: Ports) -> Outcome:
        clock.advance(given.lease * 0.2)
        return succeed(seen)(work, given)

    together(slowly, [stream_id for stream_id, _ in received], ports)

    assert 2 == len(seen)
    assert {one for one, messages in received if messages[0] not in seen} == {told.stream_id for told in hints.take()}
    with psycopg.connect(ledger_url) as connection:
        assert [] == connection.execute("select 1 from stream where lease_owner is not null").fetchall()


def test_a_hint_that_names_no_stream_is_refused_when_the_others_are_done(ports: Ports, ledger_url: str) -> None:
    stream_ids = [receive(ports, uuid4())[0] for _ in range(2)]

    with pytest.raises(RejectedError) as refused:
        drain_hints(stage(succeed([])), [b"{}", *map(hint, stream_ids)], ports)

    assert "hint-invalid" == refused.value.code
    assert [("processed", None)] * 2 == statuses(ledger_url)


def test_doubled_hints_and_those_for_streams_that_are_gone_do_nothing(ports: Ports) -> None:
    stream_id, messages = receive(ports, uuid4())
    seen: list[UUID] = []

    together(succeed(seen), [stream_id, stream_id, 4711, stream_id], ports)
    together(succeed(seen), [stream_id, 4711], ports)

    assert messages == seen


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(some.lists(some.sampled_from(["ok", "rejected", "retry"]), min_size=1, max_size=3), min_size=2))
def test_whatever_fails_everything_ends_where_it_ends_alone(
    ports: Ports, ledger_url: str, fates: list[list[str]]
) -> None:
    def account(drains: Callable[[UseCase, list[int]], None]) -> list[list[tuple[str, str | None]]]:
        received = [receive(ports, uuid4(), len(each)) for each in fates]
        fate = {
            message: what
            for (_, messages), each in zip(received, fates, strict=True)
            for message, what in zip(messages, each, strict=True)
        }
        errors = {"rejected": RejectedError("fhir-invalid"), "retry": TransientError("archive-unavailable")}

        def use_case(work: Work, given: Ports) -> Outcome:
            error = errors.get(fate[work.entry.message_id])
            return (raising(error) if error else succeed([]))(work, given)

        drains(use_case, [stream_id for stream_id, _ in received])
        with psycopg.connect(ledger_url) as connection:
            rows = connection.execute("select message_id, status, status_code from message").fetchall()
        found = {one: (status, code) for one, status, code in rows}
        return [[found[message] for message in messages] for _, messages in received]

    def alone(use_case: UseCase, stream_ids: list[int]) -> None:
        for stream_id in stream_ids:
            drain(stage(use_case), stream_id, ports)

    assert account(alone) == account(lambda use_case, stream_ids: together(use_case, stream_ids, ports))


def test_streams_in_hand_when_the_worker_must_give_up_are_given_back(
    ports: Ports, ledger_url: str, hints: RecordedHints
) -> None:
    received = [receive(ports, uuid4()) for _ in range(3)]
    hints.take()

    with pytest.raises(KeyboardInterrupt):
        together(interrupted, [stream_id for stream_id, _ in received], ports)

    assert {stream_id for stream_id, _ in received} == {told.stream_id for told in hints.take()}
    with psycopg.connect(ledger_url) as connection:
        assert [] == connection.execute("select 1 from stream where lease_owner is not null").fetchall()


def interrupted(work: Work, given: Ports) -> Outcome:
    raise KeyboardInterrupt
