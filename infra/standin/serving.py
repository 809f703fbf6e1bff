"""A plugin's life: it says on which port it listens, and ends with the process that started it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent import futures
from contextlib import suppress

import grpc  # type: ignore[import-untyped]

# What Pulumi allows itself for one message.
_LARGEST = 400 * 1024 * 1024
_OPTIONS = (("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST))
_SECONDS = 1


def started(add: Callable[[grpc.Server], None]) -> tuple[grpc.Server, int]:
    """Return a server with the service that `add` adds, and its port on this machine."""
    server = grpc.server(futures.ThreadPoolExecutor(32), options=_OPTIONS)
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve(add: Callable[[grpc.Server], None]) -> None:
    """Serve until the engine is gone: one that was killed would leave its plugins behind."""
    engine = os.getppid()
    server, port = started(add)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # how the command line tells a plugin that it is done
        while server.wait_for_termination(_SECONDS) and os.getppid() == engine:
            pass
    server.stop(None).wait()
