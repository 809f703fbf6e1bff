"""
The whole way on this machine: accepted POST to delivery at two destinations, with fsync and synchronous commit on.

Corridor and its floor (`bench.floor`) take turns at bursts, so that whatever else the machine does meets both. A rate
counts from the first POST to the last delivery, with every program and the senders on the same cores. Latencies are
those of an open loop at half of Corridor's rate. CPU is counted by the kernel per program and by the host per
function; a rate depends on what else runs, CPU per message far less.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import httpx

from bench.growth import grow
from bench.open_loop import latencies, latency_row, post_evenly
from bench.platform import BenchPlatform, small_result
from bench.processes import cpu_seconds
from bench.running_floor import RunningFloor, running_floor
from bench.sender import Sender
from bench.stages import stages
from bench.timing import percentile

_ROUNDS = 3
_BURST = 400
_SENDERS = 4
_PATIENTS = 25
_LATENCY_SECONDS = 15
_PATIENCE_SECONDS = 120.0
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst: messages per second end to end, the senders' waits, and CPU milliseconds per message by program."""

    rate: float
    answers: list[float]
    cpu: dict[str, float]

    @property
    def whole_cpu(self) -> float:
        """CPU milliseconds of a message in all programs together."""
        return sum(self.cpu.values())


def run(rows: int = 0) -> list[Row]:
    """Return rates, ratios, latencies, CPU and bytes; with `rows`, also what a message costs beside that many."""
    with (
        tempfile.TemporaryDirectory() as folder,
        BenchPlatform(Path(folder)) as platform,
        running_floor(platform.platform, platform.superuser_url) as floor,
    ):
        warm_up(platform)
        _floor_burst(floor, platform, 20)
        before = stages(platform)
        pairs = [(_floor_burst(floor, platform, _BURST), burst(platform, f"burst-{n}")) for n in range(_ROUNDS)]
        by_stage = (stages(platform) - before).rows(_ROUNDS * _BURST)
        floors, ours = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        found = [*rates(floors, ours), _latencies(platform, median(one.rate for one in ours) / 2)]
        return [
            *found,
            *_programs(floors, ours),
            *by_stage,
            *(grow(platform.ledger, rows, lambda name: burst(platform, name)) if rows else []),
        ]


def warm_up(platform: BenchPlatform) -> None:
    """Send what opens every connection and receiver."""
    burst(platform, "warm-up", 40)


def burst(platform: BenchPlatform, name: str, count: int = _BURST) -> Burst:
    """Post `count` messages from four senders and wait until all of them are delivered to both destinations."""

    def payloads(sender: int) -> list[bytes]:
        each = range(count // _SENDERS)
        return [small_result(f"{name}-{sender}-{number}", f"BENCH-{sender}-{number % _PATIENTS}") for number in each]

    return _measured(platform.sender, payloads, platform.wait_until_idle, platform.pids)


def _floor_burst(floor: RunningFloor, platform: BenchPlatform, count: int) -> Burst:
    with httpx.Client(trust_env=False) as watcher:
        expected = _sent(watcher, floor) + count

        def wait() -> None:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while _sent(watcher, floor) < expected:
                if time.monotonic() > deadline:
                    raise TimeoutError("what was posted to the floor did not arrive")
                time.sleep(0.05)

        def payloads(sender: int) -> list[bytes]:
            return [small_result(f"{sender}-{number}") for number in range(count // _SENDERS)]

        shared = {name: platform.pids()[name] for name in ("postgres", "destinations")}
        return _measured(lambda: Sender(floor.url, {}), payloads, wait, lambda: {**shared, **floor.pids()})


def _sent(watcher: httpx.Client, floor: RunningFloor) -> int:
    return int(watcher.get(f"{floor.url}/sent").text)


def _measured(
    new_sender: Callable[[], Sender],
    payloads: Callable[[int], list[bytes]],
    wait: Callable[[], None],
    pids: Callable[[], dict[str, int]],
) -> Burst:
    """Post what each sender has, all at once, and wait; what the senders need is made before."""
    lots = [payloads(number) for number in range(_SENDERS)]
    with ExitStack() as stack, ThreadPoolExecutor(_SENDERS) as threads:
        senders = [stack.enter_context(new_sender()) for _ in lots]
        before = {name: cpu_seconds(pid) for name, pid in pids().items()}
        began = time.perf_counter()
        answers = [answer for answers in threads.map(_posted, senders, lots) for answer in answers]
        wait()
        took = time.perf_counter() - began
        used = {name: cpu_seconds(pid) - before[name] for name, pid in pids().items()}
    count = len(answers)
    return Burst(count / took, answers, {name: seconds / count * 1000 for name, seconds in used.items()})


def _posted(sender: Sender, payloads: list[bytes]) -> list[float]:
    return [_timed(partial(sender.send, payload)) for payload in payloads]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rates(floors: list[Burst], ours: list[Burst]) -> list[Row]:
    """Return the floor's row, ours, and the middle of what each round's pair says."""
    rate = [round(corridor.rate / floor.rate, 2) for floor, corridor in zip(floors, ours, strict=True)]
    cpu = [round(floor.whole_cpu / corridor.whole_cpu, 2) for floor, corridor in zip(floors, ours, strict=True)]
    rows = [_rate_row("floor: one commit, one hop, one send", floors), _rate_row("corridor: two destinations", ours)]
    return [*rows, {"what": "corridor / floor", "rate": median(rate), "cpu": median(cpu), "each round": str(rate)}]


def _rate_row(what: str, bursts: list[Burst]) -> Row:
    answers = [wait * 1000 for one in bursts for wait in one.answers]
    return {
        "what": what,
        "messages/s": round(median(one.rate for one in bursts), 1),
        "CPU ms": round(median(one.whole_cpu for one in bursts), 1),
        "answer ms p50": round(percentile(answers, 0.5)),
        "answer ms p95": round(percentile(answers, 0.95)),
        "answer ms p99": round(percentile(answers, 0.99)),
    }


def _programs(floors: list[Burst], ours: list[Burst]) -> list[Row]:
    rows: list[Row] = []
    for what, bursts in (("floor", floors), ("corridor", ours)):
        used = {name: median(one.cpu[name] for one in bursts) for name in bursts[0].cpu}
        rows += [
            {"CPU of": what, "program": name, "ms per message": round(value, 2)}
            for name, value in sorted(used.items(), key=lambda item: -item[1])
            if value >= 0.005
        ]
    return rows


def _latencies(platform: BenchPlatform, rate: float) -> Row:
    """Post at `rate`, whatever the answers take, and read from the ledger how long each message was on its way."""
    post_evenly(platform, "half", rate, max(int(rate * _LATENCY_SECONDS), 8))
    platform.wait_until_idle()
    return latency_row(f"received to second delivery at {rate:.1f}/s", latencies(platform, "half"))
