"""
The lines between the parts of a platform, so that they can be cut: one relay per line, on loopback.

A line carries bytes and understands none of them. `cut` resets every connection at once; `lose_answers` lets a
request through and resets the connection as soon as its answer comes, so that the work is done and nobody hears of it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType

HOST = "127.0.0.1"
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_CHUNK = 65536


@dataclass(eq=False, slots=True)
class _Connection:
    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    deaf: bool = False

    def reset(self) -> None:
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            if sock is not None and sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


@dataclass(eq=False, slots=True)
class Line:
    """One relay to a port of this machine; `cut` and `lose_answers` may be called from any thread."""

    name: str
    target: int
    port: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _open: set[_Connection] = field(default_factory=set)
    _to_lose: int = 0
    _after: bytes = b""

    def cut(self) -> int:
        """Reset every connection; return how many there were."""
        return self._call(self._cut)

    def lose_answers(self, after: bytes, count: int) -> None:
        """Reset the next `count` connections whose answer comes to a request that contains `after`."""
        self._call(lambda: self._set(after, count))

    async def serve(self) -> asyncio.Server:
        """Listen on a free port."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._carry, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def _call(self, act: object) -> int:
        assert self._loop is not None and callable(act)  # noqa: S101, PT018 - a line is used once it serves
        done: Future[int] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(act()))
        return done.result(5)

    def _cut(self) -> int:
        carried = list(self._open)
        for connection in carried:
            connection.reset()
        return len(carried)

    def _set(self, after: bytes, count: int) -> int:
        self._after, self._to_lose = after, count
        return count

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection((writer, far_writer))
        self._open.add(connection)
        try:
            await asyncio.gather(
                self._requests(reader, far_writer, connection), self._answers(far_reader, writer, connection)
            )
        finally:
            self._open.discard(connection)

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        try:
            while data := await reader.read(_CHUNK):
                connection.deaf = connection.deaf or (self._to_lose > 0 and self._after in data)
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            connection.reset()

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        try:
            while data := await reader.read(_CHUNK):
                if connection.deaf and self._to_lose > 0:
                    self._to_lose -= 1
                    connection.reset()
                    return
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            connection.reset()


class Lines:
    """Relays by name, all in one thread of their own."""

    def __init__(self, targets: dict[str, int]) -> None:
        self._lines = {name: Line(name, port) for name, port in targets.items()}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="lines", daemon=True)

    def __enter__(self) -> Lines:
        self._thread.start()
        self._servers = [
            asyncio.run_coroutine_threadsafe(line.serve(), self._loop).result(5) for line in self._lines.values()
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def __getitem__(self, name: str) -> Line:
        return self._lines[name]

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        for line in self._lines.values():
            line._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
