"""A message of ten megabytes: within 300 MB and five seconds, and no more than in proportion."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A process of its own: the highest memory of this one says nothing about one message.
PROGRAM = """
import json, resource, sys, time
from datetime import UTC, datetime
from bench.messages import many_results
from shared.conversion import convert
from shared.formats.fhir.encoding import serialize

payload = many_results(int(sys.argv[1])).replace(b"-0400\\r", b"-0400||||" + b"A" * 100 + b"\\r")
began = time.process_time()
(conversion,) = convert(payload, source="hl7v2", received=datetime(2026, 3, 14, tzinfo=UTC))
written = serialize(conversion.bundle)
took = time.process_time() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
entries = len(conversion.bundle["entry"])
print(json.dumps({"bytes": len(payload), "seconds": took, "megabytes": peak, "entries": entries}))
"""


def measured(results: int) -> dict[str, float]:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(results)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return dict(json.loads(run.stdout))


@pytest.mark.long
def test_ten_megabytes_are_converted_within_300_megabytes_and_five_seconds() -> None:
    small, large = measured(5_000), measured(50_000)

    assert large["bytes"] > 10_000_000
    assert large["entries"] > 50_000
    assert large["megabytes"] < 300
    assert large["seconds"] < 5
    # Ten times the results take no more than in proportion, a little noise of the machine allowed.
    assert large["seconds"] < 10 * small["seconds"] * 1.6
