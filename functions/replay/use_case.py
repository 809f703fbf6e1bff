"""
Move replay plans on: freeze, forecast, and owe what was approved, each delivery once and at its rate (D07, D08).

Where a plan stands is in the ledger alone. A delivery, its place in the patient's stream and the item's mark are one
commit, so that a crash at any point loses nothing and doubles nothing.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from functions.replay.forecasting import ACTOR, ADVANCE, forecast, freeze
from shared.delivery import lanes
from shared.events.patient import MERGES, PAIRS
from shared.formats.hl7v2.envelope import Envelope, read_envelope
from shared.ledger import Hop, MessageRow, NewEntry
from shared.ledger_ports import Transaction
from shared.pipeline.entrance import receiver_of
from shared.pipeline.opening import owed_to, payload_of, profile_of, put_in_line
from shared.pipeline.surviving import other_keys
from shared.ports import Ports
from shared.replay.plan import Forecast, Item, Plan, is_overtaken
from shared.trace_context import start_trace

_LEASE = timedelta(seconds=60)
# A runner that was away does not catch up at once on what it would have sent meanwhile.
_CATCH_UP = timedelta(seconds=2)
_OWED_PER_CALL = 500


class _OvertakenError(Exception):
    """Something newer came between the approval and now: the commit is void."""


def advance_replays(ports: Ports) -> None:
    """Move every open plan on by a step. One runner at a time, by lease; idempotent."""
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(ADVANCE.function, ports.instance, _LEASE):
            return
        plans = tx.replays.open()
    for plan_id in plans:
        freeze(plan_id, ports)
        with ports.ledger.statements() as each:
            plan = each.replays.get(plan_id)
        if plan is not None and plan.state == "forecasting":
            forecast(plan_id, ports)
        elif plan is not None and plan.state == "running":
            owe_what_is_due(plan, ports)


def owe_what_is_due(plan: Plan, ports: Ports) -> int:
    """Owe the deliveries whose turn it is; return how many. The plan is done when none is left."""
    for count in range(_OWED_PER_CALL):
        with ports.ledger.statements() as each:
            item = each.replays.next_due(plan.plan_id)
            message = each.messages.get(item.message_id) if item else None
        if item is None or message is None:
            _end(plan.plan_id, ports)
            return count
        try:
            _owe(plan, item, message, ports)
        except _OvertakenError:
            with ports.ledger.transaction() as tx:
                tx.replays.forecast(item, Forecast("overtaken", item.mapping))
    return _OWED_PER_CALL


def _owe(plan: Plan, item: Item, message: MessageRow, ports: Ports) -> None:
    envelope = _of_several(message, ports)
    trace = start_trace(message.traceparent)
    entry = owed_to(item.destination, item.key, message, trace, bulk=True)
    with ports.ledger.transaction() as tx:
        if not _is_next(tx, plan.plan_id, item):
            return
        tx.replays.owe(item, plan.rate, ports.clock() - _CATCH_UP)
        _append(tx, entry, message, envelope, ports)
        # The patient's stream is locked by now: what is newer is committed and seen, or comes behind this.
        passed = tx.replays.passed(item)
        if passed is not None and is_overtaken(passed, tx.replays.later(item, message.patient_key, passed)):
            raise _OvertakenError
        tx.lineage.add(_hop(item, trace), ACTOR)


def _is_next(tx: Transaction, plan_id: UUID, item: Item) -> bool:
    """Lock the plan; tell whether it still runs and the item is still the next: another runner may have been first."""
    plan = tx.replays.locked(plan_id)
    found = tx.replays.next_due(plan_id)
    return plan is not None and plan.state == "running" and found is not None and found.position == item.position


def _of_several(message: MessageRow, ports: Ports) -> Envelope | None:
    if message.trigger_event not in MERGES | PAIRS:
        return None
    return read_envelope(payload_of(message, ports), default_charset=profile_of(message, ports).default_charset)


def _append(tx: Transaction, entry: NewEntry, message: MessageRow, envelope: Envelope | None, ports: Ports) -> None:
    others = other_keys(tx, ports, message, envelope) if envelope is not None else []
    receiver = receiver_of(lanes.destination_of(entry.lane), ports)
    put_in_line(tx, entry, receiver, others, ends=message.trigger_event in MERGES)


def _hop(item: Item, trace: str) -> Hop:
    return Hop(
        message_id=item.message_id,
        delivery_id=item.key,
        function=ADVANCE.function,
        source="replay",
        target=item.destination,
        outcome="owed-again" if item.original else "fed",
        traceparent=trace,
        mapping=item.mapping,
    )


def _end(plan_id: UUID, ports: Ports) -> None:
    with ports.ledger.transaction() as tx:
        plan = tx.replays.locked(plan_id)
        if plan is not None and plan.state == "running" and tx.replays.is_complete(plan_id):
            tx.replays.move(plan_id, "done")
            tx.audit.record(ACTOR, "end-replay", str(plan_id), "complete")
