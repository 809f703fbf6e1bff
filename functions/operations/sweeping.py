"""The sweep: what was lost is woken, what may pass is woken, what has waited too long is somebody's task."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from functions.operations.use_case import wake_overdue_streams
from shared.catalog.flows import DELIVERY, OPERATIONS
from shared.delivery.clocks import FAR_AHEAD
from shared.delivery.ports import gate_of, waits_for_flow
from shared.ledger import NewTask
from shared.ledger_ports import Transaction
from shared.partners.model import USUAL_LIMITS, Receiver
from shared.pipeline.decisions import resume_in
from shared.pipeline.entrance import wake_at
from shared.ports import Ports
from shared.structured_log import log_event
from shared.workflow.escalation import WAITING_TOO_LONG, ladder_of

_log = logging.getLogger(__name__)

ACTOR = f"corridor/{OPERATIONS.step('sweep').tier}/{OPERATIONS.step('sweep').function}"

_WOKEN_PER_FLOW = 500
_QUARANTINED_TOO_LONG = timedelta(hours=4)
_HELD_TOO_LONG = timedelta(hours=1)


def sweep(ports: Ports) -> None:
    """Do everything that must happen every few seconds though nobody asks for it. Twice at once does no harm."""
    recall_what_a_wrong_clock_put_off(ports)
    wake_overdue_streams(ports)
    end_expired_halts(ports)
    wake_held_streams(ports)
    tell_what_waits_too_long(ports)
    with ports.ledger.transaction() as tx:
        tx.pressure.measure()


def recall_what_a_wrong_clock_put_off(ports: Ports) -> int:
    """Let nobody wait for a moment that only a clock gone wrong has promised; return how many entries did."""
    with ports.ledger.transaction() as tx:
        count = tx.waking.recall(ports.clock() + FAR_AHEAD)
    if count:
        log_event(_log, logging.WARNING, "put off by a wrong clock", count=count)
    return count


def end_expired_halts(ports: Ports) -> int:
    """Resume what was halted until now; return how many."""
    with ports.ledger.transaction() as tx:
        expired = [halt for halt in tx.halts.all() if not halt.holds(ports.clock())]
        for halt in expired:
            resume_in(tx, halt.kind, halt.name, ACTOR, "halt-expired")
    return len(expired)


def wake_held_streams(ports: Ports) -> int:
    """
    Wake what waits at a gate that would let it through, the oldest first and no more than may pass at once.

    The gates do so themselves as deliveries end; this finds those that a crash or a lost hint has left behind.
    """
    with ports.ledger.transaction() as tx:
        halted = {(halt.kind, halt.name) for halt in tx.halts.all()}
        woken = 0
        for kind, name in dict.fromkeys(gate_of(held.waits_for) for held in tx.waking.waiting()):
            if (kind, name) in halted or (kind == "destination" and ("flow", DELIVERY.name) in halted):
                continue
            if kind == "flow":
                woken += tx.waking.wake(waits_for_flow(name), _WOKEN_PER_FLOW)
            else:
                woken += wake_at(tx, name, _room(tx, name, ports))
    return woken


def tell_what_waits_too_long(ports: Ports) -> int:
    """Open one task for each kind of waiting that lasts too long, once per oldest entry; return how many (D05)."""
    now = ports.clock()
    opened = 0
    with ports.ledger.transaction() as tx:
        for parked in tx.waking.parked():
            if now - parked.since > _QUARANTINED_TOO_LONG:
                opened += _tell(tx, "parked", parked.function, parked.streams, parked.since, now)
        for quarantined in tx.quarantine.oldest():
            if now - quarantined.since > _QUARANTINED_TOO_LONG:
                opened += _tell(tx, "quarantined", quarantined.waits_for, quarantined.entries, quarantined.since, now)
        for held in tx.waking.waiting():
            if now - held.since > _HELD_TOO_LONG:
                opened += _tell(tx, "held", held.waits_for, held.entries, held.since, now)
    return opened


def _room(tx: Transaction, destination: str, ports: Ports) -> int:
    gate = tx.gates.read(destination)
    receiver = _receiver(destination, ports)
    verdict = gate.breaker.verdict(ports.clock())
    if verdict == "pass" or (receiver is not None and receiver.secondary is not None):
        limits = receiver.limits if receiver else USUAL_LIMITS
        return max(limits.concurrency - tx.gates.in_flight(destination), 0)
    return 1 if verdict == "probe" else 0


def _receiver(destination: str, ports: Ports) -> Receiver | None:
    partner = ports.partners.get(destination)
    return partner.receives if partner else None


def _tell(tx: Transaction, how: str, where: str, count: int, since: datetime, now: datetime) -> bool:
    ladder = ladder_of(WAITING_TOO_LONG)
    opened = tx.tasks.open(
        NewTask(
            kind=WAITING_TOO_LONG,
            dedupe_key=f"{WAITING_TOO_LONG}:{how}:{where}:{since.isoformat()}",
            flow=OPERATIONS.name,
            owner_queue=ladder.rung(0),
            message_id=None,
            due_at=now + ladder.within,
            explanation={"how": how, "where": where, "count": count, "since": since.isoformat()},
        ),
        ACTOR,
        "waited-too-long",
    )
    if opened:
        log_event(_log, logging.ERROR, "waits too long", code=how, queue=where, count=count)
    return opened
