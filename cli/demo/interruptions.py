"""What goes wrong during the day: a destination goes down, and, on request, processes are killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import httpx

from local.supervisor.component import Status

KILLED = ("functions-host", "service-bus", "postgres")
_POINTS = (0.25, 0.5, 0.75)
_OUTAGE_AT = 0.4
_OUTAGE_SECONDS = 3


class Interruptions:
    """
    Watches the day's progress and interferes at fixed points of it.

    At 40 % the EHR goes down for three seconds. With `kill`, at 25, 50 and 75 % the functions host, the bus and
    PostgreSQL are ended by SIGKILL, all three at once; the supervisor starts them again.
    """

    def __init__(
        self, total: int, destinations_url: str, snapshot: Callable[[], tuple[Status, ...]], *, kill: bool
    ) -> None:
        self._destinations_url = destinations_url
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._due: list[tuple[int, Callable[[], str]]] = [(int(total * _OUTAGE_AT), self._outage)]
        if kill:
            self._due += [(int(total * point), self._kill) for point in _POINTS]
        self._due.sort(key=lambda due: due[0])
        self.log: list[str] = []

    def at(self, answered: int) -> None:
        """Interfere if the day has come this far; called from the senders' threads."""
        with self._lock:
            while self._due and self._due[0][0] <= answered:
                point, act = self._due.pop(0)
                self.log.append(f"after {point} messages: {act()}")

    def _outage(self) -> str:
        order = {"destination": "fhir", "mode": "down", "for_seconds": _OUTAGE_SECONDS}
        httpx.post(f"{self._destinations_url}/admin/faults", json=order, timeout=5).raise_for_status()
        return f"harbor-ehr down for {_OUTAGE_SECONDS} s"

    def _kill(self) -> str:
        killed = []
        for status in self._snapshot():
            if status.name in KILLED and status.pid is not None:
                os.killpg(status.pid, signal.SIGKILL)
                killed.append(status.name)
        return f"killed {', '.join(killed)}"
