"""The links that carry messages: what a client sends, piece by piece, and what it receives and settles."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from uuid import UUID

from proton import Condition, Delivery, Message, Receiver, Sender

from local.service_bus.queues import Queue
from local.service_bus.topics import Topic

MAX_MESSAGE_SIZE = 1 << 20
_LOCK_LOST = "com.microsoft:message-lock-lost"


class RefusedError(Exception):
    """A link that is not opened, or not kept, with the AMQP condition that says why."""

    def __init__(self, condition: str, text: str) -> None:
        super().__init__(text)
        self.condition, self.text = condition, text


def new_token() -> UUID:
    """Return a lock token whose bytes, as a delivery tag, are ASCII: Proton shows tags as text."""
    return UUID(bytes_le=secrets.token_hex(8).encode())


def path_of(address: str | None) -> str:
    """Return the entity's path in an address (`amqps://host/queue`), in lower case."""
    _, scheme, rest = (address or "").partition("://")
    path = rest.partition("/")[2] if scheme else address or ""
    return path.strip("/").lower()


def decoded(raw: bytes) -> Message:
    """Return a request as Proton reads it; raise `ProtonException` when it is malformed."""
    request = Message()
    request.decode(raw)
    return request


@dataclass(slots=True)
class Inlet:
    """A link on which the client sends; without an entity it is `$cbs`."""

    address: str
    entity: Queue | Topic | None
    limit: int
    _buffer: bytearray = field(default_factory=bytearray)

    def take(self, delivery: Delivery, link: Receiver) -> bytes | None:
        """Return the transfer once it is complete; raise `RefusedError` when it is too large."""
        if delivery.aborted:
            self._buffer.clear()
        if delivery.aborted or not delivery.readable:
            if delivery.settled:
                delivery.settle()
            return None
        if delivery.pending:
            self._buffer += link.recv(delivery.pending) or b""
        if len(self._buffer) > self.limit:
            raise RefusedError("amqp:link:message-size-exceeded", "The message is too large.")
        if delivery.partial:
            return None
        raw = bytes(self._buffer)
        self._buffer.clear()
        link.advance()
        return raw


@dataclass(slots=True, eq=False)
class Consumer:
    """A link on which the client receives messages of a queue, locked or (`for_good`) removed."""

    queue: Queue
    link: Sender
    for_good: bool

    def deliver(self) -> bool:
        """Hand out one message; False when there is no credit or no message."""
        if self.link.credit <= 0:
            return False
        message = self.queue.take_for_good() if self.for_good else self.queue.take()
        if message is None:
            return False
        tag = (message.lock or new_token()).bytes_le
        delivery = self.link.delivery(tag.decode("ascii"))
        self.link.stream(message.encode())
        self.link.advance()
        if self.for_good:
            delivery.settle()
        return True

    def finish_drain(self) -> None:
        """Give back the credit of a client that waits for no more than what is there."""
        if self.link.drain_mode and self.link.credit > 0:
            self.link.drained()

    def settle(self, delivery: Delivery) -> None:
        """Do what the client decided about a message and echo it, or tell that its lock is lost."""
        outcome = delivery.remote_state
        if outcome in (Delivery.ACCEPTED, Delivery.REJECTED, Delivery.MODIFIED, Delivery.RELEASED):
            if not self._apply(delivery, UUID(bytes_le=delivery.tag.encode())):
                delivery.local.condition = Condition(_LOCK_LOST, "The lock supplied is invalid.")
                outcome = Delivery.REJECTED
            if not delivery.settled:
                delivery.update(outcome)
        elif not delivery.settled:
            return  # an intermediate state: the outcome is still to come
        delivery.settle()

    def _apply(self, delivery: Delivery, token: UUID) -> bool:
        remote, local = delivery.remote, delivery.local
        if delivery.remote_state == Delivery.ACCEPTED:
            return self.queue.complete(token)
        if delivery.remote_state == Delivery.RELEASED:
            return self.queue.release(token)
        if delivery.remote_state == Delivery.MODIFIED:
            local.failed, local.undeliverable = remote.failed, remote.undeliverable
            return self.queue.defer(token) if remote.undeliverable else self.queue.abandon(token)
        info = remote.condition.info if remote.condition is not None else None
        told = {str(k): str(v) for k, v in info.items() if v} if isinstance(info, dict) else {}
        return self.queue.dead_letter(token, told.get("DeadLetterReason"), told.get("DeadLetterErrorDescription"))
