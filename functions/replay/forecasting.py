"""Freeze a plan's list, and say of each item what sending it would do; a crash may interrupt it anywhere."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from functions.replay.records import body_for, record_of
from shared import archive_names
from shared.catalog.flows import ADT_ROUTING, REPLAY
from shared.consent.decision import may_disclose
from shared.errors import IntegrationError, RejectedError
from shared.events.patient import MERGES
from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.visits import visit_place
from shared.ledger import MessageRow
from shared.ledger_ports import Transaction
from shared.partners.model import EVERY_VISIT, NOWHERE, Receiver, Whereabouts
from shared.pipeline.opening import payload_of, profile_of
from shared.ports import Ports
from shared.replay.differences import differences
from shared.replay.plan import MAX_ITEMS, Forecast, Item, Passed, Plan, is_overtaken, query_of, to_send

ADVANCE = REPLAY.step("advance")
ACTOR = f"corridor/{ADVANCE.tier}/{ADVANCE.function}"

_PER_STEP = 200


def freeze(plan_id: UUID, ports: Ports, limit: int = MAX_ITEMS) -> None:
    """Write the list down, once. A list that is too long, or for nobody, ends the plan with a `problem`."""
    try:
        with ports.ledger.transaction() as tx:
            plan = tx.replays.locked(plan_id)
            if plan is None or plan.state != "requested":
                return
            if _list(tx, plan, ports, limit) > limit:
                raise RejectedError("replay-too-large", "query", f"more than {limit} deliveries: narrow the query")
            tx.replays.move(plan_id, "forecasting")
    except RejectedError as error:
        with ports.ledger.transaction() as tx:
            tx.replays.move(plan_id, "cancelled", error.code)
            tx.audit.record(ACTOR, "cancel-replay", str(plan_id), error.code)


def _list(tx: Transaction, plan: Plan, ports: Ports, limit: int) -> int:
    asked = query_of(plan.query)
    query = replace(asked, until=min(asked.until or plan.requested_at, plan.requested_at))
    if plan.kind == "replay":
        return tx.replays.freeze(plan.plan_id, query, limit)
    receiver = _receiver(query.destination, ports)
    if receiver is None:
        raise RejectedError("destination-unknown", "destination", "no partner file describes it any more")
    return tx.replays.freeze_feed(plan.plan_id, query, receiver, limit)


def forecast(plan_id: UUID, ports: Ports) -> None:
    """Forecast the next items, each in a commit of its own; without any left the plan is ready for approval."""
    with ports.ledger.statements() as each:
        items = each.replays.unforecast(plan_id, _PER_STEP)
    for item in items:
        try:
            found = _forecast(item, ports)
        except IntegrationError as error:
            found = Forecast("refused", code=error.code, location=error.location)
        except Exception:
            _note(item, Forecast("refused", code="unexpected-error"), ports)
            raise
        _note(item, found, ports)
    if len(items) < _PER_STEP:
        with ports.ledger.transaction() as tx:
            plan = tx.replays.locked(plan_id)
            if plan is not None and plan.state == "forecasting":
                tx.replays.move(plan_id, "ready")
                sent = to_send(tx.replays.tallies(plan_id))
                tx.audit.record(ACTOR, "forecast-replay", str(plan_id), "ready", deliveries=sent)


def _note(item: Item, found: Forecast, ports: Ports) -> None:
    with ports.ledger.transaction() as tx:
        tx.replays.forecast(item, found)


def _forecast(item: Item, ports: Ports) -> Forecast:
    receiver = _receiver(item.destination, ports)
    if receiver is None:
        raise RejectedError("destination-unknown", "destination", "no partner file describes it any more")
    with ports.ledger.statements() as each:
        passed, message = each.replays.passed(item), each.messages.get(item.message_id)
        if passed is None or message is None:
            raise RejectedError("conversion-missing", text="the message was never converted")
        if each.replays.is_planned_elsewhere(item):
            return Forecast("planned-elsewhere")
        if is_overtaken(passed, each.replays.later(item, message.patient_key, passed)):
            return Forecast("overtaken")
        consent = each.consents.decision(message.patient_key or message.message_id, item.destination)
    if not may_disclose(receiver.consent, consent):
        return Forecast("withheld", code="consent-denied")
    if item.original is None and not _wanted(message, receiver, ports):
        raise RejectedError("not-subscribed", "PV1", "the destination's filter does not take this visit")
    record = record_of(item.plan_id, message, ports)
    body = body_for(item, record, message, receiver, ports)
    return _compared(passed, body, record.mapping, ports)


def _compared(passed: Passed, body: bytes, mapping: str, ports: Ports) -> Forecast:
    if passed.sent_as is None or passed.sent_hash is None:
        return Forecast("create", mapping)
    before = ports.archive.get(archive_names.sent(passed.sent_as, passed.sent_hash))
    found, more = differences(before, body)
    return Forecast("update" if found else "no-change", mapping, differences=found, more=more)


def _receiver(destination: str, ports: Ports) -> Receiver | None:
    partner = ports.partners.get(destination)
    return partner.receives if partner else None


def _wanted(message: MessageRow, receiver: Receiver, ports: Ports) -> bool:
    """Tell whether the receiver's filter takes the message's visit: by what the message itself says of it."""
    is_of_a_visit = message.flow == ADT_ROUTING.name and message.trigger_event not in MERGES
    if receiver.visits == EVERY_VISIT or not is_of_a_visit:
        return receiver.visits.takes(NOWHERE)
    charset = profile_of(message, ports).default_charset
    place = visit_place(parse(payload_of(message, ports), default_charset=charset))
    return receiver.visits.takes(
        Whereabouts(
            facilities=frozenset({place.facility} - {""}),
            classes=frozenset({place.patient_class} - {""}),
            units=frozenset({place.unit, place.prior_unit} - {""}),
        )
    )
