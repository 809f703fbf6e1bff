"""
Timer triggers: at most one invocation of a timer at a time, missed occurrences noticed, `@retry` honoured.

As in Azure, `use_monitor` keeps the last and the next occurrence across restarts, so that a missed one runs at start
with `past_due`; a schedule more frequent than once a minute is never monitored. An invocation that outlasts the next
occurrence is followed by exactly one more at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from azure.functions.meta import Datum

from local.functions_host.app_loading import LoadedFunction
from local.functions_host.function_context import Retry, Trace
from local.functions_host.invocation import Call, Invoker
from local.functions_host.logs import event
from local.functions_host.schedules import parse_schedule
from local.functions_host.settings import HostSettings, time_span
from shared.errors import ConfigurationError
from shared.trace_context import start_trace

_MINUTE = timedelta(minutes=1)
_LONGEST_SLEEP = 3600.0


@dataclass(frozen=True, slots=True)
class ScheduleStatus:
    """Which occurrence ran last and which is next."""

    last: datetime | None
    next: datetime
    last_updated: datetime

    def as_json(self) -> dict[str, str | None]:
        """Return the status with the names that Azure gives it."""
        return {
            "Last": self.last.isoformat() if self.last else None,
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }


class StatusStore(Protocol):
    """Keeps the status of each timer."""

    def read(self, timer: str) -> ScheduleStatus | None:
        """Return the status of `timer`, None when it never ran."""

    def write(self, timer: str, status: ScheduleStatus) -> None:
        """Keep `status` for `timer`."""


class MemoryStatusStore:
    """Forgets with the process."""

    def __init__(self) -> None:
        self._statuses: dict[str, ScheduleStatus] = {}

    def read(self, timer: str) -> ScheduleStatus | None:
        """Return the status of `timer`, None when it never ran."""
        return self._statuses.get(timer)

    def write(self, timer: str, status: ScheduleStatus) -> None:
        """Keep `status` for `timer`."""
        self._statuses[timer] = status


class FileStatusStore:
    """One small file per timer, replaced atomically; an unreadable file counts as no status."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def read(self, timer: str) -> ScheduleStatus | None:
        """Return the status of `timer`, None when it never ran."""
        try:
            status = json.loads(self._path(timer).read_text(encoding="utf-8"))
            last = status["Last"]
            return ScheduleStatus(
                last=datetime.fromisoformat(last) if last else None,
                next=datetime.fromisoformat(status["Next"]),
                last_updated=datetime.fromisoformat(status["LastUpdated"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, timer: str, status: ScheduleStatus) -> None:
        """Keep `status` for `timer`."""
        path = self._path(timer)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(status.as_json()), encoding="utf-8")
        os.replace(draft, path)

    def _path(self, timer: str) -> Path:
        return self._directory / f"{timer}.json"


def status_store(settings: HostSettings) -> StatusStore:
    """Return the store that the settings ask for."""
    if settings.state_dir is None:
        return MemoryStatusStore()
    return FileStatusStore(settings.state_dir / "timers")


def utc_now() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


class TimerTrigger:
    """Runs one function by its schedule."""

    def __init__(
        self,
        function: LoadedFunction,
        settings: HostSettings,
        invoker: Invoker,
        store: StatusStore,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._function = function
        self._invoker = invoker
        self._store = store
        self._now = now
        self._sleep = sleep
        self._following = parse_schedule(settings.resolve(str(function.trigger["schedule"])))
        self._run_on_startup = bool(function.trigger.get("runOnStartup"))
        self._retries = _RetryPolicy.of(function)
        self._turn = asyncio.Lock()
        self._stopping = False
        first = self._following(now())
        often = self._following(first) - first < _MINUTE
        self._monitored = function.trigger.get("useMonitor") is not False and not often

    async def run(self) -> None:
        """Run every occurrence until the task is cancelled between two of them or `stop` was called."""
        status = self._store.read(self._function.name) if self._monitored else None
        now = self._now()
        if status is not None and status.next <= now:
            status = await self._occurrence(status, past_due=True)
        elif self._run_on_startup:
            status = await self._occurrence(status, past_due=False)
        if status is None:
            status = ScheduleStatus(last=None, next=self._following(now), last_updated=now)
            self._keep(status)
        while not self._stopping:
            wait = (status.next - self._now()).total_seconds()
            if wait > 0:
                await self._sleep(min(wait, _LONGEST_SLEEP))
                continue
            status = await self._occurrence(status, past_due=False)

    async def run_once(self) -> None:
        """Run the function now, after a running invocation has ended."""
        await self._invoke(None, past_due=False)

    def stop(self) -> None:
        """Begin no further occurrence or retry."""
        self._stopping = True

    async def _occurrence(self, status: ScheduleStatus | None, *, past_due: bool) -> ScheduleStatus:
        began = self._now()
        await self._invoke(status, past_due=past_due)
        following = ScheduleStatus(last=began, next=self._following(began), last_updated=began)
        self._keep(following)
        return following

    def _keep(self, status: ScheduleStatus) -> None:
        if self._monitored:
            self._store.write(self._function.name, status)

    async def _invoke(self, status: ScheduleStatus | None, *, past_due: bool) -> None:
        datum = timer_datum(status if self._monitored else None, past_due=past_due)
        async with self._turn:
            retry = Retry(0, self._retries.most)
            while True:
                outcome = await self._invoker.invoke(Call(self._function, datum, Trace(start_trace()), retry=retry))
                if outcome.succeeded or self._stopping or not self._retries.allows(retry.retry_count):
                    return
                await self._sleep(self._retries.delay(retry.retry_count))
                retry = Retry(retry.retry_count + 1, self._retries.most)
                event("Retrying", level=logging.WARNING, function=self._function.name, retry=retry.retry_count)


def timer_datum(status: ScheduleStatus | None, *, past_due: bool) -> Datum:
    """Return what the worker is told about an occurrence."""
    info = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status.as_json() if status else None,
        "IsPastDue": past_due,
    }
    return Datum(json.dumps(info), "json")


@dataclass(frozen=True, slots=True)
class _RetryPolicy:
    most: int = 0
    first: timedelta = timedelta()
    longest: timedelta = timedelta()
    doubles: bool = False

    @classmethod
    def of(cls, function: LoadedFunction) -> _RetryPolicy:
        policy: Mapping[str, Any] | None = function.retry
        if policy is None:
            return cls()
        most = int(policy["max_retry_count"])
        if policy.get("strategy") == "fixed_delay":
            delay = _span(function, policy.get("delay_interval"))
            return cls(most, delay, delay)
        first = _span(function, policy.get("minimum_interval"))
        return cls(most, first, _span(function, policy.get("maximum_interval")), doubles=True)

    def allows(self, retries_so_far: int) -> bool:
        return self.most < 0 or retries_so_far < self.most

    def delay(self, retries_so_far: int) -> float:
        if not self.doubles:
            return self.first.total_seconds()
        return min(self.first.total_seconds() * 2.0 ** min(retries_so_far, 30), self.longest.total_seconds())


def _span(function: LoadedFunction, text: object) -> timedelta:
    span = time_span(str(text))
    if span is None:
        raise ConfigurationError("retry-invalid", function.name, f"{text!r} is no TimeSpan")
    return span
