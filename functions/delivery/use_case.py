"""Deliver one message to one destination: consent, then minimise, then validate, then send (invariant 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from shared import archive_names
from shared.catalog.flows import DELIVERY
from shared.consent.decision import may_disclose
from shared.delivery import lanes
from shared.delivery.back_off import RetryPolicy
from shared.errors import ReviewNeededError
from shared.ledger import ConversionRow, DeliveryRow, Hop
from shared.ledger_ports import Transaction
from shared.partners.model import Endpoint, Receiver
from shared.pipeline import Outcome, Stage, Work
from shared.pipeline.bodies import body_to_send
from shared.pipeline.opening import owed_by
from shared.ports import Ports

_RETRY = RetryPolicy(base=timedelta(seconds=1), cap=timedelta(minutes=5), budget=timedelta(days=3))


def send_delivery(work: Work, ports: Ports) -> Outcome:
    """
    Send what is owed; the delivery's id is the idempotency key that the destination sees.

    A destination that does not honour the key, or has two endpoints, gets a note in the ledger before each attempt,
    so that a delivery which may have arrived twice is recorded as possibly repeated (invariant 2).
    """
    owed = owed_by(work, ports)
    delivery, conversion = owed.delivery, owed.conversion
    receiver = _receiver(delivery, ports)
    if delivery.status != "due":
        return Outcome(_hop(work, delivery, delivery.status, conversion))
    if not may_disclose(receiver.consent, owed.consent):
        return _withhold(work, delivery, conversion)
    body, spoken_for = body_to_send(owed, receiver, ports)
    digest = sha256(body).digest()
    ports.archive.put(archive_names.sent(delivery.delivery_id, digest), body)
    way = work.admission.gate.way if work.admission else delivery.destination
    endpoint = receiver.endpoint_over(way) or receiver.endpoint
    if not endpoint.idempotent or receiver.secondary is not None:
        _note_attempt(work, way, endpoint, ports)
    sent = ports.destinations.named(way).send(
        body, idempotency_key=str(delivery.delivery_id), traceparent=work.traceparent
    )

    def write(tx: Transaction) -> None:
        tx.deliveries.close_attempt(delivery.delivery_id, "delivered", None, digest, sent.receipt, way)
        if spoken_for:
            tx.deliveries.record_authority(delivery.destination, spoken_for, delivery.message_id)
        tx.audit.record(
            work.actor,
            "disclose",
            str(delivery.delivery_id),
            delivery.destination,
            message=str(delivery.message_id),
            receipt=sent.receipt,
            way=way,
        )

    return Outcome(_hop(work, delivery, "delivered", conversion, digest), write, sent=True)


def _receiver(delivery: DeliveryRow, ports: Ports) -> Receiver:
    partner = ports.partners.get(delivery.destination)
    if partner is None or partner.receives is None:
        raise ReviewNeededError("destination-unknown", text="no partner file describes the destination any more")
    return partner.receives


def _withhold(work: Work, delivery: DeliveryRow, conversion: ConversionRow) -> Outcome:
    def write(tx: Transaction) -> None:
        tx.deliveries.close_attempt(delivery.delivery_id, "withheld", "consent-denied", None, None)
        tx.audit.record(
            work.actor, "withhold", str(delivery.delivery_id), "consent-denied", message=str(delivery.message_id)
        )

    return Outcome(_hop(work, delivery, "withheld", conversion), write)


def _note_attempt(work: Work, way: str, endpoint: Endpoint, ports: Ports) -> None:
    with ports.ledger.transaction() as tx:
        tx.streams.confirm(work.lease)
        if work.entry.delivery_id is not None:
            tx.deliveries.open_attempt(work.entry.delivery_id, way, idempotent=endpoint.idempotent)


def _hop(
    work: Work, delivery: DeliveryRow, outcome: str, conversion: ConversionRow, digest: bytes | None = None
) -> Hop:
    return Hop(
        message_id=delivery.message_id,
        delivery_id=delivery.delivery_id,
        function=work.entry.function,
        source=lanes.deliver_to(delivery.destination),
        target=delivery.destination,
        outcome=outcome,
        traceparent=work.traceparent,
        attempt=work.attempt,
        mapping=conversion.mapping,
        schema_version="fhir/4.0.1",
        payload_hash=digest,
    )


SEND = Stage(DELIVERY.step("send"), send_delivery, _RETRY, book="deliveries")
SEND_BULK = replace(SEND, step=DELIVERY.step("send-bulk"))
