"""
What a delivery's end means for the gate it passed: the breaker learns, the next in line is woken.

Written after the delivery's own commit, never in it: a gate is shared by every worker of a destination, and losing
what one attempt taught it is harmless.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from shared.catalog.flows import DELIVERY
from shared.delivery import lanes
from shared.delivery.gate import BREAKING, Gate
from shared.ledger import NewTask
from shared.ledger_ports import Transaction
from shared.pipeline.entrance import limits_of, receiver_of, wake_at
from shared.pipeline.stage import Work
from shared.ports import Ports
from shared.structured_log import log_event
from shared.workflow.escalation import DESTINATION_OUTAGE, ladder_of

_log = logging.getLogger(__name__)

_OF_THE_DESTINATION = "destination-"


def answered(work: Work, ports: Ports, *, sent: bool) -> None:
    """
    Wake who waits for the place that is free now; when the delivery was `sent`, its destination has answered.

    An answer, be it a refusal, closes the breaker. A probe that sent nothing proved nothing: the next one may go.
    """
    admission = work.admission
    if admission is None:
        return
    destination = lanes.destination_of(work.lease.lane)
    room = 1 if admission.others_wait else 0
    if not admission.gate.breaker.is_clean:
        with ports.ledger.transaction() as tx:
            before = tx.gates.locked(admission.gate.way)
            after = before.breaker.answered() if sent else before.breaker.untried(ports.clock())
            tx.gates.write(replace(before, breaker=after))
            if sent:
                _recovered(tx, before, work.actor)
                room = limits_of(receiver_of(destination, ports)).concurrency
    if room:
        with ports.ledger.transaction() as tx:
            wake_at(tx, destination, room)


def failed(work: Work, code: str, retry_after: float | None, ports: Ports) -> None:
    """Count a failure of the destination; the one that opens its breaker tells the owning queue, once per outage."""
    admission = work.admission
    if admission is None or not code.startswith(_OF_THE_DESTINATION):
        return
    with ports.ledger.transaction() as tx:
        before = tx.gates.locked(admission.gate.way)
        breaker = before.breaker.failed(BREAKING, ports.clock(), ports.jitter, retry_after)
        tx.gates.write(replace(before, breaker=breaker))
        if breaker.opened_at is not None and before.breaker.opened_at is None:
            _broke_down(tx, before.way, breaker.opened_at, code, work.actor, ports)


def _broke_down(tx: Transaction, way: str, since: datetime, code: str, actor: str, ports: Ports) -> None:
    ladder = ladder_of(DESTINATION_OUTAGE)
    log_event(_log, logging.ERROR, "destination outage began", destination=way, code=code)
    tx.tasks.open(
        NewTask(
            kind=DESTINATION_OUTAGE,
            dedupe_key=_outage(way, since),
            flow=DELIVERY.name,
            owner_queue=ladder.rung(0),
            message_id=None,
            due_at=ports.clock() + ladder.within,
            explanation={"code": code, "destination": way},
        ),
        actor,
        "breaker-opened",
    )
    tx.audit.record(actor, "open-breaker", way, code)


def _recovered(tx: Transaction, before: Gate, actor: str) -> None:
    since = before.breaker.opened_at
    if since is None:
        return
    log_event(_log, logging.WARNING, "destination recovered", destination=before.way)
    tx.tasks.close(_outage(before.way, since), actor, "breaker-closed")
    tx.audit.record(actor, "close-breaker", before.way, "answered")


def _outage(way: str, since: datetime) -> str:
    return f"{DESTINATION_OUTAGE}:{way}:{since.isoformat()}"
