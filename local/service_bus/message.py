"""
One message: what its sender wrote (`Content`, never changed) and what the broker knows about it (`Message`).

The content is kept as the sender's bytes; only the fields that decide something are read. A batch (message format
0x80013700) is an envelope whose data sections are whole messages. Proton hides the message format, so a batch is
known by its shape: no header, no application properties, and every data section a complete message, the first of
which has the envelope's message id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from uuid import UUID

from local.service_bus import amqp_wire as wire

_SCHEDULED = "x-opt-scheduled-enqueue-time"
_PROPERTY_NAMES = (
    "messageid", "userid", "to", "label", "replyto", "correlationid", "contenttype", "contentencoding",
    "absoluteexpirytime", "creationtime", "sessionid", "groupsequence", "replytosessionid",
)  # fmt: skip


class State(IntEnum):
    """The state of a message, in the numbers of `x-opt-message-state`."""

    ACTIVE = 0
    DEFERRED = 1
    SCHEDULED = 2


@dataclass(frozen=True)
class Content:
    """A message as its sender encoded it, with the few fields read that decide what happens to it."""

    raw: bytes
    header: tuple[bytes, ...]
    annotations: Mapping[str, bytes]
    properties: bytes
    application: tuple[bytes, ...]
    body: bytes
    message_id: str | None
    time_to_live: float | None
    scheduled_for: float | None

    @cached_property
    def system_properties(self) -> dict[str, object]:
        """The fields of the properties section by their Service Bus names in lower case."""
        fields = wire.elements(self.properties) if self.properties else []
        return dict(zip(_PROPERTY_NAMES, (wire.read_value(f) for f in fields), strict=False))

    @cached_property
    def application_properties(self) -> dict[str, object]:
        """The application properties by their own names."""
        pairs = zip(self.application[::2], self.application[1::2], strict=True)
        return {str(wire.read_value(key)): wire.read_value(value) for key, value in pairs}

    def dead_lettered(self, reason: str | None, description: str | None) -> Content:
        """Return the content with the two properties that tell why it was dead-lettered."""
        told = {"DeadLetterReason": reason, "DeadLetterErrorDescription": description}
        kept = dict(zip(self.application[::2], self.application[1::2], strict=True))
        kept.update({wire.text(k): wire.text(v[:4096]) for k, v in told.items() if v})
        application = [part for pair in kept.items() for part in pair]
        return parse(_joined(self.header, self.annotations, self.properties, application, self.body))


@dataclass(slots=True)
class Message:
    """A message in one entity. Locks are forgotten when the broker stops; everything else is stored."""

    sequence: int
    content: Content
    enqueued_at: float
    state: State = State.ACTIVE
    delivery_count: int = 0
    due_at: float | None = None
    expires_at: float | None = None
    dead_letter_source: str | None = None
    lock: UUID | None = field(default=None, compare=False)
    locked_until: float = field(default=0.0, compare=False)

    def encode(self) -> bytes:
        """Return the message as a receiver gets it: the sender's bytes, the broker's header and annotations."""
        header = [*self.content.header[:4], wire.uint(self.delivery_count)]
        noted = {
            **self.content.annotations,
            "x-opt-sequence-number": wire.int64(self.sequence),
            "x-opt-enqueue-sequence-number": wire.int64(self.sequence),
            "x-opt-enqueued-time": wire.timestamp(self.enqueued_at),
            "x-opt-message-state": wire.int32(self.state),
        }
        if self.lock is not None:
            noted["x-opt-locked-until"] = wire.timestamp(self.locked_until)
        if self.dead_letter_source is not None:
            noted["x-opt-deadletter-source"] = wire.text(self.dead_letter_source)
        return _joined(header, noted, self.content.properties, self.content.application, self.content.body)


def parse(raw: bytes) -> Content:
    """Return the content of an encoded message; raise `WireError` when a section or a field is malformed."""
    parts = wire.sections(raw)
    found = dict(parts)
    header = wire.elements(found[wire.HEADER]) if wire.HEADER in found else []
    noted = wire.elements(found[wire.MESSAGE_ANNOTATIONS]) if wire.MESSAGE_ANNOTATIONS in found else []
    properties = found.get(wire.PROPERTIES, b"")
    application = wire.elements(found[wire.APPLICATION_PROPERTIES]) if wire.APPLICATION_PROPERTIES in found else []
    annotations = {_name(key): value for key, value in zip(noted[::2], noted[1::2], strict=True)}
    scheduled = wire.read_value(annotations[_SCHEDULED]) if _SCHEDULED in annotations else None
    time_to_live = wire.read_value(header[2]) if len(header) > 2 else None
    content = Content(
        raw=raw,
        header=tuple((header + [wire.NULL] * 5)[:5]),
        annotations=annotations,
        properties=properties,
        application=tuple(application),
        body=b"".join(section for code, section in parts if code >= wire.DATA),
        message_id=_message_id(properties),
        time_to_live=None if time_to_live is None else _number(time_to_live) / 1000,
        scheduled_for=None if scheduled is None else _number(scheduled) / 1000,
    )
    _ = content.system_properties, content.application_properties  # malformed ones are refused here, not later
    return content


def split(raw: bytes) -> list[Content]:
    """Return the messages that one transfer carries: itself, or the messages of a batch."""
    parts = wire.sections(raw)
    codes = {code for code, _ in parts}
    if wire.DATA in codes and codes <= {wire.MESSAGE_ANNOTATIONS, wire.PROPERTIES, wire.DATA}:
        try:
            inner = [parse(wire.binary(section)) for code, section in parts if code == wire.DATA]
        except wire.WireError:
            return [parse(raw)]  # its data is data
        envelope = _message_id(dict(parts).get(wire.PROPERTIES, b""))
        if envelope is None or envelope == inner[0].message_id:
            return inner
    return [parse(raw)]


def _joined(
    header: Sequence[bytes], annotations: Mapping[str, bytes], properties: bytes, application: Sequence[bytes],
    body: bytes,
) -> bytes:  # fmt: skip
    noted = [part for name, value in annotations.items() for part in (wire.symbol(name), value)]
    head = wire.list_section(wire.HEADER, header) + wire.map_section(wire.MESSAGE_ANNOTATIONS, noted) + properties
    return head + (wire.map_section(wire.APPLICATION_PROPERTIES, application) if application else b"") + body


def _name(key: bytes) -> str:
    name = wire.read_value(key)
    if not isinstance(name, str):
        raise wire.WireError("an annotation's key is a symbol")
    return name


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**53:
        raise wire.WireError("a time is a whole number of milliseconds")
    return value


def _message_id(properties: bytes) -> str | None:
    fields = wire.elements(properties) if properties else []
    value = wire.read_value(fields[0]) if fields else None
    return None if value is None else value.hex() if isinstance(value, bytes) else str(value)
