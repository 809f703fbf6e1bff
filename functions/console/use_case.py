"""What operators see and decide over HTTP: the quarantine, and what is halted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from functions.console.requests import QUARANTINE, actor_of, id_of, instant_of, plain, read_request, text_of
from shared.authorization import Principal
from shared.catalog.flows import CONSOLE, FLOWS
from shared.catalog.model import Queue
from shared.catalog.openapi import SERVED, openapi_document
from shared.delivery.ports import Halt, HaltKind
from shared.errors import RejectedError
from shared.ledger import QuarantineRow
from shared.pipeline.decisions import discard, halt, release, resume
from shared.ports import Ports

_PAGE = 100
_VERSION = "v1"


def list_quarantine(query: Mapping[str, str], ports: Ports) -> dict[str, Any]:
    """Return what waits for a decision, the oldest first: `items`, and `next` to ask for the following page."""
    after, code = query.get("after"), plain(query.get("code", ""), "code")
    with ports.ledger.statements() as tx:
        rows = tx.quarantine.page(id_of(after, QUARANTINE) if after else None, code or None, _PAGE)
    document: dict[str, Any] = {"items": [row_document(row) for row in rows]}
    if len(rows) == _PAGE:
        document["next"] = str(rows[-1].quarantine_id)
    return document


def show_quarantine(quarantine_id: str, ports: Ports) -> dict[str, Any]:
    """Return one row, decided or not; RejectedError `quarantine-unknown`."""
    with ports.ledger.statements() as tx:
        row = tx.quarantine.get(id_of(quarantine_id, QUARANTINE))
    if row is None:
        raise QUARANTINE.unknown()
    return row_document(row)


def decide_quarantine(
    quarantine_id: str, decision: str, body: bytes, principal: Principal, ports: Ports
) -> dict[str, Any]:
    """Release or discard, with the reason that the body gives; return the row as it is now."""
    decide = release if decision == "release" else discard
    decide(id_of(quarantine_id, QUARANTINE), actor_of(principal), text_of(read_request(body), "reason"), ports)
    return show_quarantine(quarantine_id, ports)


def describe_api() -> dict[str, Any]:
    """Return the OpenAPI document of the routes of this flow."""
    return openapi_document("Corridor operations", _VERSION, CONSOLE.steps, SERVED)


def list_halts(ports: Ports) -> dict[str, Any]:
    """Return what is halted, by kind and name."""
    with ports.ledger.statements() as tx:
        halts = tx.halts.all()
    now = ports.clock()
    return {"items": [_halt(one) for one in sorted(halts, key=lambda one: (one.kind, one.name)) if one.holds(now)]}


def put_halt(kind: str, name: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """
    Halt a partner, a destination or a flow; `reason` must be given, `until` may be (RFC 3339).

    RejectedError `request-invalid` for a name that nothing has, or an end that has passed: nothing would be halted.
    """
    request = read_request(body)
    known, until = _kind(kind), instant_of(request, "until")
    if name not in _halted_by(known, ports):
        raise RejectedError("request-invalid", "name", f"no {kind} that can be halted has this name")
    if until is not None and until <= ports.clock():
        raise RejectedError("request-invalid", "until", "expected a time to come")
    halt(known, name, actor_of(principal), text_of(request, "reason"), ports, until)
    return list_halts(ports)


def end_halt(kind: str, name: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """Resume; RejectedError `not-halted` where there is nothing to resume."""
    reason = text_of(read_request(body), "reason")
    if not resume(_kind(kind), plain(name, "name"), actor_of(principal), reason, ports):
        raise RejectedError("not-halted", "name", "it is not halted")
    return list_halts(ports)


def _kind(kind: str) -> HaltKind:
    for known in get_args(HaltKind):
        if kind == known:
            found: HaltKind = known
            return found
    raise RejectedError("request-invalid", "kind", f"one of {', '.join(get_args(HaltKind))}")


def _halted_by(kind: HaltKind, ports: Ports) -> set[str]:
    """Return the names that a halt of this kind may have: of flows, those whose work waits in streams."""
    if kind == "flow":
        return {flow.name for flow in FLOWS if any(isinstance(step.inbound, Queue) for step in flow.steps)}
    partners = ports.partners.by_name.values()
    return {one.name for one in partners if (one.sends if kind == "partner" else one.receives) is not None}


def row_document(row: QuarantineRow) -> dict[str, Any]:
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
