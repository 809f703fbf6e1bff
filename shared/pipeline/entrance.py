"""Taking a stream: lease it, look at its head, and pass the gates of its flow and its destination."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.delivery import lanes
from shared.delivery.gate import HALTED, OPEN, Gate, Passage, passage
from shared.delivery.ports import Look, waits_for_destination, waits_for_flow
from shared.ledger import Entry, Later, Lease, LeaseLostError, Taken
from shared.ledger_ports import Transaction
from shared.partners.model import SECONDARY, USUAL_LIMITS, Limits, Receiver
from shared.pipeline.stage import Admission, Stage, Work
from shared.ports import Ports
from shared.trace_context import child_of


@dataclass(frozen=True, slots=True)
class Following:
    """What a stream goes on with, None when it was given back; for a delivery with what it finds at its gate."""

    entry: Entry | None
    look: Look | None = None


def enter(stage: Stage, stream_id: int, ports: Ports) -> Work | None:
    """Lease the stream and return its head as work; None, with the lease given back, when there is nothing to do."""
    taken, look = _take(stage, stream_id, ports)
    return _entered(stage, taken, look, ports) if taken else None


def enter_together(stage: Stage, stream_ids: Sequence[int], ports: Ports) -> list[Work]:
    """Lease the streams in one commit and return the heads of those that have work; not for deliveries."""
    with ports.ledger.transaction() as tx:
        taking = [
            tx.streams.take(stream_id, ports.instance, ports.lease, stage.halting_flow, opens=stage.opens)
            for stream_id in sorted(stream_ids)
        ]
    works = []
    for later in taking:
        if (taken := later()) is None:
            continue
        with suppress(LeaseLostError):  # that stream is another worker's now; the others are this one's
            if (work := _entered(stage, taken, None, ports)) is not None:
                works.append(work)
    return works


def _entered(stage: Stage, taken: Taken, look: Look | None, ports: Ports) -> Work | None:
    entry = taken.entry
    if entry is None or entry.function != stage.step.function:
        with ports.ledger.transaction() as tx:  # under the row's lock, so that no new entry is overlooked
            tx.streams.confirm(taken.lease)
            found = finish(tx, stage, taken.lease, None, ports)
        entry = found()
    elif taken.halted:
        _hold_at_flow(stage, taken.lease, entry, ports)
        return None
    if entry is None:
        return None
    return _admitted(stage, taken.lease, entry, look, ports)


def proceed(stage: Stage, lease: Lease, following: Following, ports: Ports) -> Work | None:
    """Return the next entry of a stream in hand as work: a delivery passes its gate again."""
    if following.entry is None:
        return None
    return _admitted(stage, lease, following.entry, following.look, ports)


def finish(tx: Transaction, stage: Stage, lease: Lease, entry: Entry | None, ports: Ports) -> Later[Entry | None]:
    """Close `entry` and take the next one, or give the lease back."""
    return tx.streams.finish(lease, entry, stage.step.function, ports.lease, stage.halting_flow, opens=stage.opens)


def limits_of(receiver: Receiver | None) -> Limits:
    """Return what a destination wants to take; the default where nobody describes it."""
    return receiver.limits if receiver else USUAL_LIMITS


def wake_at(tx: Transaction, destination: str, room: int) -> int:
    """Wake who waits at the destination's gate, `room` at most: bulk only where nobody else wants the place."""
    woken = tx.waking.wake(waits_for_destination(destination), room)
    if woken < room:
        woken += tx.waking.wake(waits_for_destination(destination, bulk=True), room - woken)
    return woken


def receiver_of(destination: str, ports: Ports) -> Receiver | None:
    """Return what the partner file says of the destination, or None."""
    partner = ports.partners.get(destination)
    return partner.receives if partner else None


def _take(stage: Stage, stream_id: int, ports: Ports) -> tuple[Taken | None, Look | None]:
    """Everything in one commit, and one answer: the gate is locked before the streams of its lane are counted."""
    with ports.ledger.transaction() as tx:
        look = tx.gates.look(stream_id) if stage.book == "deliveries" else None
        taken = tx.streams.take(stream_id, ports.instance, ports.lease, stage.halting_flow, opens=stage.opens)
    return taken(), look() if look else None


def _admitted(stage: Stage, lease: Lease, entry: Entry, look: Look | None, ports: Ports) -> Work | None:
    work = Work(entry, lease, entry.attempts + 1, child_of(entry.traceparent), stage.actor)
    if look is None:
        return work
    gate = _gate_for(work, look, ports)
    return replace(work, admission=Admission(gate, look.others_wait)) if gate else None


def _gate_for(work: Work, look: Look, ports: Ports) -> Gate | None:
    """Return the gate that lets the delivery through, or None when it waits. Only what changes a gate is written."""
    destination = lanes.destination_of(work.lease.lane)
    known = look.gate
    if known is not None:
        found = _passage(work, known, look, ports)
        if found.verdict == "pass" and found.gate == known:
            return known
    with ports.ledger.transaction() as tx:
        found = _passage(work, tx.gates.locked(destination), look, ports)
        if found.reason == OPEN and (bypass := _bypass(tx, work, found, look, ports)):
            found = bypass
        waking = found.gate.waking(found.until, ports.clock()) if found.verdict == "wait" else None
        tx.gates.write(waking or found.gate)
        if found.verdict != "wait":
            return found.gate
        tx.streams.confirm(work.lease)
        line = waits_for_destination(destination, bulk=work.is_bulk)
        tx.waking.hold(work.entry, line, found.reason, found.until, hint=waking is not None)
        tx.streams.release(work.lease)
    return None


def _passage(work: Work, gate: Gate, look: Look, ports: Ports) -> Passage:
    receiver = receiver_of(lanes.destination_of(work.lease.lane), ports)
    limits = limits_of(receiver).for_bulk() if work.is_bulk else limits_of(receiver)
    return passage(gate, limits, look.others + 1, ports.clock(), _patience(receiver, ports), halted=look.halted)


def _bypass(tx: Transaction, work: Work, primary: Passage, look: Look, ports: Ports) -> Passage | None:
    """Return the way over the secondary endpoint, once the primary has been away for as long as its file says."""
    receiver = receiver_of(lanes.destination_of(work.lease.lane), ports)
    opened_at = primary.gate.breaker.opened_at
    if receiver is None or receiver.secondary is None or opened_at is None:
        return None
    if ports.clock() - opened_at < receiver.secondary.after:
        return None
    found = _passage(work, tx.gates.locked(f"{primary.gate.way}{SECONDARY}"), look, ports)
    return found if found.verdict != "wait" else None


def _patience(receiver: Receiver | None, ports: Ports) -> timedelta:
    """Return how long a probe may be on its way: fetching a token and posting, each within the time-out."""
    return timedelta(seconds=4 * receiver.endpoint.timeout_seconds) if receiver else ports.lease


def _hold_at_flow(stage: Stage, lease: Lease, entry: Entry, ports: Ports) -> None:
    """Hold it until the flow is resumed; a delivery in its destination's line, which drains at the cap."""
    line = waits_for_flow(stage.step.flow)
    if stage.book == "deliveries":
        line = waits_for_destination(lanes.destination_of(lease.lane), bulk=stage.is_bulk)
    with ports.ledger.transaction() as tx:
        tx.streams.confirm(lease)
        tx.waking.hold(entry, line, HALTED, None, hint=False)
        tx.streams.release(lease)
