"""Who is owed the event, in which order: one delivery per subscriber, behind a fence where patients merge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid5

from functions.adt_routing.policy import COALESCED
from shared.events.encounter import EncounterEvent
from shared.events.patient import MERGED, PAIRS, PatientEvent
from shared.formats.hl7v2.envelope import envelope_of
from shared.formats.hl7v2.message import Message
from shared.ledger import MessageRow, NewEntry
from shared.ledger_ports import Transaction
from shared.partners.model import Whereabouts
from shared.pipeline import Work
from shared.pipeline.opening import owed_to, put_in_line
from shared.pipeline.surviving import other_keys
from shared.ports import Ports


@dataclass(frozen=True, slots=True)
class Routed:
    """
    An event on its way out.

    `subject` is what an update is about: a visit, else a patient. `outdated` goes nowhere, and only a `replaceable`
    update may wait for a newer one to take its place.
    """

    message: MessageRow
    parsed: Message
    event: EncounterEvent | PatientEvent
    bundle: bytes
    where: Whereabouts
    subject: str
    outdated: bool
    replaceable: bool
    occurred_at: datetime | None


def owe(tx: Transaction, ports: Ports, work: Work, routed: Routed) -> None:
    """Add one delivery per subscriber whose filter takes the event: decided once, here."""
    message, kind = routed.message, routed.event.type
    several = kind == MERGED or message.trigger_event in PAIRS
    others = other_keys(tx, ports, message, envelope_of(routed.parsed)) if several else []
    if others and kind == MERGED:
        tx.survivors.mark(others, message.patient_key, message.message_id)
    for partner in ports.partners.receivers_of(kind, message.processing_id, routed.where):
        delivery_id = uuid5(message.message_id, partner.name)
        if routed.outdated:
            tx.deliveries.add(delivery_id, message.message_id, partner.name, "superseded", "newer-state-known")
            continue
        entry = owed_to(partner.name, delivery_id, message, work.traceparent, bulk=work.is_bulk)
        tx.deliveries.add(delivery_id, message.message_id, partner.name, "due")
        window = partner.receives.coalesce if partner.receives else timedelta(0)
        if window and routed.replaceable and kind in COALESCED:
            _put_off(tx, entry, ports.clock() + window, routed.subject)
            continue
        put_in_line(tx, entry, partner.receives, others, ends=kind == MERGED)


def _put_off(tx: Transaction, entry: NewEntry, until: datetime, subject: str) -> None:
    """Let the update wait for its window's end, in the place of the older ones about the same."""
    for earlier in tx.windows.replace(entry.lane, entry.key, subject):
        tx.deliveries.set_status(earlier.delivery_id, "superseded", "newer-update-known")
        until = min(until, earlier.until)
    tx.streams.append(entry)
    tx.windows.defer(entry, until, subject)
