"""Messages of patients in their streams, and use cases that do as they are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg

from shared.catalog.flows import LAB_RESULTS
from shared.delivery.back_off import RetryPolicy
from shared.ledger import Hop, NewEntry, Receipt
from shared.ledger_ports import Transaction
from shared.pipeline import Outcome, Stage, Work
from shared.ports import Ports
from shared.trace_context import start_trace

RETRY = RetryPolicy(base=timedelta(seconds=1), cap=timedelta(minutes=1), budget=timedelta(hours=1))
STEP = LAB_RESULTS.step("process")

UseCase = Callable[[Work, Ports], Outcome]


def stage(use_case: UseCase) -> Stage:
    return Stage(STEP, use_case, RETRY, book="items")


def succeed(seen: list[UUID]) -> UseCase:
    def use_case(work: Work, ports: Ports) -> Outcome:
        def write(tx: Transaction) -> None:
            tx.messages.set_status(work.entry.message_id, "processed")

        seen.append(work.entry.message_id)
        return Outcome(hop(work), write)

    return use_case


def fail(error: Exception) -> UseCase:
    def use_case(work: Work, ports: Ports) -> Outcome:
        raise error

    return use_case


def hop(work: Work) -> Hop:
    return Hop(work.entry.message_id, STEP.function, "process", "nowhere", "processed", work.traceparent)


def receive(ports: Ports, key: UUID, count: int = 1, function: str = STEP.function) -> tuple[int, list[UUID]]:
    """Put `count` messages of one patient into their stream, and return it with their ids."""
    messages = [uuid4() for _ in range(count)]
    with ports.ledger.transaction() as tx:
        for message_id in messages:
            append(tx, ports, key, message_id, function)
        stream_id = tx.hints[-1].stream_id
    return stream_id, messages


def append(tx: Transaction, ports: Ports, key: UUID, message_id: UUID, function: str = STEP.function) -> None:
    """Put a message of the patient into their stream."""
    trace = start_trace()
    tx.messages.add(_receipt(message_id, ports, trace), "received", ("AA", b"ACK"), patient_key=key)
    tx.streams.append(NewEntry("process", key, function, message_id, trace, keep=True))


def _receipt(message_id: UUID, ports: Ports, trace: str) -> Receipt:
    return Receipt(
        message_id, "riverside-lab", str(message_id), message_id.bytes, 1, "text/plain", "ORU", "R01", "ORU_R01",
        "2.5.1", "P", "lab-results", ports.clock(), trace,
    )  # fmt: skip


def statuses(ledger_url: str) -> list[tuple[str, str | None]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(
            "select status, status_code from message order by received_at, message_id"
        ).fetchall()
