"""
The operations of an entity's `$management` node.

    schedule-message, cancel-scheduled-message, peek-message, renew-lock, receive-by-sequence-number,
    update-disposition

Anything else, sessions and rules among it, is answered 501 "not implemented: <operation>".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from proton import UNDESCRIBED, Array, Data, int32, symbol, timestamp

from local.service_bus.amqp_wire import WireError
from local.service_bus.message import Content, parse
from local.service_bus.queues import Queue
from local.service_bus.topics import Topic
from local.service_bus.transfers import MAX_MESSAGE_SIZE

_MAX_PEEK = 250
_NO_LOCK = UUID(int=0)
_PREFIX = "com.microsoft:"

Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a management operation returns."""

    status: int = 200
    description: str = "OK"
    condition: str | None = None
    body: dict[str, object] = field(default_factory=dict)

    def properties(self) -> dict[str, object]:
        """Return the answer's application properties."""
        named: dict[str, object] = {"statusCode": int32(self.status), "statusDescription": self.description}
        if self.condition is not None:
            named["errorCondition"] = symbol(self.condition)
        return named


_BAD_REQUEST = "amqp:invalid-field"
_EMPTY = Answer(204, "No Content")
_LOCK_LOST = Answer(410, "The lock supplied is invalid.", _PREFIX + "message-lock-lost")
_NOT_FOUND = Answer(404, "No message has that sequence number.", _PREFIX + "message-not-found")


def perform(entity: Queue | Topic, properties: object, body: object) -> Answer:
    """Perform a request on an entity; what is malformed or unknown is answered, never raised."""
    operation = properties.get("operation") if isinstance(properties, dict) else None
    name = str(operation).removeprefix(_PREFIX)
    handler = _OPERATIONS.get(name)
    if handler is None:
        return Answer(501, f"not implemented: {name[:64]}", "amqp:not-implemented")
    if not isinstance(body, dict):
        return Answer(400, "the body is no map", _BAD_REQUEST)
    try:
        return handler(entity, body)
    except _UnfitError as unfit:
        return Answer(400, str(unfit), _BAD_REQUEST)
    except WireError as error:
        return Answer(400, f"a message is malformed: {error}", "amqp:decode-error")


class _UnfitError(Exception):
    """A request that lacks something or asks an entity for what it has not."""


def _schedule(entity: Queue | Topic, body: Body) -> Answer:
    contents: list[Content] = []
    for item in _elements(body, "messages"):
        raw = item.get("message") if isinstance(item, dict) else None
        if not isinstance(raw, bytes | bytearray | memoryview):
            raise _UnfitError("each of messages has a message")
        if len(raw) > MAX_MESSAGE_SIZE:
            return Answer(403, "The message is too large.", "amqp:link:message-size-exceeded")
        contents.append(parse(bytes(raw)))
    if any(content.scheduled_for is None for content in contents):
        raise _UnfitError("a scheduled message has x-opt-scheduled-enqueue-time")
    numbers = [entity.send(content) or 0 for content in contents]
    return Answer(body={"sequence-numbers": _array(Data.LONG, numbers)})


def _cancel(entity: Queue | Topic, body: Body) -> Answer:
    numbers = _numbers(body)
    if any(number not in entity.schedule.messages for number in numbers):
        return _NOT_FOUND
    for number in numbers:
        entity.schedule.cancel(number)
    return Answer()


def _peek(entity: Queue | Topic, body: Body) -> Answer:
    start, count = body.get("from-sequence-number"), body.get("message-count")
    if not isinstance(start, int) or not isinstance(count, int):
        raise _UnfitError("from-sequence-number and message-count are wanted")
    messages: list[dict[str, bytes]] = []
    size = 0
    for message in entity.peek(start, max(0, min(count, _MAX_PEEK))):
        raw = message.encode()
        size += len(raw)
        if messages and size > MAX_MESSAGE_SIZE:
            break
        messages.append({"message": raw})
    return Answer(body={"messages": messages}) if messages else _EMPTY


def _renew(entity: Queue | Topic, body: Body) -> Answer:
    queue, tokens = _queue(entity), _tokens(body)
    if not all(queue.holds(token) for token in tokens):
        return _LOCK_LOST
    ends = [timestamp(round((queue.renew(token) or 0.0) * 1000)) for token in tokens]
    return Answer(body={"expirations": _array(Data.TIMESTAMP, ends)})


def _receive_deferred(entity: Queue | Topic, body: Body) -> Answer:
    queue, numbers = _queue(entity), _numbers(body)
    for_good = body.get("receiver-settle-mode") == 0
    if len(set(numbers)) < len(numbers) or any(queue.deferred(number) is None for number in numbers):
        return _NOT_FOUND
    taken = [queue.take_deferred(number, for_good=for_good) for number in numbers]
    found = [{"message": m.encode(), "lock-token": m.lock or _NO_LOCK} for m in taken if m is not None]
    return Answer(body={"messages": found})


def _settle(entity: Queue | Topic, body: Body) -> Answer:
    queue, tokens = _queue(entity), _tokens(body)
    reason, description = body.get("deadletter-reason"), body.get("deadletter-description")
    settlements: dict[object, Callable[[UUID], bool]] = {
        "completed": queue.complete,
        "abandoned": queue.abandon,
        "defered": queue.defer,
        "suspended": lambda token: queue.dead_letter(token, _told(reason), _told(description)),
    }
    settle = settlements.get(body.get("disposition-status"))
    if settle is None:
        raise _UnfitError("disposition-status is completed, abandoned, defered or suspended")
    if not all(queue.holds(token) for token in tokens):
        return _LOCK_LOST
    for token in tokens:
        settle(token)
    return Answer()


_OPERATIONS: dict[str, Callable[[Queue | Topic, Body], Answer]] = {
    "schedule-message": _schedule,
    "cancel-scheduled-message": _cancel,
    "peek-message": _peek,
    "renew-lock": _renew,
    "receive-by-sequence-number": _receive_deferred,
    "update-disposition": _settle,
}


def _array(kind: int, values: Sequence[int]) -> Array:
    return Array(cast(None, UNDESCRIBED), kind, *values)  # Proton's own mark for "no descriptor" lacks its type


def _queue(entity: Queue | Topic) -> Queue:
    if isinstance(entity, Topic):
        raise _UnfitError("a topic has no messages of its own; ask a subscription")
    return entity


def _elements(body: Body, key: str) -> list[object]:
    value = body.get(key)
    if isinstance(value, Array):
        return list(value.elements)
    if isinstance(value, list):
        return value
    raise _UnfitError(f"{key} is a list")


def _numbers(body: Body) -> list[int]:
    values = _elements(body, "sequence-numbers")
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) < len(values):
        raise _UnfitError("sequence-numbers are whole numbers")
    return numbers


def _tokens(body: Body) -> list[UUID]:
    values = _elements(body, "lock-tokens")
    tokens = [value for value in values if isinstance(value, UUID)]
    if len(tokens) < len(values):
        raise _UnfitError("lock-tokens are UUIDs")
    return tokens


def _told(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
