"""Serve ASGI applications as a program of the local platform: sockets first, `ready` when it is true, then SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from local.supervisor.program import announce


@dataclass(frozen=True, slots=True)
class Listener:
    """One application on one listening socket (see `local.supervisor.ports.listen`), over https with a certificate."""

    name: str
    app: ASGIApp
    socket: socket.socket
    certificate: Path | None = None
    key: Path | None = None

    @property
    def port(self) -> int:
        """The port in use, also when any free one was asked for."""
        return int(self.socket.getsockname()[1])


class _Server(uvicorn.Server):
    """A server that leaves signals alone: one program may run several, and ends with 0 when it is told to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def serve(listeners: Sequence[Listener]) -> int:
    """Serve until SIGTERM or SIGINT and return 0; each listener is announced, the last one last."""
    return asyncio.run(_serve(listeners))


async def _serve(listeners: Sequence[Listener]) -> int:
    servers = [_Server(_configuration(listener)) for listener in listeners]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stop)
    async with asyncio.TaskGroup() as group:
        for server, listener in zip(servers, listeners, strict=True):
            group.create_task(server.serve(sockets=[listener.socket]))
        while not all(server.started or server.should_exit for server in servers):
            await asyncio.sleep(0.01)
        for listener in listeners if all(server.started for server in servers) else ():
            announce(listener.name, listener.port)
    return 0


def _configuration(listener: Listener) -> uvicorn.Config:
    return uvicorn.Config(
        listener.app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        # A client that keeps a TLS connection open would hold up the end; our requests last milliseconds.
        timeout_graceful_shutdown=1,
        ssl_certfile=listener.certificate,
        ssl_keyfile=listener.key,
    )
