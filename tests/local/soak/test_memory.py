"""A program's memory is told by its lives: a leak is seen, a restart is none, and warming up is none."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from local.soak.memory import Memory, Trend, watched_memory
from local.supervisor.component import State, Status

_MIB = 1 << 20


def lived(memory: Memory, name: str, pid: int, *held: int, began: int = 0) -> None:
    memory.lives[name, pid] = [(float(began + 10 * number), each * _MIB) for number, each in enumerate(held)]


def test_a_leak_is_told_by_the_quarters_of_a_life() -> None:
    memory = Memory()
    lived(memory, "functions-host", 1, *range(100, 200))

    assert {"functions-host": Trend(990.0, 117 * _MIB, 188 * _MIB)} == memory.trends()
    assert memory.trends()["functions-host"].grows


def test_memory_that_goes_up_and_down_is_flat_and_so_is_a_little_more() -> None:
    memory = Memory()
    lived(memory, "functions-host", 1, *[100, 140] * 40)
    lived(memory, "issuer", 2, *[30] * 40, *[40] * 40)

    assert not any(trend.grows for trend in memory.trends().values())


def test_caches_that_fill_in_the_first_minute_are_no_growth() -> None:
    memory = Memory()
    lived(memory, "functions-host", 1, 40, 60, 80, 100, 120, 140, *[150] * 40)

    assert Trend(450.0, 150 * _MIB, 150 * _MIB) == memory.trends()["functions-host"]


def test_each_life_is_told_alone_and_the_longest_speaks() -> None:
    memory = Memory()
    lived(memory, "functions-host", 1, *[100] * 20)
    lived(memory, "functions-host", 2, *[180] * 40, began=200)
    lived(memory, "functions-host", 3, *[300] * 9, began=600)

    assert {"functions-host": Trend(390.0, 180 * _MIB, 180 * _MIB)} == memory.trends()
    assert 3 == memory.lives_of("functions-host")


def test_a_life_too_short_tells_nothing() -> None:
    memory = Memory()
    lived(memory, "functions-host", 1, *range(100, 113))

    assert {} == memory.trends()


def test_programs_that_run_are_watched_and_those_that_do_not_are_not() -> None:
    here = Status("here", os.getpid(), State.READY, 0, datetime(2026, 3, 14, tzinfo=UTC), Path("log"))
    away = Status("away", None, State.BACKING_OFF, 1, here.since, Path("log"))
    memory = Memory()

    memory.sample([here, away], 5.0)

    assert [("here", os.getpid())] == list(memory.lives)
    ((at, held),) = memory.lives["here", os.getpid()]
    assert 5.0 == at
    assert held > 10 * _MIB


def test_watching_ends_with_its_block() -> None:
    with watched_memory(lambda: (), 10.0) as memory:
        pass

    assert {} == memory.lives
