"""A process whose clock jumps, and which knows nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import local.soak

FOLDER = Path(local.soak.__file__).parent / "skewed_clock"
PROGRAM = """
import json, time, sys
from datetime import UTC, date, datetime, timedelta
import psycopg, orjson
plain = type(datetime.now(UTC))
print(json.dumps({
    "now": datetime.now(UTC).timestamp(), "time": time.time(), "utcnow": datetime.utcnow().isoformat()[:2],
    "plain": [isinstance(one, datetime) and type(one) is plain for one in (
        datetime(2026, 3, 14, tzinfo=UTC), datetime.fromisoformat("2026-03-14"), datetime.now(), datetime.min)],
    "date": isinstance(date(2026, 3, 14), datetime), "kind": issubclass(plain, datetime),
    "written": orjson.dumps(datetime(2026, 3, 14, tzinfo=UTC)).decode(),
}))
"""


def run(skew: Path) -> dict[str, object]:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "SKEW_FILE": str(skew), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True, timeout=60
    )
    return dict(json.loads(done.stdout))


def test_the_clock_is_off_by_what_the_file_says_and_everything_else_is_as_ever(tmp_path: Path) -> None:
    right = run(tmp_path / "skew")
    (tmp_path / "skew").write_text("-7200")
    wrong = run(tmp_path / "skew")

    for name in ("now", "time"):
        assert -7300 < float(str(wrong[name])) - float(str(right[name])) < -7100
    for told in (right, wrong):
        assert [True] * 4 == told["plain"]
        assert (False, True) == (told["date"], told["kind"])
        assert '"2026-03-14T00:00:00+00:00"' == told["written"]
