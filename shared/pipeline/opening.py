"""What every flow's processing begins and ends with: opening the claim check, refusing what is not valid FHIR."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared import archive_names
from shared.catalog.flows import DELIVERY
from shared.delivery import lanes
from shared.errors import Issue, RejectedError, ReviewNeededError
from shared.ledger import MessageRow, NewEntry, Opened, Owed
from shared.ledger_ports import Transaction
from shared.partners.model import Receiver
from shared.partners.profile import PartnerProfile
from shared.pipeline.stage import Work
from shared.ports import Ports
from shared.validation import find_errors

# Where HL7 v2 says how final a result or a report is.
_STATUS_FIELD = re.compile(r"OBX(?:\[\d+\])?-11|OBR(?:\[\d+\])?-25")


def open_message(work: Work, ports: Ports) -> tuple[MessageRow, bytes]:
    """
    Open the claim check: the message's row and its payload, unaltered since the ACK.

    RejectedError `message-missing`, `archive-missing`; ReviewNeededError `archive-altered`.
    """
    message = opened_by(work).message
    return message, payload_of(message, ports)


def open_to_record(work: Work, ports: Ports) -> tuple[MessageRow, bytes, bool]:
    """As `open_message`, for a stage of a book: tell whether the patient was in a merge (then see `surviving`)."""
    opened = opened_by(work)
    return opened.message, payload_of(opened.message, ports), bool(opened.is_merged)


def owed_by(work: Work, ports: Ports) -> Owed:
    """
    Return the delivery with what it is made of, and the patient's decision about the destination.

    RejectedError `delivery-missing`, `conversion-missing`.
    """
    if isinstance(work.entry.opened, Owed):
        return work.entry.opened
    if work.entry.delivery_id is None:
        raise RejectedError("delivery-missing", text="the stream's entry names no delivery")
    with ports.ledger.statements() as each:
        delivery = each.deliveries.get(work.entry.delivery_id)
    if delivery is None:
        raise RejectedError("delivery-missing", text="the stream names a delivery that the ledger does not know")
    raise RejectedError("conversion-missing", text="the message was never converted")


def opened_by(work: Work) -> Opened:
    """Return the message that came with the entry; RejectedError `message-missing`."""
    if isinstance(work.entry.opened, Opened):
        return work.entry.opened
    raise RejectedError("message-missing", text="the stream names a message that the ledger does not know")


def payload_of(message: MessageRow, ports: Ports) -> bytes:
    """Return the payload of a message; RejectedError `archive-missing`, ReviewNeededError `archive-altered`."""
    payload = ports.archive.get(archive_names.received(message.message_id))
    if sha256(payload).digest() != message.payload_hash:
        raise ReviewNeededError("archive-altered", text="the archived payload is not what was acknowledged")
    return payload


def profile_of(message: MessageRow, ports: Ports) -> PartnerProfile:
    """Return what the mapping needs to know of the message's sender."""
    partner = ports.partners.get(message.partner)
    return partner.sends.profile if partner and partner.sends else PartnerProfile(message.partner)


def refuse_invalid(bundle: dict[str, Any]) -> None:
    """Only valid FHIR goes on (invariant 8): the first error names the place, all of them are kept."""
    errors = find_errors(bundle)
    if errors:
        raise RejectedError(errors[0].code, errors[0].location, errors[0].text, errors)


def refuse_unknown_status(issues: Iterable[Issue]) -> None:
    """Raise ReviewNeededError `unmapped-code` for a status that nobody has mapped: final or not, a person must say."""
    for issue in issues:
        if issue.code == "unmapped-code" and _STATUS_FIELD.fullmatch(issue.location):
            raise ReviewNeededError("unmapped-code", issue.location, issue.text)


def owed_to(
    destination: str, delivery_id: UUID, message: MessageRow, traceparent: str, *, bulk: bool = False
) -> NewEntry:
    """
    Return the entry of a delivery in the stream of the message's patient; without a patient in one of its own.

    What is `bulk` is woken over a queue of its own, and waits where others are served first.
    """
    return NewEntry(
        lane=lanes.deliver_to(destination),
        key=message.patient_key or message.message_id,
        function=DELIVERY.step("send-bulk" if bulk else "send").function,
        message_id=message.message_id,
        traceparent=traceparent,
        keep=message.patient_key is not None,
        delivery_id=delivery_id,
    )


def put_in_line(
    tx: Transaction,
    entry: NewEntry,
    receiver: Receiver | None,
    others: Sequence[UUID] = (),
    *,
    ends: bool = True,
) -> None:
    """
    Append what is owed to the end of its stream, and behind a fence for `others` where it concerns them too.

    Theirs `ends` there where they are merged away. What waits in a window of the receiver's goes before it, and waits
    no longer.
    """
    if receiver is not None and receiver.coalesce:
        tx.windows.close(entry.lane, [entry.key, *others])
    if others:
        tx.streams.join(entry, others, ends=ends)
    else:
        tx.streams.append(entry)
