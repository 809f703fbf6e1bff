"""
One client's links: what its frames ask of the entities.

    client sends to      entity                     -> stored; accepted, or rejected when it is malformed
                         $cbs                       -> token verified
                         entity/$management         -> operation performed
    client receives from entity                     -> messages, locked or removed
                         $cbs, entity/$management   -> the answers to what it sent there in the same session

A refused link is attached with null ends and detached with the reason, as the service does it.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol, cast

from proton import (
    Condition,
    Connection,
    Delivery,
    Endpoint,
    Event,
    Handler,
    Link,
    Message,
    ProtonException,
    Receiver,
    Sender,
    Session,
    Terminus,
    int32,
)

from local.service_bus.amqp_wire import WireError
from local.service_bus.management import perform
from local.service_bus.message import split
from local.service_bus.namespace import Namespace
from local.service_bus.queues import Queue
from local.service_bus.tokens import TokenError, TokenVerifier
from local.service_bus.topics import Topic
from local.service_bus.transfers import MAX_MESSAGE_SIZE, Consumer, Inlet, RefusedError, decoded, path_of

_CREDIT = 500
_OVERHEAD = 1 << 16  # a management request wraps the message that it carries
_CBS = "$cbs"
_MANAGEMENT = "/$management"
_PRESETTLED = 1  # snd-settle-mode

log = logging.getLogger("service-bus")


class Host(Protocol):
    """What a peer needs of the broker."""

    @property
    def namespace(self) -> Namespace:
        """The entities."""

    @property
    def verifier(self) -> TokenVerifier | None:
        """What tokens are held against, if anything."""

    def now(self) -> float:
        """Return the time."""

    def wake(self, peer: Peer) -> None:
        """End the turn soon: there is something for this client."""

    def add(self, consumer: Consumer, peer: Peer) -> None:
        """Hand messages to a receiver."""

    def remove(self, consumer: Consumer) -> None:
        """Stop handing messages to a receiver."""


class Peer(Handler):
    """The handler of one connection's Proton events."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._inlets: dict[Link, Inlet] = {}
        self._consumers: dict[Link, Consumer] = {}
        self._outlets: dict[Link, str] = {}
        self._expiry: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------ connection and session
    def on_connection_remote_open(self, event: Event) -> None:
        """Open in return."""
        connection = cast(Connection, event.connection)
        connection.container = "corridor-service-bus"
        connection.open()

    def on_connection_remote_close(self, event: Event) -> None:
        """Close in return."""
        cast(Connection, event.connection).close()

    def on_session_remote_open(self, event: Event) -> None:
        """Open in return."""
        cast(Session, event.session).open()

    def on_session_remote_close(self, event: Event) -> None:
        """Close in return, with the session's links."""
        session = cast(Session, event.session)
        for link in self._links():
            if link.session == session:
                self._forget(link)
        session.close()

    def lost(self) -> None:
        """Forget everything: the connection is gone."""
        for link in self._links():
            self._forget(link)
        for task in self._tasks:
            task.cancel()

    def tick(self) -> None:
        """Detach the links of a client whose token has expired."""
        if self._expiry is None or self._is_authorised():
            return
        self._expiry = None
        for link in self._links():
            if self._served(link) != _CBS:
                self._detach(link, RefusedError("amqp:unauthorized-access", "the token has expired"))

    # ------------------------------------------------------------------ links
    def on_link_remote_open(self, event: Event) -> None:
        """Open the link in return, or refuse it."""
        link = cast(Link, event.link)
        try:
            if isinstance(link, Receiver):
                self._open_inlet(link)
            else:
                self._open_outlet(cast(Sender, link))
        except RefusedError as refused:
            link.source.type = link.target.type = Terminus.UNSPECIFIED
            link.open()
            self._detach(link, refused)

    def on_link_remote_close(self, event: Event) -> None:
        """Close in return. What the client holds stays locked until it settles it or the lock expires."""
        link = cast(Link, event.link)
        self._forget(link)
        link.close()
        link.free()

    on_link_remote_detach = on_link_remote_close

    def _open_inlet(self, link: Receiver) -> None:
        if link.remote_target.type == Terminus.COORDINATOR:
            raise RefusedError("amqp:not-implemented", "not implemented: transactions")
        address = path_of(link.remote_target.address)
        entity = self._entity(address)
        is_request = address == _CBS or address.endswith(_MANAGEMENT)
        if not is_request and address not in self._host.namespace.senders:
            raise RefusedError("amqp:not-allowed", "messages are sent to a queue or a topic")
        self._inlets[link] = Inlet(address, entity, MAX_MESSAGE_SIZE + (_OVERHEAD if is_request else 0))
        self._accept(link)
        link.flow(_CREDIT)

    def _open_outlet(self, link: Sender) -> None:
        address = path_of(link.remote_source.address)
        entity = self._entity(address)
        if address == _CBS or address.endswith(_MANAGEMENT):
            self._outlets[link] = address
        elif isinstance(entity, Queue):
            filters = link.remote_source.filter
            filters.rewind()
            if filters.next() and filters.get_object():
                raise RefusedError("amqp:not-implemented", "not implemented: sessions and filters on a receiver")
            self._consumers[link] = Consumer(entity, link, link.remote_snd_settle_mode == _PRESETTLED)
            self._host.add(self._consumers[link], self)
        else:
            raise RefusedError("amqp:not-allowed", "messages are received from a queue or a subscription")
        self._accept(link)

    def _accept(self, link: Link) -> None:
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.max_message_size = MAX_MESSAGE_SIZE
        link.open()

    def _entity(self, address: str) -> Queue | Topic | None:
        if address == _CBS:
            return None
        if not self._is_authorised():
            raise RefusedError("amqp:unauthorized-access", "a valid token is put on $cbs before a link is opened")
        name = address.removesuffix(_MANAGEMENT)
        entity = self._host.namespace.entity(name)
        if entity is None:
            raise RefusedError("amqp:not-found", f"The messaging entity '{name[:260]}' could not be found.")
        return entity

    def _is_authorised(self) -> bool:
        if self._host.verifier is None:
            return True
        return self._expiry is not None and self._expiry > self._host.now()

    def _links(self) -> list[Link]:
        return [*self._inlets, *self._consumers, *self._outlets]

    def _served(self, link: Link) -> str:
        return self._inlets[link].address if link in self._inlets else self._outlets.get(link, "")

    def _detach(self, link: Link, refused: RefusedError) -> None:
        log.warning("link detached: %s", refused.condition)
        self._forget(link)
        link.condition = Condition(refused.condition, refused.text)
        link.close()

    def _forget(self, link: Link) -> None:
        self._inlets.pop(link, None)
        self._outlets.pop(link, None)
        consumer = self._consumers.pop(link, None)
        if consumer is not None:
            self._host.remove(consumer)

    # ------------------------------------------------------------------ deliveries
    def on_delivery(self, event: Event) -> None:
        """Take what the client sends; settle what it has received."""
        delivery, link = cast(Delivery, event.delivery), cast(Link, event.link)
        if link in self._inlets:
            self._receive(delivery, cast(Receiver, link), self._inlets[link])
        elif link in self._consumers:
            if delivery.updated:
                self._consumers[link].settle(delivery)
        elif delivery.settled:
            delivery.settle()

    def _receive(self, delivery: Delivery, link: Receiver, inlet: Inlet) -> None:
        try:
            raw = inlet.take(delivery, link)
            if raw is None:
                return
            self._act(raw, link, inlet)
            delivery.update(Delivery.ACCEPTED)
        except RefusedError as refused:
            self._detach(link, refused)
            return
        except (WireError, ProtonException) as error:
            log.warning("message rejected: %s", type(error).__name__)
            delivery.local.condition = Condition("amqp:decode-error", "the message is malformed")
            delivery.update(Delivery.REJECTED)
        delivery.settle()
        if link.credit < _CREDIT // 2:
            link.flow(_CREDIT // 2)

    def _act(self, raw: bytes, link: Receiver, inlet: Inlet) -> None:
        if inlet.entity is None:
            self._put_token(decoded(raw), link)
        elif inlet.address.endswith(_MANAGEMENT):
            request = decoded(raw)
            answer = perform(inlet.entity, cast(object, request.properties), request.body)
            self._reply(link, inlet.address, request, answer.properties(), answer.body)
        else:
            for content in split(raw):
                inlet.entity.send(content)

    # ------------------------------------------------------------------ requests
    def _put_token(self, request: Message, link: Receiver) -> None:
        verifier, token = self._host.verifier, request.body
        if verifier is None:
            self._answer_token(link, request, 202, "Accepted")
        elif not isinstance(token, str):
            self._answer_token(link, request, 400, "a token is text")
        else:
            task = asyncio.get_running_loop().create_task(self._verify(verifier, token, link, request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _verify(self, verifier: TokenVerifier, token: str, link: Receiver, request: Message) -> None:
        try:
            self._expiry = await verifier.verify(token)
        except TokenError as error:
            log.warning("token refused: %s", error)
            self._answer_token(link, request, 401, str(error))
        else:
            self._answer_token(link, request, 202, "Accepted")
        self._host.wake(self)

    def _answer_token(self, link: Receiver, request: Message, status: int, text: str) -> None:
        self._reply(link, _CBS, request, {"status-code": int32(status), "status-description": text}, None)

    def _reply(
        self,
        link: Link,
        address: str,
        request: Message,
        properties: dict[str, object],
        body: dict[str, object] | None,
    ) -> None:
        for outlet, served in self._outlets.items():
            if served == address and outlet.session == link.session and outlet.state & Endpoint.LOCAL_ACTIVE:
                answer = Message(body=body, properties=properties)
                answer.correlation_id = request.id
                cast(Delivery, cast(Sender, outlet).send(answer)).settle()
                return
