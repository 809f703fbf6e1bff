"""
A received message as the worker gets it: a body and the trigger metadata that `ServiceBusMessage` reads.

`UserProperties` (one) or `UserPropertiesArray` (many) tells the converter the cardinality, so it is always there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from azure.functions.meta import Datum
from azure.servicebus import ServiceBusReceivedMessage

from local.functions_host.function_context import Trace
from shared.trace_context import start_trace


@dataclass(frozen=True, slots=True)
class _Bodies:
    """What the converter calls `collection_bytes`."""

    bytes: list[bytes]


def one_message(message: ServiceBusReceivedMessage) -> tuple[Datum, dict[str, Datum]]:
    """Return body and metadata for a function with cardinality one."""
    metadata = {name: _datum(value) for name, value in _properties(message).items() if value is not None}
    return body_datum(_body(message)), metadata


def many_messages(messages: Sequence[ServiceBusReceivedMessage]) -> tuple[Datum, dict[str, Datum]]:
    """Return bodies and metadata arrays for a function with cardinality many."""
    properties = [_properties(message) for message in messages]
    metadata = {f"{name}Array": _json([each[name] for each in properties]) for name in properties[0]}
    return Datum(_Bodies([_body(message) for message in messages]), "collection_bytes"), metadata


def manual_message(text: str, *, many: bool) -> tuple[Datum, dict[str, Datum]]:
    """Return body and metadata of a manual run through the admin endpoint."""
    if many:
        return Datum(_Bodies([text.encode()]), "collection_bytes"), {
            "UserPropertiesArray": _json([{}]),
            "ApplicationPropertiesArray": _json([{}]),
        }
    return body_datum(text.encode()), {"UserProperties": _json({}), "ApplicationProperties": _json({})}


def trace_of(message: ServiceBusReceivedMessage) -> Trace:
    """Return the trace of an invocation that the message starts: a child of the sender's."""
    properties = _application_properties(message)
    parent = properties.get("Diagnostic-Id") or properties.get("traceparent")
    return Trace(start_trace(str(parent) if parent else None), str(properties.get("tracestate") or ""))


def body_datum(body: bytes) -> Datum:
    """Return the body as Azure's host passes it on: text where it is UTF-8."""
    try:
        return Datum(body.decode("utf-8"), "string")
    except UnicodeDecodeError:
        return Datum(body, "bytes")


def _body(message: ServiceBusReceivedMessage) -> bytes:
    parts = message.body
    return parts.encode() if isinstance(parts, str) else b"".join(parts)


def _properties(message: ServiceBusReceivedMessage) -> dict[str, object]:
    application_properties = _application_properties(message)
    return {
        "MessageId": message.message_id,
        "CorrelationId": message.correlation_id,
        "ContentType": message.content_type,
        "Subject": message.subject,
        "Label": message.subject,
        "To": message.to,
        "ReplyTo": message.reply_to,
        "SessionId": message.session_id,
        "ReplyToSessionId": message.reply_to_session_id,
        "PartitionKey": message.partition_key,
        # The protocol counts earlier deliveries, Azure's host this one too.
        "DeliveryCount": (message.delivery_count or 0) + 1,
        "SequenceNumber": message.sequence_number,
        "EnqueuedSequenceNumber": message.enqueued_sequence_number,
        "EnqueuedTimeUtc": _instant(message.enqueued_time_utc),
        "ExpiresAtUtc": _instant(message.expires_at_utc),
        "LockedUntil": _instant(message.locked_until_utc),
        "ScheduledEnqueueTimeUtc": _instant(message.scheduled_enqueue_time_utc),
        "TimeToLive": _duration(message.time_to_live),
        "LockToken": str(message.lock_token) if message.lock_token else None,
        "DeadLetterReason": message.dead_letter_reason,
        "DeadLetterErrorDescription": message.dead_letter_error_description,
        "DeadLetterSource": message.dead_letter_source,
        "State": int(message.state),
        "ApplicationProperties": application_properties,
        "UserProperties": application_properties,
    }


def _application_properties(message: ServiceBusReceivedMessage) -> dict[str, object]:
    return {_text(name): _plain(value) for name, value in (message.application_properties or {}).items()}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, datetime):
        return _instant(value)
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _instant(value: datetime | None) -> str | None:
    # As .NET writes a DateTimeOffset. The converter tries its formats in turn: on `Z` it comes to six of them, more
    # than Python keeps compiled, and every message would compile them anew (a quarter of a millisecond).
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


def _duration(value: timedelta | None) -> str | None:
    # The converter reads clock durations of less than a day only; a longer one would fail the invocation.
    if value is None or value >= timedelta(days=1):
        return None
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}"


def _datum(value: object) -> Datum:
    if isinstance(value, int):
        return Datum(value, "int")
    return Datum(value, "string") if isinstance(value, str) else _json(value)


def _json(value: Mapping[str, object] | Sequence[object] | object) -> Datum:
    return Datum(orjson.dumps(value, default=str).decode(), "json")
