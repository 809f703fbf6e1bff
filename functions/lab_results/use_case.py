"""Publish a laboratory result: convert, record the event, decide who receives it, all in one commit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid5

from functions.lab_results.policy import is_outdated, most_advanced, rank_of
from shared.catalog.flows import LAB_RESULTS
from shared.conversion import convert
from shared.delivery import lanes
from shared.delivery.back_off import RetryPolicy
from shared.errors import ReviewNeededError
from shared.events import result
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.results import report_states
from shared.formats.hl7v2.times import stated_at
from shared.ledger import Hop, MessageRow, NewTask
from shared.ledger_ports import Transaction
from shared.pipeline import Outcome, Stage, Work
from shared.pipeline.opening import (
    open_message,
    open_to_record,
    owed_to,
    profile_of,
    put_in_line,
    refuse_invalid,
    refuse_unknown_status,
)
from shared.pipeline.surviving import on_survivor
from shared.ports import Ports
from shared.workflow.critical_results import RULES, findings_in
from shared.workflow.escalation import CRITICAL_RESULT, ladder_of

_RETRY = RetryPolicy(base=timedelta(seconds=1), cap=timedelta(minutes=5), budget=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class _Report:
    key: str
    rank: int
    at: datetime | None


def publish_lab_result(work: Work, ports: Ports) -> Outcome:
    """
    Convert the message and commit bundle, event, deliveries and status at once.

    RejectedError quarantines what cannot be valid FHIR, ReviewNeededError what a person must decide; a state older
    than one that was passed on is recorded as superseded and goes nowhere.
    """
    message, payload, is_merged = open_to_record(work, ports)
    profile = profile_of(message, ports)
    (conversion,) = convert(payload, source="hl7v2", partner=profile, received=message.received_at)
    refuse_unknown_status(conversion.issues)
    content = _of_survivor(conversion.bundle, ports) if is_merged else conversion.bundle
    refuse_invalid(content)
    bundle = serialize(content)
    states = report_states(conversion.message)
    event = result.result_event(most_advanced(states), conversion.bundle)
    reports = [
        _Report(f"{message.partner}|{state.key}", rank_of(state.status), stated_at(state.changed, profile.time_zone))
        for state in states
    ]
    outdated = _is_outdated(ports, message, reports, work.lease.stream_id if is_merged else None)

    def write(tx: Transaction) -> None:
        issues = [issue.as_fhir() for issue in conversion.issues]
        tx.conversions.add(message.message_id, conversion.mapping, bundle, conversion.coverage.as_json(), issues)
        event_id = uuid5(message.message_id, "event")
        stated = max((report.at for report in reports if report.at), default=None)
        tx.events.record(
            event_id, event.type, result.VERSION, message.message_id, message.patient_key, stated, event.data()
        )
        _owe(tx, ports, message, event.type, work, outdated=outdated)
        if not outdated and message.patient_key is not None:
            for report in reports:
                tx.reports.record(message.patient_key, report.key, report.rank, report.at, message.message_id)
        tx.messages.set_status(message.message_id, "processed")

    hop = _hop(work, lanes.PROCESS, event.type, "processed", mapping=conversion.mapping, payload=bundle)
    return Outcome(hop, write)


def detect_critical(work: Work, ports: Ports) -> Outcome:
    """
    Open a task for each critical value; it runs beside the patient's stream and waits for nothing in it.

    Most messages never come here: the door has seen that there is none (`unless` in the catalogue).
    """
    message, payload = open_message(work, ports)
    profile = profile_of(message, ports)
    parsed = parse(payload, default_charset=profile.default_charset)
    findings = list(findings_in(parsed, profile))
    ladder = ladder_of(CRITICAL_RESULT)

    def write(tx: Transaction) -> None:
        for finding in findings:
            of_value = "|".join((message.partner, *finding.identity))
            tx.tasks.open(
                NewTask(
                    kind=CRITICAL_RESULT,
                    dedupe_key=f"{CRITICAL_RESULT}:{sha256(of_value.encode()).hexdigest()}",
                    flow=LAB_RESULTS.name,
                    owner_queue=ladder.rung(0),
                    message_id=message.message_id,
                    due_at=ports.clock() + ladder.within,
                    explanation=finding.explanation(),
                    patient_key=message.patient_key,
                ),
                work.actor,
                finding.rule,
            )

    outcome = "task-opened" if findings else "nothing-critical"
    return Outcome(_hop(work, "arrival", "worklist", outcome, mapping=RULES, payload=payload), write)


def _of_survivor(bundle: dict[str, Any], ports: Ports) -> dict[str, Any]:
    with ports.ledger.statements() as each:
        return on_survivor(bundle, each)


def _is_outdated(ports: Ports, message: MessageRow, reports: list[_Report], joined: int | None) -> bool:
    """Judge before the commit: while this worker holds the patient's stream, nobody else passes a report on."""
    if message.patient_key is None or not reports:
        return False
    with ports.ledger.statements() as each:
        keys = [report.key for report in reports]
        newest = each.reports.newest(message.patient_key, keys, joined)
    verdicts = {is_outdated(newest.get(report.key), report.rank, report.at) for report in reports}
    if len(verdicts) == 2:
        raise ReviewNeededError("partly-superseded", "OBR-22", "some reports of the message are outdated, some not")
    return verdicts.pop()


def _owe(tx: Transaction, ports: Ports, message: MessageRow, event_type: str, work: Work, *, outdated: bool) -> None:
    """Add one delivery per destination whose filter takes the event: decided once, here."""
    for destination in ports.partners.receivers_of(event_type, message.processing_id):
        delivery_id = uuid5(message.message_id, destination.name)
        if outdated:
            tx.deliveries.add(delivery_id, message.message_id, destination.name, "superseded", "newer-state-known")
            continue
        tx.deliveries.add(delivery_id, message.message_id, destination.name, "due")
        entry = owed_to(destination.name, delivery_id, message, work.traceparent, bulk=work.is_bulk)
        put_in_line(tx, entry, destination.receives)


def _hop(work: Work, source: str, target: str, outcome: str, *, payload: bytes, mapping: str | None = None) -> Hop:
    return Hop(
        message_id=work.entry.message_id,
        function=work.entry.function,
        source=source,
        target=target,
        outcome=outcome,
        traceparent=work.traceparent,
        attempt=work.attempt,
        mapping=mapping,
        schema_version=f"result/{result.VERSION}",
        payload_hash=sha256(payload).digest(),
    )


PROCESS = Stage(LAB_RESULTS.step("process"), publish_lab_result, _RETRY, book="items")
PROCESS_BULK = replace(PROCESS, step=LAB_RESULTS.step("process-bulk"))
DETECT_CRITICAL = Stage(LAB_RESULTS.step("detect-critical"), detect_critical, _RETRY, book=None)
