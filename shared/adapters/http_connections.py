"""
POST over connections that are kept: one request in, one final answer out.

urllib3 keeps the connections, notices one that was closed meanwhile, and speaks TLS and HTTP/1.1. Said here is what a
delivery asks of it: no redirect, no repetition, and bounds. Each wait (for a free connection, to connect, to write a
piece, for the head of the answer, for its body) has the time limit; no more than 16 requests to one host are under
way. After five seconds without any request all connections are new; one that is idle while others work is kept alive
for the firewalls on its way.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from io import BytesIO

from urllib3 import BaseHTTPResponse, PoolManager, Timeout, exceptions
from urllib3.connection import HTTPConnection

from shared.adapters.http_answer_heads import PunctualPool, PunctualSecurePool
from shared.adapters.http_posting import Answer
from shared.errors import TransientError

_MOST = 16
_QUIET_SECONDS = 5.0
_LARGEST_ANSWER = 1024 * 1024
_PIECE = 64 * 1024
_STANDARD = {"User-Agent": "corridor", "Accept": "*/*"}
_KEPT_ALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)]
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.LocationParseError, "InvalidURL"),
    (exceptions.LocationValueError, "UnsupportedProtocol"),
    (exceptions.EmptyPoolError, "PoolTimeout"),
    (exceptions.NewConnectionError, "ConnectError"),
    (exceptions.SSLError, "ConnectError"),
    (exceptions.ConnectTimeoutError, "ConnectTimeout"),
    (exceptions.ReadTimeoutError, "ReadTimeout"),
    (HTTPException, "RemoteProtocolError"),
    (TimeoutError, "WriteTimeout"),
    (OSError, "ReadError"),
)

# Its warning of an answer's head that it cannot read would quote what the destination wrote.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)


class HttpConnections:
    """Connections to the addresses of one destination; safe for many threads."""

    def __init__(
        self, *, timeout: float, trust: ssl.SSLContext, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._timeout = timeout
        self._monotonic = monotonic
        self._last_use = monotonic()
        self._pools = PoolManager(
            maxsize=_MOST,
            block=True,
            timeout=Timeout(connect=timeout, read=timeout),
            retries=False,
            blocksize=_PIECE,
            socket_options=[*HTTPConnection.default_socket_options, *_KEPT_ALIVE],
            ssl_context=trust,
        )
        self._pools.pool_classes_by_scheme = {"http": PunctualPool, "https": PunctualSecurePool}

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Return the answer; TransientError `destination-unreachable` when there is none."""
        since, self._last_use = self._last_use, self._monotonic()
        if self._last_use - since >= _QUIET_SECONDS:
            self._pools.clear()
        try:
            return self._posted(url, body, {**_STANDARD, **headers, "Content-Length": str(len(body))})
        except (exceptions.HTTPError, ValueError) as error:
            raise _unreachable(_word_for(error)) from error
        finally:
            self._last_use = self._monotonic()

    def close(self) -> None:
        """Close what is idle; what is under way ends by itself."""
        self._pools.clear()

    def _posted(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        if not url.lower().startswith(("http://", "https://")):
            raise _unreachable("UnsupportedProtocol")
        response = self._pools.urlopen(
            "POST",
            url,
            redirect=False,
            body=BytesIO(body),  # a file is written in pieces
            headers=headers,
            preload_content=False,
            decode_content=False,
            pool_timeout=self._timeout,
        )
        try:
            if response.status < 200:  # an interim answer, of which urllib3 passes over 100 alone
                raise _unreachable("RemoteProtocolError")
            return Answer(response.status, response.headers, _beginning(response, self._timeout))
        finally:
            response.close()  # what was read whole has gone back to its pool already
            response.release_conn()


def _beginning(response: BaseHTTPResponse, patience: float) -> bytes:
    """Return the body as far as it comes in time."""
    deadline = time.monotonic() + patience
    body = bytearray()
    with suppress(exceptions.HTTPError):  # an answer that breaks off has told its status already
        while part := response.read1(_PIECE):
            body += part
            if len(body) > _LARGEST_ANSWER or time.monotonic() > deadline:
                break
    return bytes(body)


def _word_for(error: Exception) -> str:
    cause = error.args[-1] if isinstance(error, exceptions.ProtocolError) else error
    return next((word for kind, word in _WORDS if isinstance(cause, kind)), "LocalProtocolError")


def _unreachable(what: str) -> TransientError:
    return TransientError("destination-unreachable", text=what)
