"""One client's connection: asyncio carries the bytes, Proton's engine makes them AMQP."""

from __future__ import annotations

import asyncio
import logging
import traceback
from typing import Protocol

from proton import Collector, Condition, ProtonException, Transport
from proton import Connection as Endpoint

from local.service_bus.links import Peer

log = logging.getLogger("service-bus")


class Host(Protocol):
    """What a connection needs of the broker."""

    def wake(self, peer: Peer) -> None:
        """End the turn soon: there is something for this client."""

    def lost(self, peer: Peer) -> None:
        """Forget the connection."""


class Connection(asyncio.Protocol):
    """A socket and the engine behind it. Hostile bytes end this connection, never the broker."""

    def __init__(self, host: Host, peer: Peer, *, refuse: bool) -> None:
        self._host, self._peer, self._refuse = host, peer, refuse
        self._collector = Collector()
        self._endpoint = Endpoint()
        self._endpoint.collect(self._collector)
        self._engine = Transport(Transport.SERVER)
        self._engine.sasl().allowed_mechs("ANONYMOUS")
        self._engine.bind(self._endpoint)
        self._socket: asyncio.Transport | None = None
        self._paused = False

    # ------------------------------------------------------------------ asyncio's calls
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket; close it at once when the broker has too many."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio promises it for a stream
        self._socket = transport
        if self._refuse:
            log.warning("connection refused: too many")
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Give the bytes to the engine and do what they ask for."""
        try:
            while data:
                capacity = self._engine.capacity()
                if capacity <= 0:
                    break  # the engine has closed its input
                self._engine.push(data[:capacity])
                data = data[capacity:]
                self._dispatch()
        except ProtonException as error:
            self._failed(error)
        self._host.wake(self._peer)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client."""
        self._socket = None
        self._peer.lost()
        self._host.lost(self._peer)
        self._endpoint.free()
        self._host.wake(self._peer)

    def pause_writing(self) -> None:
        """Leave further output in the engine: the client does not read."""
        self._paused = True

    def resume_writing(self) -> None:
        """Write again."""
        self._paused = False
        self._host.wake(self._peer)

    # ------------------------------------------------------------------ the broker's calls
    def tick(self, now: float) -> None:
        """Let the engine keep its heartbeat and the client its token's expiry."""
        if self._socket is not None:
            self._engine.tick(now)
            self._peer.tick()

    def flush(self) -> None:
        """Write what the engine has for the client."""
        if self._socket is None:
            return
        try:
            self._dispatch()
            while not self._paused and (pending := self._engine.pending()) > 0:
                output = bytes(self._engine.peek(pending) or b"")
                self._engine.pop(len(output))
                self._socket.write(output)
            if self._engine.pending() < 0:
                self._socket.close()
        except ProtonException as error:
            self._failed(error)

    def close(self, condition: str, text: str) -> None:
        """Say goodbye with a reason."""
        self._endpoint.condition = Condition(condition, text)
        self._endpoint.close()

    def abort(self) -> None:
        """Let go of the socket once what was written is sent."""
        if self._socket is not None:
            self._socket.close()

    def _dispatch(self) -> None:
        while (event := self._collector.peek()) is not None:
            try:
                event.dispatch(self._peer)
            except Exception as error:  # noqa: BLE001 - whatever one client provokes stays with this client
                self._failed(error)
            self._collector.pop()

    def _failed(self, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error("connection closed: %s at %s:%s", type(error).__name__, where.name, where.lineno)
        self.close("amqp:internal-error", "the connection is closed after an unexpected error")
