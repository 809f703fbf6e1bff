"""
What every program of the local platform has in common: how it says that it serves, and how it gives up.

    stdout      `ready <name> <port>` once, when it serves
    SIGTERM     a clean stop, exit 0
    exit 2      it cannot start as it is configured, one line on stderr
    exit 3      its port is taken, one line on stderr
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from local.supervisor.ports import PortTakenError
from shared.errors import ConfigurationError

MISCONFIGURED = 2
PORT_TAKEN = 3


def announce(name: str, port: int) -> None:
    """Say that the program serves; the supervisor waits for this line."""
    sys.stdout.write(f"ready {name} {port}\n")
    sys.stdout.flush()


def run(main: Callable[[], int]) -> NoReturn:
    """Run a program's main function and end the process, with one line when it cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        code = main()
    except ConfigurationError as error:
        sys.stderr.write(f"{error.text or error}\n")
        code = PORT_TAKEN if isinstance(error, PortTakenError) else MISCONFIGURED
    sys.exit(code)


def stop_requested() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; to be called on the main thread."""
    event = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: event.set())
    return event
