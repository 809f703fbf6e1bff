"""
POST over connections that are kept: HTTP/1.1 by the standard library's client, one request in, one final answer out.

A general client spends most of a small delivery's CPU on what a POST to a fixed address has no use for: cookies,
redirects, authentication flows, its own parser. Here are only the pool and the bounds.

A connection that was idle for five seconds, or on which the other side has said something meanwhile, is not used
again. Each wait (to connect, to write a piece, to read) has the time limit; no more than 16 requests are under way.
"""

from __future__ import annotations

import select
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import quote, urlsplit

from shared.adapters.http_posting import Answer
from shared.errors import TransientError

_MOST = 16
_IDLE_SECONDS = 5.0
_LARGEST_ANSWER = 1024 * 1024
_PIECE = 64 * 1024
_MOST_INTERIM = 8
_STANDARD = {"User-Agent": "corridor", "Accept": "*/*"}
_AS_THEY_ARE = "/%:=&?~+!$,;'@()*[]-._"


@dataclass(frozen=True, slots=True)
class _Address:
    secure: bool
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[bool, str, int]:
        return self.secure, self.host, self.port


class _FinalResponse(HTTPResponse):
    """Passes over interim answers (RFC 9110, section 15.2); the standard library passes over 100 alone."""

    def begin(self) -> None:
        super().begin()
        for _ in range(_MOST_INTERIM):
            if not 101 < self.status < 200:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # so that the next head is read
            super().begin()
        raise HTTPException("interim answers without end")


class HttpConnections:
    """Connections to the addresses of one destination; safe for many threads."""

    def __init__(
        self, *, timeout: float, trust: ssl.SSLContext, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._timeout = timeout
        self._trust = trust
        self._monotonic = monotonic
        self._kept: dict[tuple[bool, str, int], deque[tuple[HTTPConnection, float]]] = {}
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(_MOST)

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Return the answer; TransientError `destination-unreachable` when there is none."""
        address = _address_of(url)
        if not self._free.acquire(timeout=self._timeout):
            raise _unreachable("PoolTimeout")
        try:
            connection = self._idle(address) or self._connected(address)
            answer, reusable = self._exchanged(connection, address.target, body, headers)
        finally:
            self._free.release()
        if reusable:
            self._keep(address, connection)
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close what is idle; what is under way ends by itself."""
        with self._lock:
            for kept in self._kept.values():
                while kept:
                    kept.pop()[0].close()

    def _exchanged(
        self, connection: HTTPConnection, target: str, body: bytes, headers: dict[str, str]
    ) -> tuple[Answer, bool]:
        """Return the answer, and whether the connection can take another request."""
        try:
            is_sent = _is_sent(connection, target, body, headers)
            response = connection.getresponse()
            beginning, is_whole = _beginning(response, self._timeout)
            response.close()
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            raise _unreachable(_word_for(error)) from error
        except BaseException:
            connection.close()
            raise
        return Answer(response.status, response.headers, beginning), is_sent and is_whole

    def _connected(self, address: _Address) -> HTTPConnection:
        connection = (
            HTTPSConnection(address.host, address.port, timeout=self._timeout, context=self._trust)
            if address.secure
            else HTTPConnection(address.host, address.port, timeout=self._timeout)
        )
        connection.response_class = _FinalResponse
        try:
            connection.connect()
        except (OSError, ValueError) as error:
            connection.close()
            raise _unreachable("ConnectTimeout" if isinstance(error, TimeoutError) else "ConnectError") from error
        return connection

    def _idle(self, address: _Address) -> HTTPConnection | None:
        """Return the connection that was used last, if it is still good."""
        with self._lock:
            kept = self._kept.get(address.origin)
            while kept:
                connection, since = kept.pop()
                if self._monotonic() - since < _IDLE_SECONDS and not _has_spoken(connection):
                    return connection
                connection.close()
        return None

    def _keep(self, address: _Address, connection: HTTPConnection) -> None:
        now = self._monotonic()
        with self._lock:
            kept = self._kept.setdefault(address.origin, deque())
            kept.append((connection, now))
            while now - kept[0][1] >= _IDLE_SECONDS:
                kept.popleft()[0].close()


def _is_sent(connection: HTTPConnection, target: str, body: bytes, headers: dict[str, str]) -> bool:
    """Send the request; False when the other side ended that early: then its answer may be there already."""
    content: bytes | Iterator[bytes] = body if len(body) <= _PIECE else _pieces(body)
    length = {"Content-Length": str(len(body))}
    try:
        connection.request("POST", target, content, {**_STANDARD, **headers, **length})
    except TimeoutError as error:
        raise _unreachable("WriteTimeout") from error
    except OSError:
        return False
    return True


def _pieces(body: bytes) -> Iterator[bytes]:
    """Yield the body so that the time limit holds for a piece, and not for the whole of a large one."""
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _beginning(response: HTTPResponse, patience: float) -> tuple[bytes, bool]:
    """Return the body as far as it comes in time, and whether the connection is good for another exchange."""
    deadline = time.monotonic() + patience
    body = bytearray()
    with suppress(OSError, HTTPException):  # an answer that breaks off has told its status already
        while part := response.read1(_PIECE):
            body += part
            if len(body) > _LARGEST_ANSWER or time.monotonic() > deadline:
                return bytes(body), False
        return bytes(body), not response.will_close and not response.length
    return bytes(body), False


def _has_spoken(connection: HTTPConnection) -> bool:
    """Whether the other side has sent something unasked, which is as a rule that it has closed."""
    readable = select.poll()
    readable.register(connection.sock, select.POLLIN)
    return bool(readable.poll(0))


@lru_cache(maxsize=256)
def _address_of(url: str) -> _Address:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _unreachable("InvalidURL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _unreachable("UnsupportedProtocol")
    target = quote(parts.path or "/", safe=_AS_THEY_ARE)
    query = f"?{quote(parts.query, safe=_AS_THEY_ARE)}" if parts.query else ""
    usual = HTTPSConnection.default_port if parts.scheme == "https" else HTTPConnection.default_port
    return _Address(parts.scheme == "https", parts.hostname, port or usual, target + query)


def _word_for(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "ReadTimeout"
    if isinstance(error, HTTPException):
        return "RemoteProtocolError"
    return "ReadError" if isinstance(error, OSError) else "LocalProtocolError"


def _unreachable(what: str) -> TransientError:
    return TransientError("destination-unreachable", text=what)
