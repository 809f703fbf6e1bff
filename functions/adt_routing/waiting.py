"""Messages that came too early: they wait beside their patient's stream, until what they stand on comes or not."""

from __future__ import annotations

from datetime import timedelta

from functions.adt_routing.reading import Told
from shared.catalog.flows import ADT_ROUTING
from shared.delivery import lanes
from shared.delivery.back_off import RetryPolicy
from shared.ledger import Hop, MessageRow, NewEntry
from shared.ledger_ports import Transaction
from shared.partners.model import USUAL_REORDERING
from shared.pipeline import Outcome, Stage, Work
from shared.pipeline.opening import opened_by
from shared.ports import Ports

RETRY = RetryPolicy(base=timedelta(seconds=1), cap=timedelta(minutes=5), budget=timedelta(hours=1))
DISORDER = "out-of-order"


def wait(work: Work, ports: Ports, message: MessageRow, told: Told) -> Outcome:
    """Take the message out of the stream; its deadline is the sender's, counted from the first time that it waits."""
    step = ADT_ROUTING.step("stop-waiting")

    def write(tx: Transaction) -> None:
        if not tx.early.wait(message.message_id, told.visit or "", told.stated_at):
            early = tx.early.get(message.message_id)
            if early is not None and early.state == "overdue":  # since its turn was judged: it goes on at once
                tx.streams.append(_again(message))
            return
        deadline = NewEntry(
            lane=step.function,
            key=message.message_id,
            function=step.function,
            message_id=message.message_id,
            traceparent=work.traceparent,
            keep=False,
        )
        tx.streams.append(deadline)
        tx.windows.defer(deadline, ports.clock() + _patience(message, ports))

    return Outcome(_hop(work, lanes.PROCESS, "waiting"), write)


def stop_waiting(work: Work, ports: Ports) -> Outcome:
    """
    Put a message whose time is up back into its patient's stream.

    One that was let go and has not come to its turn yet is there already: it will not wait again. What was processed
    is left alone.
    """
    message = opened_by(work).message

    def write(tx: Transaction) -> None:
        early = tx.early.get(message.message_id)
        if early is None:
            return
        tx.early.let_go(message.message_id, "overdue")
        if early.state == "waiting":
            tx.streams.append(_again(message))

    return Outcome(_hop(work, work.lease.lane, "wait-ended"), write)


def release_behind(tx: Transaction, visit_key: str, message: MessageRow) -> None:
    """Put what waits for the visit back into the stream, in the sender's order: something has come."""
    for each in tx.early.of_visit(visit_key):
        if each.state != "waiting" or each.message_id == message.message_id:
            continue
        early, row = tx.early.get(each.message_id), tx.messages.get(each.message_id)
        if early is not None and row is not None and early.state == "waiting":
            tx.early.let_go(each.message_id, "released")
            tx.streams.append(_again(row))


def _again(message: MessageRow) -> NewEntry:
    return NewEntry(
        lane=lanes.PROCESS,
        key=message.patient_key or message.message_id,
        function=ADT_ROUTING.step("process").function,
        message_id=message.message_id,
        traceparent=message.traceparent,
        keep=message.patient_key is not None,
    )


def _patience(message: MessageRow, ports: Ports) -> timedelta:
    partner = ports.partners.get(message.partner)
    return partner.sends.reorder_within if partner and partner.sends else USUAL_REORDERING


def _hop(work: Work, source: str, outcome: str) -> Hop:
    return Hop(
        message_id=work.entry.message_id,
        function=work.entry.function,
        source=source,
        target=lanes.PROCESS,
        outcome=outcome,
        traceparent=work.traceparent,
        attempt=work.attempt,
        code=DISORDER,
    )


STOP_WAITING = Stage(ADT_ROUTING.step("stop-waiting"), stop_waiting, RETRY, book=None)
