"""What a message costs at the ledger, counted and not timed: waits for PostgreSQL's answer (ADR 16)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.pq import Trace

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.ledger import Hint
from shared.pipeline import drain
from shared.ports import Ports
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import STAGES, post


class Tally:
    """Reads libpq's own trace of the one connection: each request for an answer is one wait."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace
        self._seen = 0

    def since_last(self) -> int:
        asked = [line.split(b"\t")[2].strip() for line in self._trace.read_bytes().splitlines() if line[:2] == b"F\t"]
        # A Flush straight after a Sync asks for nothing more.
        waits = sum(
            kind in {b"Sync", b"Query"} or (kind == b"Flush" and before != b"Sync")
            for before, kind in zip([b"", *asked], asked, strict=False)
        )
        counted, self._seen = waits - self._seen, waits
        return counted


@pytest.fixture
def traced(
    ledger_url: str, clock: FixedClock, hints: RecordedHints, tmp_path: Path
) -> Iterator[tuple[PostgresLedger, Tally]]:
    ledger = PostgresLedger(ledger_url, clock=clock, hints=hints, pool_size=1)
    with (tmp_path / "trace").open("wb") as file:
        with ledger._pool.connection() as connection:
            wire = connection.pgconn
            wire.trace(file.fileno())
            wire.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        tally = Tally(tmp_path / "trace")
        tally.since_last()
        yield ledger, tally
        wire.untrace()
    ledger.close()


def test_a_message_to_two_destinations_waits_ten_times(
    ports: Ports, hints: RecordedHints, traced: tuple[PostgresLedger, Tally]
) -> None:
    ledger, tally = traced
    desk = replace(ports, ledger=ledger, partners=PARTNERS)
    costs: dict[str, list[int]] = {}
    for number in range(2):  # the first makes the patient, the streams and the gates
        costs.clear()
        post(desk, oru(f"T-{number}", filler=f"F-{number}"))
        costs["intake"] = [tally.since_last()]
        while taken := hints.take():
            for hint in taken:
                drain(STAGES[hint.function], hint.stream_id, desk)
                costs.setdefault(hint.function, []).append(tally.since_last())

    assert {
        "intake": [2],
        "lab_results_process": [3],
        # For a FHIR destination it is looked up which records it has from those who speak for them.
        "delivery_send": [3, 2],
    } == costs


def _two_posted(desk: Ports, hints: RecordedHints, number: int) -> Hint:
    """Post two results of one patient; return the hint that wakes their processing."""
    for each in (number, number + 1):
        post(desk, oru(f"T-{each}", filler=f"F-{each}"))
    return next(hint for hint in hints.take() if hint.function == "lab_results_process")


def test_what_follows_in_a_stream_comes_with_the_commit_before_it(
    ports: Ports, hints: RecordedHints, traced: tuple[PostgresLedger, Tally]
) -> None:
    ledger, tally = traced
    desk = replace(ports, ledger=ledger, partners=PARTNERS)
    costs = []
    for number in (0, 2):  # the first makes the patient, the streams and the gates
        hint = _two_posted(desk, hints, number)
        tally.since_last()
        drain(STAGES[hint.function], hint.stream_id, desk)
        costs.append(tally.since_last())

    # Take the stream; then, for each of two messages, look for a newer state and commit.
    assert 5 == costs[1]


def test_a_delivery_that_follows_finds_its_gate_with_the_commit_before_it(
    ports: Ports, hints: RecordedHints, traced: tuple[PostgresLedger, Tally]
) -> None:
    ledger, tally = traced
    desk = replace(ports, ledger=ledger, partners=PARTNERS)
    costs = []
    for number in (0, 2):  # the first makes the patient, the streams and the gates
        process = _two_posted(desk, hints, number)
        drain(STAGES[process.function], process.stream_id, desk)
        costs.clear()
        for stream_id in dict.fromkeys(hint.stream_id for hint in hints.take() if hint.function == "delivery_send"):
            tally.since_last()
            drain(STAGES["delivery_send"], stream_id, desk)
            costs.append(tally.since_last())

    # Take the stream; then, for each of two deliveries, commit, and for FHIR look for the records that it has.
    assert [5, 3] == costs
