"""What operators see of replay plans, and decide about them; places and kinds of a difference, never a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

from functions.console.requests import REPLAY, actor_of, id_of, instant_of, read_request, text_of
from shared.authorization import Principal
from shared.errors import RejectedError
from shared.pipeline import replaying
from shared.ports import Ports
from shared.replay.plan import Item, NewPlan, Plan, PlanKind, Query, Tally, needs_four_eyes, to_send

_PAGE = 100
_USUAL_RATE = 10.0
_MAX_QUESTION = 1_000_000  # a list of some ten thousand messages
_PLANS = UUID("0c441d00-7e91-5a4b-9d2c-5b0d6c1f2e01")

Decision = Callable[[UUID, str, str, Ports], None]
DECISIONS: Mapping[str, Decision] = {
    "approve": replaying.approve,
    "run": replaying.run,
    "cancel": replaying.cancel,
}


def plan_replay(kind: PlanKind, body: bytes, key: str, principal: Principal, ports: Ports) -> dict[str, Any]:
    """
    Ask for a plan and return it; `key` (the header Idempotency-Key) makes the same request again harmless.

    RejectedError `request-invalid` with the member that is wrong, and as `shared.pipeline.replaying.plan`.
    """
    request = read_request(body, _MAX_QUESTION)
    plan_id = uuid5(_PLANS, f"{principal.subject}\n{key}") if key else uuid4()
    rate = request.get("rate", _USUAL_RATE)
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise RejectedError("request-invalid", "rate", "expected a number")
    asked = NewPlan(plan_id, kind, _query(request), float(rate), actor_of(principal), text_of(request, "reason"))
    replaying.plan(asked, ports)
    return show_replay(str(plan_id), ports)


def decide_replay(plan_id: str, decision: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """Approve, run or cancel, with the reason that the body gives; return the plan as it is now."""
    reason = text_of(read_request(body), "reason")
    DECISIONS[decision](id_of(plan_id, REPLAY), actor_of(principal), reason, ports)
    return show_replay(plan_id, ports)


def list_replays(ports: Ports) -> dict[str, Any]:
    """Return the newest plans, without their forecasts."""
    with ports.ledger.statements() as each:
        return {"items": [_plan(plan) for plan in each.replays.page(_PAGE)]}


def show_replay(plan_id: str, ports: Ports) -> dict[str, Any]:
    """Return a plan with its forecast per destination; RejectedError `replay-unknown`."""
    wanted = id_of(plan_id, REPLAY)
    with ports.ledger.statements() as each:
        plan = each.replays.get(wanted)
        tallies = each.replays.tallies(wanted)
    if plan is None:
        raise REPLAY.unknown()
    return {
        **_plan(plan),
        "forecast": [_tally(tally) for tally in tallies],
        "toSend": to_send(tallies),
        "owed": sum(tally.owed for tally in tallies),
        "fourEyes": needs_four_eyes(tallies, ports.four_eyes_above),
    }


def list_replay_items(plan_id: str, query: Mapping[str, str], ports: Ports) -> dict[str, Any]:
    """Return what a plan sends and leaves out, in its order: `items`, and `next` to ask for the following page."""
    wanted, after = id_of(plan_id, REPLAY), query.get("after") or "0"
    if not after.isdecimal() or len(after) > 9:
        raise RejectedError("request-invalid", "after", "expected what `next` said")
    with ports.ledger.statements() as each:
        if each.replays.get(wanted) is None:
            raise REPLAY.unknown()
        items = each.replays.items(wanted, int(after), _PAGE)
    document: dict[str, Any] = {"items": [_item(item) for item in items]}
    if len(items) == _PAGE:
        document["next"] = str(items[-1].position)
    return document


def _query(request: dict[str, Any]) -> Query:
    return Query(
        since=instant_of(request, "since"),
        until=instant_of(request, "until"),
        partner=text_of(request, "partner"),
        destination=text_of(request, "destination"),
        flow=text_of(request, "flow"),
        event=text_of(request, "event"),
        code=text_of(request, "code"),
        mapping=text_of(request, "mapping"),
        messages=_messages(request),
    )


def _messages(request: dict[str, Any]) -> tuple[UUID, ...]:
    given = request.get("messages", [])
    try:
        if not isinstance(given, list):
            raise TypeError
        return tuple(UUID(one) for one in given)
    except (ValueError, TypeError, AttributeError) as error:
        raise RejectedError("request-invalid", "messages", "expected a list of message ids") from error


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.plan_id,
        "kind": plan.kind,
        "query": plan.query,
        "rate": plan.rate,
        "state": plan.state,
        "requestedAt": plan.requested_at,
        "requestedBy": plan.requested_by,
        "reason": plan.reason,
        "approvedAt": plan.approved_at,
        "approvedBy": plan.approved_by,
        "approvalReason": plan.approval_reason,
        "startedAt": plan.started_at,
        "endedAt": plan.ended_at,
        "problem": plan.problem,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {"destination": tally.destination, "effect": tally.effect, "items": tally.items, "owed": tally.owed}


def _item(item: Item) -> dict[str, Any]:
    return {
        "position": item.position,
        "message": item.message_id,
        "destination": item.destination,
        "repeats": item.original,
        "effect": item.effect,
        "code": item.code,
        "location": item.location,
        "mapping": item.mapping,
        "differences": item.differences,
        "moreDifferences": item.more,
        "delivery": item.delivery_id,
    }
