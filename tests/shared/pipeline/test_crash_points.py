"""A worker may die before or after any commit of a message's way: nothing is lost, and nothing happens twice (D17)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from functions.operations.sweeping import sweep
from shared.adapters.memory import FakeDestinations, FixedClock, RecordedHints
from shared.adapters.postgres_books import read_books
from shared.adapters.postgres_ledger import PostgresLedger, PostgresTransaction
from shared.errors import TransientError
from shared.pipeline import drain
from shared.ports import Ports
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import STAGES, post


class Crash(BaseException):
    """The process is gone: nobody handles this."""


@dataclass
class MortalLedger:
    """
    The ledger of a process that dies at its n-th commit: just before it, or just after it with the hints unsent.

    With another `end` it lives on, and only hears no more of its commit.
    """

    real: PostgresLedger
    dies_at: int
    after: bool
    commits: int = 0
    end: type[BaseException] | BaseException = Crash

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        self.commits += 1
        dies = self.commits == self.dies_at
        with self.real.transaction() as tx:
            yield tx
            if dies and not self.after:
                raise self.end
            if dies:
                tx._streams.settle()
                tx._hints.clear()
        if dies:
            raise self.end

    @contextmanager
    def statements(self) -> Iterator[PostgresTransaction]:
        self.commits += 1
        dies = self.commits == self.dies_at
        if dies and not self.after:
            raise self.end
        with self.real.statements() as each:
            yield each
        if dies:
            raise self.end

    def check(self) -> None:
        self.real.check()


@pytest.fixture
def desk(ports: Ports) -> Ports:
    # A lease that is over at once: the next worker need not wait for the dead one's.
    return replace(ports, partners=PARTNERS, lease=timedelta(seconds=-1))


def whole_way(desk: Ports, payload: bytes, hints: RecordedHints) -> None:
    post(desk, payload)
    while taken := hints.take():
        for hint in taken:
            drain(STAGES[hint.function], hint.stream_id, desk)


def recover(desk: Ports, payload: bytes, hints: RecordedHints, clock: FixedClock) -> None:
    """The sender posts again what it got no answer for; the sweeper finds the rest."""
    whole_way(desk, payload, hints)
    for _ in range(4):
        clock.advance(timedelta(seconds=30))
        sweep(desk)
        while taken := hints.take():
            for hint in taken:
                drain(STAGES[hint.function], hint.stream_id, desk)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_commit_loses_nothing_and_doubles_nothing(
    after: bool, desk: Ports, ledger: PostgresLedger, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    assert isinstance(desk.destinations, FakeDestinations)
    crashes = 0
    for dies_at in range(1, 40):
        payload = oru(f"T-{dies_at}", filler=f"F-{dies_at}", mrn=f"TEST-{dies_at}", value="7.9", flag="HH")
        mortal = MortalLedger(ledger, dies_at, after)
        try:
            whole_way(replace(desk, ledger=mortal), payload, hints)
        except Crash:
            crashes += 1
        else:
            break
        hints.take()
        recover(desk, payload, hints, clock)

    for name in ("harbor-ehr", "insight-portal"):
        keys = [key for key, _ in desk.destinations.by_name[name].effects]
        assert dies_at == len(keys) == len(set(keys))
    assert crashes >= 10
    assert (dies_at, {"delivered"}) == (critical_tasks(ledger_url), delivery_statuses(ledger_url))
    books = read_books(ledger_url)
    assert ([], True, 0) == (books.findings, books.balance, books.in_flight)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_commit_whose_answer_is_lost_is_not_taken_for_one_that_failed(
    after: bool, desk: Ports, ledger: PostgresLedger, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    assert isinstance(desk.destinations, FakeDestinations)
    for dies_at in range(1, 60):
        # Two about one patient: the worker goes on with the second in the commit that ends the first.
        payloads = [
            oru(f"T-{dies_at}-{number}", filler=f"F-{dies_at}-{number}", mrn=f"TEST-{dies_at}") for number in (1, 2)
        ]
        for payload in payloads:
            post(desk, payload)
        deaf = MortalLedger(ledger, dies_at, after, end=TransientError("ledger-unavailable"))
        with suppress(TransientError):  # what is not a stage's to handle: the hint comes again
            while taken := hints.take():
                for hint in taken:
                    drain(STAGES[hint.function], hint.stream_id, replace(desk, ledger=deaf))
        recover(desk, payloads[0], hints, clock)
        if deaf.commits < dies_at:
            break

    for name in ("harbor-ehr", "insight-portal"):
        keys = [key for key, _ in desk.destinations.by_name[name].effects]
        assert 2 * dies_at == len(keys) == len(set(keys))
    assert dies_at > 10
    assert {"delivered"} == delivery_statuses(ledger_url)
    books = read_books(ledger_url)
    assert ([], True, 0) == (books.findings, books.balance, books.in_flight)


def critical_tasks(url: str) -> int:
    with psycopg.connect(url) as connection:
        return len(connection.execute("select 1 from task where kind = 'critical-result'").fetchall())


def delivery_statuses(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("select status from delivery")}


def test_an_acknowledged_message_is_there_whatever_happens_next(
    desk: Ports, ledger: PostgresLedger, ledger_url: str
) -> None:
    mortal = MortalLedger(ledger, 1, after=True)
    with pytest.raises(Crash):
        post(replace(desk, ledger=mortal), oru(flag="HH"))

    with psycopg.connect(ledger_url) as connection:
        ((message, entries),) = connection.execute(
            "select message_id, count(*) from message join entry using (message_id) group by 1"
        ).fetchall()
    assert isinstance(message, UUID)
    assert 2 == entries
