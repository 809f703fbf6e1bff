"""
What a replay sends of a message: its record as today's maps and partner files make it.

A laboratory's record is made anew of the archived payload. That of an ADT message is coherent with its visit as it
stood when its turn came, which the message alone cannot tell: it is the one on file. Both name the survivor of a
merge, and both are minimised and written by the receiver's file of today.
"""

from __future__ import annotations

from uuid import UUID

from shared.catalog.flows import LAB_RESULTS
from shared.conversion import convert
from shared.formats.fhir.encoding import parse, serialize
from shared.ledger import ConversionRow, DeliveryRow, MessageRow, Owed
from shared.partners.model import Receiver
from shared.pipeline.bodies import body_to_send
from shared.pipeline.opening import payload_of, profile_of, refuse_invalid, refuse_unknown_status
from shared.pipeline.surviving import on_survivor
from shared.ports import Ports
from shared.replay.plan import Item

_MADE_ANEW = frozenset({LAB_RESULTS.name})


def record_of(plan_id: UUID, message: MessageRow, ports: Ports) -> ConversionRow:
    """
    Return the record and keep it with the plan where it is not the one on file. Idempotent.

    RejectedError and ReviewNeededError as the flow itself would raise them: such an item is not sent.
    """
    with ports.ledger.statements() as each:
        kept = each.replays.bundle(plan_id, message.message_id)
        on_file = each.conversions.get(message.message_id)
    if kept is not None:
        return kept
    mapping, content = on_file.mapping, parse(on_file.bundle)
    if message.flow in _MADE_ANEW:
        profile = profile_of(message, ports)
        (made,) = convert(payload_of(message, ports), source="hl7v2", partner=profile, received=message.received_at)
        refuse_unknown_status(made.issues)
        mapping, content = made.mapping, made.bundle
    with ports.ledger.transaction() as tx:
        content = on_survivor(content, tx)
        refuse_invalid(content)
        bundle = serialize(content)
        if bundle == on_file.bundle and mapping == on_file.mapping:
            return on_file
        tx.replays.keep_bundle(plan_id, message.message_id, mapping, bundle)
    with ports.ledger.statements() as each:
        return each.replays.bundle(plan_id, message.message_id) or on_file


def body_for(item: Item, record: ConversionRow, message: MessageRow, receiver: Receiver, ports: Ports) -> bytes:
    """Return the body that the destination would get now; RejectedError where none can be made."""
    owed = Owed(_delivery(item, ports), record, None, message.flow)
    body, _ = body_to_send(owed, receiver, ports)
    return body


def _delivery(item: Item, ports: Ports) -> DeliveryRow:
    """Return the delivery as it would be; owed since when it first was, so that no time differs."""
    with ports.ledger.statements() as each:
        original = each.deliveries.get(item.original) if item.original else None
    since = original.due_since if original else ports.clock()
    return DeliveryRow(
        delivery_id=item.key,
        message_id=item.message_id,
        destination=item.destination,
        status="due",
        status_code=None,
        status_at=since,
        due_since=since,
        attempts=0,
        attempt_open=False,
        possibly_repeated=False,
        receipt=None,
        way=None,
        uncertain=False,
    )
