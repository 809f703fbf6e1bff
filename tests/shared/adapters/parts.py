"""Small real parts for the adapters' tests: a fixed token, servers that misbehave, a clock."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from azure.core.credentials import AccessToken


class FixedToken:
    """A credential that hands out one token, whatever it is asked for."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **settings: object) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


@dataclass
class Seconds:
    """A monotonic clock that stands until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class _RoomyServer(ThreadingHTTPServer):
    request_queue_size = 64  # the usual five make a burst of connections wait a second for their repetition


@dataclass
class HttpServer:
    """A server whose answer a test writes by hand; it keeps the paths that were asked for."""

    answer: Callable[[BaseHTTPRequestHandler], None]
    paths: list[str] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def running(self) -> Iterator[HttpServer]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.do_GET()

            def do_GET(self) -> None:
                outer.paths.append(self.path)
                with suppress(ConnectionError):
                    outer.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        with _RoomyServer(("127.0.0.1", 0), Handler) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


def plain(status: int, body: bytes = b"{}", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return an answer of one status."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@contextmanager
def silent_server() -> Iterator[int]:
    """Yield the port of a server that takes connections and says nothing; they are closed at the end."""
    taken: list[socket.socket] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(16)
        listening.settimeout(0.02)
        ended = threading.Event()

        def take() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    taken.append(listening.accept()[0])

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join()
            for one in taken:
                one.close()


@contextmanager
def nobody() -> Iterator[int]:
    """Yield a port on which every connection is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def eventually(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
