"""
The whole way, on this machine: accepted POST to delivery at two destinations, with fsync and synchronous commit on.

Two figures: the rate at which a burst is worked off end to end, and the latency of single messages when the system
has nothing else to do. Every process shares the machine's cores with the senders.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.platform import PARTNER, BenchPlatform, small_result
from bench.timing import percentile
from cli.partner_client import PartnerClient

_BURST = 400
_SENDERS = 4
_SINGLES = 40
Row = dict[str, object]

_LATENCIES = """
    SELECT extract(epoch FROM (max(hop.at) - message.received_at)) * 1000
    FROM message JOIN hop USING (message_id)
    WHERE hop.outcome = 'delivered' AND message.control_id LIKE 'single-%'
    GROUP BY message_id, message.received_at
"""


def run() -> list[Row]:
    """Return the burst's rates and the singles' latencies."""
    with tempfile.TemporaryDirectory() as folder, BenchPlatform(Path(folder)) as platform:
        platform.send_one("warm-up")
        _wait_for_deliveries(platform, 2)
        burst = _burst(platform)
        return [burst, _singles(platform)]


def _burst(platform: BenchPlatform) -> Row:
    before = _delivered(platform)
    began = time.perf_counter()
    with ThreadPoolExecutor(_SENDERS) as senders:
        answers = [
            latency
            for sent in senders.map(lambda sender: _post(platform, sender), range(_SENDERS))
            for latency in sent
        ]
    accepted_in = time.perf_counter() - began
    _wait_for_deliveries(platform, before + 2 * _BURST)
    done_in = time.perf_counter() - began
    return {
        "what": f"burst of {_BURST} from {_SENDERS} senders",
        "accepted/s": round(_BURST / accepted_in),
        "delivered to both/s": round(_BURST / done_in),
        "ACK ms p50": round(percentile(answers, 0.5) * 1000),
        "ACK ms p95": round(percentile(answers, 0.95) * 1000),
        "ACK ms p99": round(percentile(answers, 0.99) * 1000),
    }


def _post(platform: BenchPlatform, sender: int) -> list[float]:
    latencies = []
    with PartnerClient(PARTNER, platform.access()) as client:
        for number in range(_BURST // _SENDERS):
            began = time.perf_counter()
            control_id = f"burst-{sender}-{number}"
            if not client.send(small_result(control_id, f"BENCH-{sender}-{number % 25}")).is_accepted:
                raise RuntimeError("a message of the benchmark was refused")
            latencies.append(time.perf_counter() - began)
    return latencies


def _singles(platform: BenchPlatform) -> Row:
    for number in range(_SINGLES):
        before = _delivered(platform)
        platform.send_one(f"single-{number}")
        _wait_for_deliveries(platform, before + 2)
    found = [float(row[0]) for row in platform.query(_LATENCIES)]  # type: ignore[arg-type]
    return {
        "what": f"{len(found)} single messages, received to second delivery",
        "ms p50": round(percentile(found, 0.5)),
        "ms p95": round(percentile(found, 0.95)),
        "ms p99": round(percentile(found, 0.99)),
    }


def _delivered(platform: BenchPlatform) -> int:
    ((count,),) = platform.query("SELECT count(*) FROM delivery WHERE status = 'delivered'")
    return int(count)  # type: ignore[call-overload, no-any-return]


def _wait_for_deliveries(platform: BenchPlatform, count: int, patience: float = 120.0) -> None:
    deadline = time.monotonic() + patience
    while _delivered(platform) < count:
        if time.monotonic() > deadline:
            raise TimeoutError("the deliveries of the benchmark did not arrive")
        time.sleep(0.02)
