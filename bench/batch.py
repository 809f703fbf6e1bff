"""
Real-time traffic beside a big file (requirements D08, D15, D16): what a partner's night batch costs everybody else.

The same open loop of small results, of other patients, is posted alone, beside a file of 2,000 items that is being
taken, processed and delivered, and alone again. The file's items have queues, a tier and a class of their own; on
this machine they share its cores with everything else, in Azure they have instances of their own. The rate is an
eighth of what a burst on this platform reached: what is measured is waiting, not saturation.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.open_loop import latencies, latency_row, post_evenly
from bench.pipeline import Row, burst, warm_up
from bench.platform import PARTNER, BenchPlatform, small_result
from bench.timing import percentile
from shared.adapters.file_landing import FileLanding
from shared.catalog.flows import INTAKE
from shared.catalog.model import FileDrop

_ITEMS = 2_000
_FILE_PATIENTS = 400
_SECONDS = 30
_SHARE = 8
_FEWEST = 60
_PATIENCE_SECONDS = 900.0
_OUTCOMES = ("processed", "delivered")
_BEGUN = "SELECT items FROM dropped_file WHERE items > 0"
_ITEMS_DONE = """
    SELECT count(*) FROM message
    WHERE starts_with(control_id, 'file-') AND status = 'processed' AND NOT EXISTS (
        SELECT 1 FROM delivery WHERE delivery.message_id = message.message_id AND delivery.status = 'due')
"""


def run(items: int = _ITEMS) -> list[Row]:
    """Return latencies alone and beside the file, their ratios, and how far the file came meanwhile."""
    with tempfile.TemporaryDirectory() as folder, BenchPlatform(Path(folder)) as platform:
        warm_up(platform)
        rate = burst(platform, "rate").rate / _SHARE
        count = max(round(rate * _SECONDS), _FEWEST)
        _alone(platform, "before", rate, count)
        drop(platform, items)
        began = time.perf_counter()
        post_evenly(platform, "beside", rate, count)
        took = time.perf_counter() - began
        ((done,),) = platform.query(_ITEMS_DONE)
        platform.wait_until_idle(_PATIENCE_SECONDS)
        whole = time.perf_counter() - began
        _alone(platform, "after", rate, count)
        found = [row for outcome in _OUTCOMES for row in _compared(platform, outcome, rate)]
    return [
        *found,
        {"what": "the file", "items": items, "done meanwhile": done, "in s": round(took), "all in s": round(whole)},
    ]


def _compared(platform: BenchPlatform, outcome: str, rate: float) -> list[Row]:
    alone = latencies(platform, "before", outcome) + latencies(platform, "after", outcome)
    beside = latencies(platform, "beside", outcome)
    what = f"received to {outcome} at {rate:.1f}/s"
    ratios = {f"p{share}": ratio(beside, alone, share / 100) for share in (50, 95, 99)}
    return [
        latency_row(f"{what}, alone", alone),
        latency_row(f"{what}, beside the file", beside),
        {"what": f"{outcome}: beside / alone", **ratios},
    ]


def ratio(beside: list[float], alone: list[float], share: float) -> float:
    """Return how many times as long the percentile is."""
    return round(percentile(beside, share) / percentile(alone, share), 2)


def drop(platform: BenchPlatform, items: int) -> None:
    """Put the file where the partner would, and return once its first items were taken."""
    inbound = INTAKE.step("take-files").inbound
    if not isinstance(inbound, FileDrop):
        raise TypeError("files are taken from a landing container")
    landing = FileLanding(platform.platform.layout.landing)
    landing.write(inbound.container, f"{PARTNER}/night.hl7", _pieces(items))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not platform.query(_BEGUN):
        if time.monotonic() > deadline:
            raise TimeoutError("the file of the benchmark was not taken")
        time.sleep(0.1)


def _pieces(items: int) -> Iterator[bytes]:
    for number in range(items):
        yield small_result(f"file-{number}", f"FILE-{number % _FILE_PATIENTS}")


def _alone(platform: BenchPlatform, name: str, rate: float, count: int) -> None:
    post_evenly(platform, name, rate, count)
    platform.wait_until_idle()
