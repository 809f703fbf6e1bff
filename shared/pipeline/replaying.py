"""
What people decide about replays: plan, approve, run, cancel. Each is one commit with its audit row (invariant 11).

Nothing is sent by a decision: the flow `replay` freezes the list, makes the forecast and owes the deliveries.
"""

from __future__ import annotations

from uuid import UUID

from shared.errors import RejectedError
from shared.ledger_ports import Transaction
from shared.pipeline.decisions import required
from shared.ports import Ports
from shared.replay.plan import MAX_RATE, NewPlan, Plan, PlanState, needs_four_eyes, to_send


def plan(asked: NewPlan, ports: Ports) -> None:
    """
    Ask for a plan. The same id with the same question again changes nothing.

    RejectedError `reason-missing`, `request-invalid` with the field, `destination-unknown` for a feed to nobody,
    `idempotency-key-reused` for another question under the same id.
    """
    required(asked.reason)
    _check(asked, ports)
    with ports.ledger.transaction() as tx:
        if tx.replays.add(asked):
            details = {**asked.query.document(), "messages": len(asked.query.messages), "rate": asked.rate}
            tx.audit.record(asked.actor, f"plan-{asked.kind}", str(asked.plan_id), asked.reason, **details)
            return
        known = tx.replays.get(asked.plan_id)
        same = (asked.kind, asked.query.document(), asked.rate, asked.actor)
        if known is None or same != (known.kind, known.query, known.rate, known.requested_by):
            raise RejectedError("idempotency-key-reused", "Idempotency-Key", "it was used for another plan")


def approve(plan_id: UUID, actor: str, reason: str, ports: Ports) -> None:
    """
    Approve exactly what the forecast shows.

    RejectedError `replay-unknown`, `replay-state` unless it is ready, `replay-empty`, `reason-missing`, and
    `four-eyes-needed` where the planner may not be the one who approves.
    """
    with ports.ledger.transaction() as tx:
        known = _in_state(tx, plan_id, reason, "ready")
        tallies = tx.replays.tallies(plan_id)
        if not to_send(tallies):
            raise RejectedError("replay-empty", "id", "nothing of it would be sent")
        if actor == known.requested_by and needs_four_eyes(tallies, ports.four_eyes_above):
            text = f"more than {ports.four_eyes_above} deliveries are approved by somebody else"
            raise RejectedError("four-eyes-needed", "Authorization", text)
        tx.replays.approve(plan_id, actor, reason)
        tx.audit.record(actor, "approve-replay", str(plan_id), reason, deliveries=to_send(tallies))


def run(plan_id: UUID, actor: str, reason: str, ports: Ports) -> None:
    """Let an approved plan run, once. RejectedError `replay-unknown`, `replay-state`, `reason-missing`."""
    with ports.ledger.transaction() as tx:
        _in_state(tx, plan_id, reason, "approved")
        tx.replays.start(plan_id)
        tx.audit.record(actor, "run-replay", str(plan_id), reason)


def cancel(plan_id: UUID, actor: str, reason: str, ports: Ports) -> None:
    """Stop a plan for good; what it has owed by now is delivered. Errors are those of `run`."""
    with ports.ledger.transaction() as tx:
        _in_state(tx, plan_id, reason, "requested", "forecasting", "ready", "approved", "running")
        tx.replays.move(plan_id, "cancelled")
        tx.audit.record(actor, "cancel-replay", str(plan_id), reason)


def _check(asked: NewPlan, ports: Ports) -> None:
    if not 0 < asked.rate <= MAX_RATE:
        raise RejectedError("request-invalid", "rate", f"more than 0 and at most {MAX_RATE:g} a second")
    if asked.kind == "replay" and not asked.query.document():
        raise RejectedError("request-invalid", "query", "name at least one condition")
    if asked.kind == "feed":
        partner = ports.partners.get(asked.query.destination)
        if partner is None or partner.receives is None:
            raise RejectedError("destination-unknown", "destination", "no partner file describes it")
        if asked.query.code:
            raise RejectedError("request-invalid", "code", "what was never owed has no code")


def _in_state(tx: Transaction, plan_id: UUID, reason: str, *states: PlanState) -> Plan:
    required(reason)
    known = tx.replays.locked(plan_id)
    if known is None:
        raise RejectedError("replay-unknown", "id", "no plan has this id")
    if known.state not in states:
        raise RejectedError("replay-state", "id", f"the plan is {known.state}")
    return known
