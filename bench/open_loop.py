"""Messages at a rate that no answer slows down, and how long each was on its way."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from bench.platform import BenchPlatform, small_result
from bench.timing import percentile

_SENDERS = 4
_PATIENTS = 25
_LATENCIES = """
    SELECT extract(epoch FROM (max(hop.at) - message.received_at)) * 1000
    FROM message JOIN hop USING (message_id)
    WHERE hop.outcome = '{outcome}' AND starts_with(message.control_id, '{name}-')
    GROUP BY message_id, message.received_at
"""


def post_evenly(platform: BenchPlatform, name: str, rate: float, count: int) -> None:
    """Post `count` messages whose control ids begin with `name`, at `rate` a second, whatever the answers take."""
    start = time.perf_counter() + 0.2

    def post(sender: int) -> None:
        with platform.sender() as client:
            for number in range(sender, count, _SENDERS):
                time.sleep(max(start + number / rate - time.perf_counter(), 0))
                client.send(small_result(f"{name}-{sender}-{number}", f"BENCH-{sender}-{number % _PATIENTS}"))

    with ThreadPoolExecutor(_SENDERS) as senders:
        list(senders.map(post, range(_SENDERS)))


def latencies(platform: BenchPlatform, name: str, outcome: str = "delivered") -> list[float]:
    """Return, in milliseconds, how long each message of that name took from its receipt to its last such outcome."""
    return [float(row[0]) for row in platform.query(_LATENCIES.format(name=name, outcome=outcome))]


def latency_row(what: str, found: list[float]) -> dict[str, object]:
    """Return the row of a table."""
    return {
        "what": what,
        "messages": len(found),
        "ms p50": round(percentile(found, 0.5)),
        "ms p95": round(percentile(found, 0.95)),
        "ms p99": round(percentile(found, 0.99)),
    }
