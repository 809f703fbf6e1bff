"""The sweep: what was lost is woken, what may pass is woken, what has waited too long is somebody's task."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from functions.operations.use_case import wake_overdue_streams
from shared.catalog.flows import DELIVERY, OPERATIONS
from shared.delivery import lanes
from shared.delivery.clocks import FAR_AHEAD
from shared.delivery.ports import WaitingAt, gate_of, waits_for_flow
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
_FAILING_TOO_LONG = timedelta(hours=1)
_HOW = frozenset({"parked", "quarantined", "held", "failing"})


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
    """
    Open one task for each kind of waiting that lasts too long; return how many (D05).

    It stays the only one while the wait lasts, whoever is the oldest by then, and closes itself afterwards.
    """
    now = ports.clock()
    with ports.ledger.transaction() as tx:
        told = [(_told_by(key), key) for key in tx.tasks.still_open(WAITING_TOO_LONG)]
        known = {about for about, _ in told}
        waits = {(how, wait.waits_for): wait for how, wait in _too_long(tx, now)}
        opened = sum(_tell(tx, about[0], wait, now) for about, wait in waits.items() if about not in known)
        for about, key in told:
            if about[0] in _HOW and about not in waits:
                tx.tasks.close(key, ACTOR, "waits-no-longer")
    return opened


def _too_long(tx: Transaction, now: datetime) -> Iterator[tuple[str, WaitingAt]]:
    """Yield what waits for a person, at a gate, or is tried in vain where no outage is known, and how it waits."""
    for parked in tx.waking.parked():
        if now - parked.since > _QUARANTINED_TOO_LONG:
            yield "parked", WaitingAt(parked.function, parked.streams, parked.since)
    for quarantined in tx.quarantine.oldest():
        if now - quarantined.since > _QUARANTINED_TOO_LONG:
            yield "quarantined", quarantined
    for held in tx.waking.waiting():
        if now - held.since > _HELD_TOO_LONG:
            yield "held", held
    for failing in tx.waking.failing(now - _FAILING_TOO_LONG):
        destination = lanes.destination_of(failing.waits_for)
        if destination == failing.waits_for or tx.gates.read(destination).breaker.state == "closed":
            yield "failing", failing


def _told_by(key: str) -> tuple[str, str]:
    """Return how and where something waits, of which a task with this key was opened."""
    _, how, where, *_ = key.split(":", 3)
    return how, where


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


def _tell(tx: Transaction, how: str, wait: WaitingAt, now: datetime) -> bool:
    where, count, since = wait.waits_for, wait.entries, wait.since
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
