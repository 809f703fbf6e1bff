"""
Drain the bus's dead-letter queues into the ledger (requirement D04): nothing ends only there.

A hint is residue: what it would have woken is in the ledger, and is woken again if it is still owed. An unreadable
hint or a fact that its subscriber did not take opens a task of operations, one for each entity and day.
"""

from __future__ import annotations

import logging

from shared.catalog.flows import OPERATIONS
from shared.errors import RejectedError
from shared.ledger import NewTask
from shared.ledger_ports import Transaction
from shared.pipeline import stream_of
from shared.ports import DeadLetter, Ports
from shared.structured_log import log_event
from shared.workflow.escalation import DEAD_LETTER, ladder_of

_log = logging.getLogger(__name__)

ACTOR = f"corridor/{OPERATIONS.step('drain-dead-letters').tier}/{OPERATIONS.step('drain-dead-letters').function}"


def drain_dead_letters(ports: Ports) -> int:
    """Record every dead letter with its reason and what became of it; return how many. Idempotent by its number."""
    return ports.dead_letters.drain(lambda letter: _take(letter, ports))


def _take(letter: DeadLetter, ports: Ports) -> None:
    stream_id = None if letter.is_fact else _stream_of(letter)
    with ports.ledger.transaction() as tx:
        if stream_id is not None:
            outcome = "woken" if tx.waking.wake_stream(stream_id) else "nothing-owed"
        else:
            outcome = "fact" if letter.is_fact else "unreadable"
        new = tx.waking.record_residue(
            letter.entity, letter.sequence, letter.reason, stream_id, letter.enqueued_at, outcome
        )
        if new and stream_id is None:
            _tell(tx, letter, outcome, ports)
    log_event(_log, logging.WARNING, "dead letter drained", queue=letter.entity, code=letter.reason)


def _stream_of(letter: DeadLetter) -> int | None:
    try:
        return stream_of(letter.body)
    except RejectedError:
        return None


def _tell(tx: Transaction, letter: DeadLetter, outcome: str, ports: Ports) -> None:
    ladder, now = ladder_of(DEAD_LETTER), ports.clock()
    tx.tasks.open(
        NewTask(
            kind=DEAD_LETTER,
            dedupe_key=f"{DEAD_LETTER}:{letter.entity}:{now.date().isoformat()}",
            flow=OPERATIONS.name,
            owner_queue=ladder.rung(0),
            message_id=None,
            due_at=now + ladder.within,
            explanation={"entity": letter.entity, "reason": letter.reason, "outcome": outcome},
        ),
        ACTOR,
        outcome,
    )
