"""Route what happened to a patient or a visit: convert, judge its turn, record the event, owe it to subscribers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from functions.adt_routing.policy import (
    RULES,
    Verdict,
    is_before,
    judge,
    overlay,
    settle,
    visit_after,
    whereabouts,
)
from functions.adt_routing.reading import Told, told_by
from functions.adt_routing.routing import Routed, owe
from functions.adt_routing.waiting import DISORDER, RETRY, release_behind, wait
from shared.catalog.flows import ADT_ROUTING
from shared.conversion import Conversion, convert
from shared.delivery import lanes
from shared.errors import RejectedError
from shared.events import encounter, patient
from shared.formats.fhir.encoding import parse, serialize
from shared.ledger import Hop, MessageRow, NewTask
from shared.ledger_ports import Transaction
from shared.partners.model import NOWHERE
from shared.pipeline import Outcome, Stage, Work
from shared.pipeline.opening import open_message, profile_of, refuse_invalid
from shared.pipeline.surviving import moved, on_survivor, survivors_in
from shared.ports import Ports
from shared.workflow.escalation import OUT_OF_ORDER, ladder_of
from shared.workflow.visits import EarlyMessage, Visit

_PERSON = "person"  # the key under which what was last said of a person is remembered


@dataclass(frozen=True, slots=True)
class _Known:
    """
    What the ledger knows that bears on the message; `bundle` is the message's, on the survivor of merges.

    `others` are further visits of a swap, each with its description where that is newer.
    """

    bundle: dict[str, Any]
    visit: Visit | None
    waiting: list[EarlyMessage]
    own: EarlyMessage | None
    person_at: datetime | None
    description: bytes | None
    others: list[tuple[Visit, bytes | None]]


def route_adt(work: Work, ports: Ports) -> Outcome:
    """
    Convert the message and commit bundle, event, deliveries, the visit's state and the message's at once.

    RejectedError quarantines what cannot be valid FHIR. A message that came too early waits beside the stream; one
    that a newer one has overtaken is recorded as superseded and goes nowhere.
    """
    message, payload = open_message(work, ports)
    profile = profile_of(message, ports)
    (conversion,) = convert(payload, source="hl7v2", partner=profile, received=message.received_at)
    refuse_invalid(conversion.bundle)
    told = told_by(conversion.message, conversion.bundle, profile, message.received_at)
    known = _look_up(ports, work, message, told, conversion.bundle)
    overdue = known.own is not None and known.own.state == "overdue"
    turn = judge(told, known.visit, known.waiting, message.message_id)
    if turn is Verdict.EARLY and not overdue:
        return wait(work, ports, message, told)
    verdict = judge(told, known.visit, known.waiting, message.message_id, impatient=overdue)
    if told.trigger == "A31" and is_before(told.stated_at, known.person_at):
        verdict = Verdict.OUTDATED
    visit = visit_after(told, known.visit, verdict, message.message_id)
    bundle = _coherent(known, visit, verdict)
    routed = _routed(message, told, conversion, bundle, known, verdict)

    def write(tx: Transaction) -> None:
        _record(tx, message, routed, conversion)
        owe(tx, ports, work, routed)
        if verdict is not Verdict.OUTDATED:
            _remember(tx, message, told, visit, bundle)
            for other in _visits_after(told, known, message.message_id):
                tx.visits.record(other)
        if turn is Verdict.EARLY:
            tx.tasks.open(_review(message, told, ports), work.actor, DISORDER)
        if known.own is not None:
            tx.early.forget(message.message_id)
        tx.messages.set_status(message.message_id, "processed")

    return Outcome(_hop(work, routed, conversion.mapping), write)


def _look_up(ports: Ports, work: Work, message: MessageRow, told: Told, bundle: dict[str, Any]) -> _Known:
    with ports.ledger.transaction() as tx:
        landed = on_survivor(bundle, tx)
        visit = tx.visits.get(told.visit) if told.visit else None
        waiting = tx.early.of_visit(told.visit) if told.visit else []
        own = tx.early.get(message.message_id)
        joined = None if landed is bundle else work.lease.stream_id
        key = message.patient_key
        person = tx.reports.newest(key, [_PERSON], joined).get(_PERSON) if key else None
        late = visit is not None and is_before(told.stated_at, visit.stated_at)
        description = tx.conversions.get(visit.message_id).bundle if visit is not None and late else None
        others = _others(tx, told, landed)
    return _Known(landed, visit, waiting, own, person[1] if person else None, description, others)


def _others(tx: Transaction, told: Told, bundle: dict[str, Any]) -> list[tuple[Visit, bytes | None]]:
    if told.trigger != "A17":
        return []
    named = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Encounter"]
    found = [visit for one in named if one["id"] != told.visit and (visit := tx.visits.get(one["id"]))]
    return [
        (one, tx.conversions.get(one.message_id).bundle if is_before(told.stated_at, one.stated_at) else None)
        for one in found
    ]


def _visits_after(told: Told, known: _Known, message_id: UUID) -> list[Visit]:
    """Return the further visits that the message describes anew: nothing older moves who lies there now."""
    return [
        replace(one, stated_at=told.stated_at or one.stated_at, message_id=message_id)
        for one, newer in known.others
        if newer is None
    ]


def _coherent(known: _Known, visit: Visit | None, verdict: Verdict) -> dict[str, Any]:
    """Return what leaves: each visit in its state, and no detail that a newer message has changed."""
    bundle, visits = known.bundle, known.others
    if visit is not None and verdict is not Verdict.OUTDATED:
        visits = [(visit, known.description if verdict is Verdict.LATE else None), *visits]
    for one, description in visits:
        if description is not None:
            bundle = overlay(bundle, moved(parse(description), survivors_in(bundle)), one)
        bundle = settle(bundle, one)
    if visits:
        refuse_invalid(bundle)
    return bundle


def _routed(
    message: MessageRow,
    told: Told,
    conversion: Conversion,
    bundle: dict[str, Any],
    known: _Known,
    verdict: Verdict,
) -> Routed:
    event: encounter.EncounterEvent | patient.PatientEvent
    if told.trigger in encounter.TYPE_OF_EVENT:
        event = encounter.encounter_event(told.trigger, bundle)
    elif told.trigger in patient.TYPE_OF_EVENT:
        event = patient.patient_event(told.trigger, bundle)
    else:
        raise RejectedError("unsupported-event", "MSH-9.2", "No canonical event for this trigger event.")
    return Routed(
        message=message,
        parsed=conversion.message,
        event=event,
        bundle=serialize(bundle),
        where=NOWHERE if event.type == patient.MERGED else whereabouts(told, known.visit),
        subject=told.visit or next(iter(event.patients), ""),
        outdated=verdict is Verdict.OUTDATED,
        replaceable=verdict is Verdict.IN_TURN,
        occurred_at=told.occurred_at,
    )


def _record(tx: Transaction, message: MessageRow, routed: Routed, conversion: Conversion) -> None:
    issues = [issue.as_fhir() for issue in conversion.issues]
    tx.conversions.add(message.message_id, conversion.mapping, routed.bundle, conversion.coverage.as_json(), issues)
    tx.events.record(
        uuid5(message.message_id, "event"),
        routed.event.type,
        encounter.VERSION,
        message.message_id,
        message.patient_key,
        routed.occurred_at,
        routed.event.data(),
    )


def _remember(tx: Transaction, message: MessageRow, told: Told, visit: Visit | None, bundle: dict[str, Any]) -> None:
    """Write what the next message will be judged by, and let go what waited for this one."""
    if visit is not None:
        tx.visits.record(visit)
        release_behind(tx, visit.key, message)
    if told.trigger == "A31" and message.patient_key is not None:
        tx.reports.record(message.patient_key, _PERSON, 0, told.stated_at, message.message_id)
    if told.trigger in patient.MERGES:
        for retired, survivor in survivors_in(bundle).items():
            tx.survivors.record(retired, survivor, message.message_id)


def _review(message: MessageRow, told: Told, ports: Ports) -> NewTask:
    ladder = ladder_of(OUT_OF_ORDER)
    return NewTask(
        kind=OUT_OF_ORDER,
        dedupe_key=f"{OUT_OF_ORDER}:{message.message_id}",
        flow=ADT_ROUTING.name,
        owner_queue=ladder.rung(0),
        message_id=message.message_id,
        due_at=ports.clock() + ladder.within,
        explanation={"code": DISORDER, "rules": RULES, "trigger": told.trigger},
        patient_key=message.patient_key,
    )


def _hop(work: Work, routed: Routed, mapping: str) -> Hop:
    return Hop(
        message_id=work.entry.message_id,
        function=work.entry.function,
        source=lanes.PROCESS,
        target=routed.event.type,
        outcome="processed",
        traceparent=work.traceparent,
        attempt=work.attempt,
        mapping=mapping,
        schema_version=f"{routed.event.type.partition('.')[0]}/{encounter.VERSION}",
        payload_hash=sha256(routed.bundle).digest(),
    )


PROCESS = Stage(ADT_ROUTING.step("process"), route_adt, RETRY, book="items")
PROCESS_BULK = replace(PROCESS, step=ADT_ROUTING.step("process-bulk"))
