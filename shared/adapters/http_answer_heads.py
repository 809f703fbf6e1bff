"""
The head of an answer comes within the time limit as a whole, however small the pieces.

http.client gives every read of a socket the whole limit anew: a destination that lets its status line drip would keep
a worker for hours, and as many workers as it is owed messages.
"""

from __future__ import annotations

import io
import time
from http.client import HTTPResponse
from socket import socket
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_NOW = 0.001  # no time at all would mean: do not wait, and say so in another way


class _Punctual(io.RawIOBase):
    """Reads a socket; while `until` stands, every read after the first has only what is left of the time."""

    def __init__(self, raw: io.RawIOBase, connection: socket) -> None:
        self._raw = raw
        self._connection = connection
        self.until: float | None = None
        self.reads = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]  # BufferedReader gives no other
        if self.until is not None and self.reads:
            self._connection.settimeout(max(self.until - time.monotonic(), _NOW))
        self.reads += 1
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class PunctualAnswer(HTTPResponse):
    """An answer whose head is there within the socket's time-out, or TimeoutError."""

    def __init__(self, sock: socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self._connection = sock
        self._source = _Punctual(self.fp.detach(), sock)
        self.fp = io.BufferedReader(self._source)

    def begin(self) -> None:
        """Read the head."""
        limit = self._connection.gettimeout()
        self._source.until = None if limit is None else time.monotonic() + limit
        super().begin()
        self._source.until = None
        if self._source.reads > 1:
            self._connection.settimeout(limit)


class _Connection(HTTPConnection):
    response_class = PunctualAnswer


class _SecureConnection(HTTPSConnection):
    response_class = PunctualAnswer


class PunctualPool(HTTPConnectionPool):
    """Connections to a host over http."""

    ConnectionCls = _Connection


class PunctualSecurePool(HTTPSConnectionPool):
    """Connections to a host over https."""

    ConnectionCls = _SecureConnection
