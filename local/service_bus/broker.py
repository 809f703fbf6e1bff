"""
The turn of the broker: what arrived together is committed together, and nothing is sent before its commit.

    sockets read -> Proton -> `links` change the entities (answers wait inside Proton)
    end of turn: hand out messages -> one commit -> write the sockets

Proton's engine holds every answer of a turn until the sockets are written, so an `accepted` on the wire means
committed. A failed commit ends the broker before anything of that turn is sent.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Protocol

from local.service_bus.connections import Connection
from local.service_bus.links import Peer
from local.service_bus.namespace import Namespace
from local.service_bus.store import StoreError
from local.service_bus.tokens import TokenVerifier
from local.service_bus.transfers import Consumer

_TICK = 0.05
_ROUND = 10  # ticks: all connections are looked at this often, most turns are about two
_MAX_CONNECTIONS = 500

log = logging.getLogger("service-bus")


class Committed(Protocol):
    """What makes the changes of a turn durable."""

    def commit(self) -> bool:
        """Write what was noted; raise `StoreError` when that fails."""


class Broker:
    """The connections of all clients over one namespace."""

    def __init__(
        self, namespace: Namespace, store: Committed, verifier: TokenVerifier | None, now: Callable[[], float],
    ) -> None:  # fmt: skip
        self.namespace, self.verifier, self.now = namespace, verifier, now
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._store = store
        self._consumers: dict[Consumer, Peer] = {}
        self._connections: dict[Peer, Connection] = {}
        self._touched: set[Peer] = set()
        self._ticks = 0
        self._turn: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._server: asyncio.Server | None = None

    # ------------------------------------------------------------------ start and stop
    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen and return the port; raise `OSError` when it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_connection, host, port, ssl=tls)
        self._tick()
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Stop listening, commit, tell the clients and let go of their sockets."""
        if self._server is not None:
            self._server.close()
        if self._timer is not None:
            self._timer.cancel()
        for connection in self._connections.values():
            connection.close("amqp:connection:forced", "the broker stops")
        self._touched.update(self._connections)
        self._end_turn()
        for connection in list(self._connections.values()):
            connection.abort()
        if self._turn is not None:
            self._turn.cancel()

    def _new_connection(self) -> Connection:
        peer = Peer(self)
        connection = Connection(self, peer, refuse=len(self._connections) >= _MAX_CONNECTIONS)
        self._connections[peer] = connection
        return connection

    def lost(self, peer: Peer) -> None:
        """Forget a connection; what its receivers held stays locked until the locks expire."""
        self._connections.pop(peer, None)

    # ------------------------------------------------------------------ consumers
    def add(self, consumer: Consumer, peer: Peer) -> None:
        """Hand messages to a receiver from now on."""
        self._consumers[consumer] = peer

    def remove(self, consumer: Consumer) -> None:
        """Hand no more messages to a receiver."""
        self._consumers.pop(consumer, None)

    # ------------------------------------------------------------------ turns
    def wake(self, peer: Peer) -> None:
        """End the turn as soon as what has arrived by now is read, and write what there is for this client."""
        self._touched.add(peer)
        if self._turn is None:
            self._turn = asyncio.get_running_loop().call_soon(self._end_turn)

    def _tick(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)
        self.namespace.tick()
        self._ticks += 1
        if self._ticks % _ROUND == 0:
            for connection in self._connections.values():
                connection.tick(self.now())
            self._touched.update(self._connections)
        self._end_turn()

    def _end_turn(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        if self.failure.done():
            return
        waiting = list(self._consumers)
        while waiting:  # one message each per round: no receiver starves another
            waiting = [consumer for consumer in waiting if consumer.deliver()]
            self._touched.update(self._consumers[consumer] for consumer in waiting)
        touched, self._touched = self._touched, set()
        for consumer, peer in self._consumers.items():
            if peer in touched:
                consumer.finish_drain()
        try:
            self._store.commit()
        except StoreError as error:
            self.failure.set_exception(error)
            return
        for peer in touched:
            if (connection := self._connections.get(peer)) is not None:
                connection.flush()
