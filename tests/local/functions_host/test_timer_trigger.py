import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func
import pytest

from local.functions_host.app_loading import load_functions
from local.functions_host.invocation import Invoker
from local.functions_host.settings import HostSettings
from local.functions_host.timer_trigger import FileStatusStore, MemoryStatusStore, StatusStore, TimerTrigger

START = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
Body = Callable[[func.TimerRequest, func.Context], None]


class Clock:
    """Time passes only while somebody sleeps; it ends after a while."""

    def __init__(self, instant: datetime, seconds: float) -> None:
        self.instant = instant
        self.end = instant + timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)
        if self.instant > self.end:
            raise asyncio.CancelledError
        await asyncio.sleep(0)


def status_of(timer: func.TimerRequest) -> dict[str, Any]:
    status: dict[str, Any] = timer.schedule_status  # type: ignore[attr-defined]
    return status


def run_timer(
    body: Body,
    clock: Clock,
    store: StatusStore | None = None,
    *,
    schedule: str = "0 * * * * *",
    run_on_startup: bool = False,
    use_monitor: bool = True,
    retry: dict[str, Any] | None = None,
) -> None:
    app = func.FunctionApp()

    def tick(timer: func.TimerRequest, context: func.Context) -> None:
        body(timer, context)

    decorated = app.timer_trigger(
        arg_name="timer", schedule=schedule, run_on_startup=run_on_startup, use_monitor=use_monitor
    )(tick)
    if retry:
        app.retry(**retry)(decorated)
    module = ModuleType("function_app")
    module.__dict__["app"] = app
    (function,) = load_functions(module)

    async def run() -> None:
        invoker = Invoker(asyncio.get_running_loop())
        settings = HostSettings(app_dir=Path(), environment={})
        timer = TimerTrigger(
            function, settings, invoker, store or MemoryStatusStore(), now=clock.now, sleep=clock.sleep
        )
        try:
            await timer.run()
        finally:
            invoker.close()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_a_timer_runs_at_each_occurrence_and_not_at_start() -> None:
    clock = Clock(START, 150)
    seen: list[tuple[datetime, bool]] = []

    run_timer(lambda timer, _: seen.append((clock.now(), timer.past_due)), clock)

    assert seen == [(START + timedelta(seconds=30 + 60 * n), False) for n in range(3)]


def test_a_timer_that_runs_on_startup_runs_at_once_too() -> None:
    clock = Clock(START, 31)
    seen: list[datetime] = []

    run_timer(lambda *_: seen.append(clock.now()), clock, run_on_startup=True)

    assert seen == [START, START + timedelta(seconds=30)]


def test_an_occurrence_missed_while_the_host_was_down_runs_at_start_as_past_due(tmp_path: Path) -> None:
    seen: list[tuple[datetime, bool, str | None]] = []
    clocks = [Clock(START, 31), Clock(START + timedelta(seconds=200), 50)]

    for clock in clocks:

        def note(timer: func.TimerRequest, _: func.Context, now: Callable[[], datetime] = clock.now) -> None:
            seen.append((now(), timer.past_due, status_of(timer).get("Last")))

        run_timer(note, clock, FileStatusStore(tmp_path / "state"))

    minute, late = START + timedelta(seconds=30), START + timedelta(seconds=200)
    assert seen == [
        (minute, False, None),
        (late, True, minute.isoformat()),
        (datetime(2026, 1, 1, 0, 4, tzinfo=UTC), False, late.isoformat()),
    ]


@pytest.mark.parametrize(("schedule", "use_monitor"), [("*/10 * * * * *", True), ("0 * * * * *", False)])
def test_a_frequent_or_unmonitored_timer_forgets_what_it_missed(
    tmp_path: Path, schedule: str, use_monitor: bool
) -> None:
    past_due: list[bool] = []
    statuses: list[object] = []

    def note(timer: func.TimerRequest, _: func.Context) -> None:
        past_due.append(timer.past_due)
        statuses.append(status_of(timer))

    for start in (START, START + timedelta(hours=1)):
        run_timer(note, Clock(start, 31), FileStatusStore(tmp_path), schedule=schedule, use_monitor=use_monitor)

    assert set(past_due) == {False}
    assert statuses == [{}] * len(statuses)
    assert list(tmp_path.iterdir()) == []


def test_an_unreadable_status_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "tick.json").write_text('{"Last": 7')
    seen: list[bool] = []

    run_timer(lambda timer, _: seen.append(timer.past_due), Clock(START, 31), FileStatusStore(tmp_path))

    assert seen == [False]


def test_an_invocation_that_outlasts_occurrences_is_followed_by_one_at_once() -> None:
    clock = Clock(START, 400)
    seen: list[datetime] = []

    def overrun(*_: object) -> None:
        seen.append(clock.now())
        if len(seen) == 1:
            clock.instant += timedelta(seconds=150)

    run_timer(overrun, clock)

    assert seen[:3] == [START + timedelta(seconds=seconds) for seconds in (30, 180, 210)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"strategy": "fixed_delay", "max_retry_count": "2", "delay_interval": "00:00:05"}, [0, 5, 10]),
        (
            {
                "strategy": "exponential_backoff",
                "max_retry_count": "4",
                "minimum_interval": "00:00:01",
                "maximum_interval": "00:00:03",
            },
            [0, 1, 3, 6, 9],
        ),
    ],
)
def test_a_failed_timer_is_retried_as_its_policy_says(policy: dict[str, Any], expected: list[int]) -> None:
    clock = Clock(START, 59)
    seen: list[tuple[float, int]] = []

    def refuse(_: func.TimerRequest, context: func.Context) -> None:
        seconds = (clock.now() - START).total_seconds() - 30
        seen.append((seconds, context.retry_context.retry_count))
        raise ValueError("again")

    run_timer(refuse, clock, retry=policy)

    assert seen == [(seconds, n) for n, seconds in enumerate(expected)]
