"""
`python -m local.functions_host APP_DIR --port N`: host the app until SIGTERM.

Prints `ready functions-host PORT` on stdout when everything listens. Exit codes: 0 stopped as asked, 2 usage or an
app that cannot be loaded as it is configured, 3 the port is taken.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from local.functions_host.app_loading import LoadedFunction, load_app
from local.functions_host.logs import log_to
from local.functions_host.program import serve
from local.functions_host.settings import HostSettings, read_settings
from local.functions_host.worker_place import WorkerPlace
from local.functions_host.workers import Workers
from local.supervisor.ports import HOST, listen
from local.supervisor.program import announce, run

NAME = "functions-host"


def main() -> int:
    """Run the host and return its exit code."""
    parser = argparse.ArgumentParser(prog="local.functions_host", description="Host an Azure Functions app locally.")
    parser.add_argument("app_dir", type=Path, metavar="APP_DIR", help="holds function_app.py and host.json")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default=HOST, help="the address to listen on (default: %(default)s)")
    arguments = parser.parse_args()
    settings = read_settings(arguments.app_dir, os.environ)
    log_to(os.fdopen(sys.stderr.fileno(), "wb", buffering=0, closefd=False), level=settings.log_level)
    with listen(NAME, arguments.port, arguments.host) as listener:
        # asyncio does this only for sockets that name their protocol; without it a kept-open connection waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port = int(listener.getsockname()[1])
        functions = load_app(arguments.app_dir)
        # What is loaded now stays: no later collection need look at it, and no worker copies it by doing so.
        gc.collect()
        gc.freeze()
        ready = partial(announce, NAME, port)
        if settings.workers == 1:
            return _work(functions, settings, listener, WorkerPlace(), ready)
        return Workers(settings.workers, listener).run(
            lambda place: _work(functions, place.share_of(settings), listener, place, place.say_ready), ready
        )


def _work(
    functions: tuple[LoadedFunction, ...],
    settings: HostSettings,
    listener: socket.socket,
    place: WorkerPlace,
    ready: Callable[[], None],
) -> int:
    in_time = asyncio.run(serve(functions, settings, listener, ready, place))
    if not in_time:
        # Threads of the overdue functions cannot be stopped; their messages have been given back.
        sys.stderr.flush()
        os._exit(0)
    return 0


if __name__ == "__main__":
    run(main)
