"""
The public face of conversion: bytes in, FHIR R4 out, with an account of every field; and the way back.

    for conversion in convert(payload, source="hl7v2", to="fhir", partner=profile, received=instant):
        conversion.bundle, conversion.coverage, conversion.issues

    for message in convert_to_hl7v2(payload, message_type="ADT^A01", receiver=preferences, sent=instant):
        message.payload, message.message_type, message.issues

Pure: the same payload, profile and instant give the same bundles. A new message type is a new module of maps and a
line in the registry.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from shared.errors import Issue, RejectedError
from shared.formats.fhir.encoding import serialize
from shared.formats.fhir.reading import read
from shared.formats.hl7v2.batch import Batch, read_batch
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import parse
from shared.mapping.coverage import Coverage
from shared.mapping.fhir_to_hl7v2.generate import Generated, messages_from_bundle
from shared.mapping.hl7v2_to_fhir.bundles import BundleKind
from shared.mapping.hl7v2_to_fhir.registry import map_message
from shared.partners.hl7v2_writing import NO_PREFERENCES, WritingPreferences
from shared.partners.profile import PartnerProfile
from shared.validation.inline import find_errors

Source = Literal["hl7v2"]
Target = Literal["fhir"]

# Findings that say an element is not what the maps read: text, number, object or list.
_SHAPES = frozenset(
    {"type-wrong", "number-out-of-range", "array-expected", "array-unexpected", "depth-exceeded", "too-many-issues"}
)


class Conversion(NamedTuple):
    """One message converted. `item` counts from 1 within a batch; `mapping` names the map and its version."""

    bundle: dict[str, Any]
    coverage: Coverage
    issues: tuple[Issue, ...]
    message: Message
    mapping: str
    item: int


def convert(
    payload: bytes,
    *,
    source: Source,
    to: Target = "fhir",
    partner: PartnerProfile | None = None,
    received: datetime,
    bundle: BundleKind = "transaction",
) -> Iterator[Conversion]:
    """
    Yield the conversion of every message in the payload, in its order.

    RejectedError when a message cannot be read; it says where. A message of a type that has no map, or with a code
    that no map knows, converts all the same and says so in its issues. An item of a batch that cannot be read does not
    stop the others: the error of the first one (`message 2, MSH-9`) is raised when all that can be read are converted,
    and so is `batch-count-differs` where a trailer (BTS-1, FTS-1) counts otherwise.
    `bundle` is the kind of Bundle. `source` and `to` have one value each so far.
    """
    if received.tzinfo is None:
        raise ValueError("`received` needs a zone")
    charset = partner.default_charset if partner is not None else None
    batch = read_batch(payload)
    contents = [item.payload for item in batch.items]
    refused: RejectedError | None = None
    for item, content in enumerate(contents, start=1):
        try:
            message = parse(content, default_charset=charset)
            conversion = convert_message(message, partner=partner, received=received, item=item, bundle=bundle)
        except RejectedError as error:
            refused = refused or (_in_item(error, item) if len(contents) > 1 else error)
        else:
            yield conversion
    refused = refused or _miscounted(batch)
    if refused is not None:
        raise refused


def convert_message(
    message: Message,
    *,
    partner: PartnerProfile | None = None,
    received: datetime,
    item: int = 1,
    bundle: BundleKind = "transaction",
) -> Conversion:
    """Return the conversion of a message that is parsed already; errors as `convert`."""
    mapped = map_message(message, partner, received, bundle)
    return Conversion(mapped.bundle, mapped.coverage, mapped.issues, message, mapped.mapping, item)


def convert_to_hl7v2(
    payload: bytes,
    *,
    message_type: str = "",
    receiver: WritingPreferences = NO_PREFERENCES,
    sent: datetime,
) -> Iterator[Generated]:
    """
    Yield the HL7 v2 messages of a FHIR R4 resource or Bundle in JSON, one for each patient, document and appointment.

    `message_type` is `TYPE^EVENT`, "" where the bundle tells; `receiver` is how the receiver wants its
    messages, `sent` is MSH-7. Pure, as `convert`. RejectedError `not-fhir` for what is no FHIR in JSON, or has an
    element of another JSON type than R4; `unsupported-message-type`; `missing-element` with the FHIR element that
    HL7 v2 requires. What could not be carried is in the issues.
    """
    content = read(payload)
    _require_shapes(content)
    if b"\\u" in payload:
        _require_characters(content)
    yield from messages_from_bundle(content, message_type=message_type, preferences=receiver, sent=sent)


def _require_shapes(content: dict[str, Any]) -> None:
    """Raise RejectedError where an element is not of its JSON type; what else is wrong with it stops no map."""
    found = tuple(issue for issue in find_errors(content) if issue.code in _SHAPES)
    if found:
        raise RejectedError("not-fhir", found[0].location, found[0].text, found)


def _require_characters(content: dict[str, Any]) -> None:
    """Raise RejectedError where a text holds half of a character: no character set has it."""
    try:
        serialize(content)
    except TypeError as error:
        places = [issue.location for issue in find_errors(content) if issue.code == "value-invalid"]
        raise RejectedError("not-fhir", next(iter(places), ""), "A text holds half of a surrogate pair.") from error


def _miscounted(batch: Batch) -> RejectedError | None:
    """Return what the trailers of a batch count otherwise: a message may have been lost on the way."""
    found = (issue for issue in batch.issues if issue.severity == "error")
    return next((RejectedError(one.code, one.location, one.text) for one in found), None)


def _in_item(error: RejectedError, item: int) -> RejectedError:
    """Return the error with the item of the batch in its location."""
    location = f"message {item}, {error.location}" if error.location else f"message {item}"
    return RejectedError(error.code, location, error.text, error.issues)
