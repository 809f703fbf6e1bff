"""What the supervisor is told about a program, and what it tells about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class State(StrEnum):
    """Where a component is in its life."""

    WAITING = "waiting"  # for what it depends on
    STARTING = "starting"
    READY = "ready"
    BACKING_OFF = "backing-off"  # it ended by itself and will be started again
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Component:
    """
    One program.

    It is ready when it prints `ready <name> ...`, or when `ready` returns True. `health` is asked from then on.
    Both may raise, which counts as False, and must come back within seconds. `env` goes over our own
    environment. `port` is checked before anything is started.
    """

    name: str
    argv: tuple[str, ...]
    log_file: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    after: tuple[str, ...] = ()
    ready: Callable[[], bool] | None = None
    health: Callable[[], bool] | None = None
    port: int | None = None
    port_option: str = "--port"
    ready_within: float = 60.0
    stop_within: float = 15.0


@dataclass(frozen=True, slots=True)
class Policy:
    """When the supervisor tries again and when it gives up, in seconds."""

    deaths: int = 5  # so many ...
    within: float = 60.0  # ... in this time end everything
    first_delay: float = 0.25
    longest_delay: float = 8.0
    health_every: float = 5.0
    health_failures: int = 3  # in a row: the component is killed and started again
    tick: float = 0.02

    def delay(self, deaths: int) -> float:
        """Return how long to wait after this many deaths in the window."""
        return min(self.longest_delay, self.first_delay * 2.0 ** (deaths - 1))


@dataclass(frozen=True, slots=True)
class Status:
    """A component as it is now; `pid` is None while no process runs."""

    name: str
    pid: int | None
    state: State
    restarts: int
    since: datetime
    log_file: Path
