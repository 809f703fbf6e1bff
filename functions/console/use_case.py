"""What operators see and decide over HTTP: the quarantine, and what is halted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import orjson

from shared.authorization import Principal
from shared.delivery.ports import Halt, HaltKind
from shared.errors import RejectedError
from shared.ledger import QuarantineRow
from shared.pipeline.decisions import discard, halt, release, resume
from shared.ports import Ports

_PAGE = 100
_MAX_BODY = 10_000


def list_quarantine(query: Mapping[str, str], ports: Ports) -> dict[str, Any]:
    """Return what waits for a decision, the oldest first: `items`, and `next` to ask for the following page."""
    after = query.get("after")
    with ports.ledger.statements() as tx:
        rows = tx.quarantine.page(_id(after) if after else None, query.get("code") or None, _PAGE)
    document: dict[str, Any] = {"items": [_row(row) for row in rows]}
    if len(rows) == _PAGE:
        document["next"] = str(rows[-1].quarantine_id)
    return document


def show_quarantine(quarantine_id: str, ports: Ports) -> dict[str, Any]:
    """Return one row, decided or not; RejectedError `quarantine-unknown`."""
    with ports.ledger.statements() as tx:
        row = tx.quarantine.get(_id(quarantine_id))
    if row is None:
        raise RejectedError("quarantine-unknown", "id", "nothing in quarantine has this id")
    return _row(row)


def decide_quarantine(
    quarantine_id: str, decision: str, body: bytes, principal: Principal, ports: Ports
) -> dict[str, Any]:
    """Release or discard, with the reason that the body gives; return the row as it is now."""
    decide = release if decision == "release" else discard
    decide(_id(quarantine_id), actor_of(principal), _text(_read(body), "reason"), ports)
    return show_quarantine(quarantine_id, ports)


def list_halts(ports: Ports) -> dict[str, Any]:
    """Return what is halted, by kind and name."""
    with ports.ledger.statements() as tx:
        halts = tx.halts.all()
    now = ports.clock()
    return {"items": [_halt(one) for one in sorted(halts, key=lambda one: (one.kind, one.name)) if one.holds(now)]}


def put_halt(kind: str, name: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """Halt a partner, a destination or a flow; `reason` must be given, `until` may be (RFC 3339)."""
    request = _read(body)
    halt(_kind(kind), name, actor_of(principal), _text(request, "reason"), ports, _until(request))
    return list_halts(ports)


def end_halt(kind: str, name: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """Resume; RejectedError `not-halted` where there is nothing to resume."""
    if not resume(_kind(kind), name, actor_of(principal), _text(_read(body), "reason"), ports):
        raise RejectedError("not-halted", "name", "it is not halted")
    return list_halts(ports)


def actor_of(principal: Principal) -> str:
    """Return who decides, as the audit names people."""
    return f"operator/{principal.subject}"


def _read(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a request; RejectedError `request-invalid`."""
    try:
        request = orjson.loads(body) if len(body) <= _MAX_BODY else None
    except orjson.JSONDecodeError:
        request = None
    if not isinstance(request, dict):
        raise RejectedError("request-invalid", "body", "send a JSON object")
    return request


def _text(request: dict[str, Any], name: str) -> str:
    value = request.get(name, "")
    if not isinstance(value, str):
        raise RejectedError("request-invalid", name, "expected a text")
    return value


def _until(request: dict[str, Any]) -> datetime | None:
    text = _text(request, "until")
    if not text:
        return None
    try:
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise RejectedError("request-invalid", "until", "expected a time as in RFC 3339") from error
    if until.tzinfo is None:
        raise RejectedError("request-invalid", "until", "expected a time with its zone")
    return until


def _kind(kind: str) -> HaltKind:
    for known in get_args(HaltKind):
        if kind == known:
            found: HaltKind = known
            return found
    raise RejectedError("request-invalid", "kind", f"one of {', '.join(get_args(HaltKind))}")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise RejectedError("quarantine-unknown", "id", "nothing in quarantine has this id") from error


def _row(row: QuarantineRow) -> dict[str, Any]:
    """Return the row without anything of the message: codes, places and ids of ours."""
    return {
        "id": row.quarantine_id,
        "message": row.message_id,
        "delivery": row.delivery_id,
        "partner": row.partner,
        "flow": row.flow,
        "destination": row.destination,
        "function": row.function,
        "code": row.code,
        "location": row.location,
        "enteredAt": row.entered_at,
        "disposition": row.disposition,
        "decidedAt": row.decided_at,
        "decidedBy": row.decided_by,
        "reason": row.reason,
    }


def _halt(one: Halt) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "name": one.name,
        "actor": one.actor,
        "reason": one.reason,
        "haltedAt": one.halted_at,
        "until": one.until,
    }
