"""A message's whole way through the ledger, in any number, for the tests of what reads it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4, uuid5

from functions.delivery.use_case import SEND, SEND_BULK
from functions.intake.use_case import Submission, receive_hl7v2
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from shared.adapters.memory import RecordedHints
from shared.authorization import Principal
from shared.ledger import Receipt
from shared.pipeline import drain
from shared.ports import Clock, Ports
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS, without_signatures

STAGES = {stage.step.function: stage for stage in (PROCESS, DETECT_CRITICAL, SEND, SEND_BULK)}


def receipt(clock: Clock, message_id: UUID | None = None, control_id: str = "T-1") -> Receipt:
    message_id = message_id or uuid4()
    return Receipt(
        message_id, "riverside-lab", control_id, message_id.bytes * 2, 1, "text/plain", "ORU", "R01", "ORU_R01",
        "2.5.1", "P", "lab-results", clock(), start_trace(),
    )  # fmt: skip


def post(ports: Ports, payload: bytes, partner: str = "riverside-lab", trace: str | None = None) -> UUID:
    principal = Principal(partner, partner, frozenset({"message.send"}))
    submission = Submission(partner, payload, "text/plain", trace or start_trace())
    return receive_hl7v2(submission, principal, replace(ports, partners=without_signatures(PARTNERS))).message_id


def work_off(ports: Ports, hints: RecordedHints) -> None:
    """Follow every hint until none is left."""
    while taken := hints.take():
        for hint in taken:
            drain(STAGES[hint.function], hint.stream_id, replace(ports, partners=PARTNERS))


def delivery_of(message_id: UUID, destination: str = "harbor-ehr") -> UUID:
    return uuid5(message_id, destination)
