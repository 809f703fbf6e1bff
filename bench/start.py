"""Start-up: cold import of `function_app` against `import azure.functions`, and process to first durable ACK."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.platform import BenchPlatform

ROOT = Path(__file__).resolve().parents[1]
_ROUNDS = 7
Row = dict[str, object]


def run() -> list[Row]:
    """Return the import ratio, and the seconds from a fresh host process to its first AA."""
    return [_imports(), _first_acknowledgment()]


def _imports() -> Row:
    """Whole processes take turns; the empty interpreter is taken off both."""
    seconds: dict[str, list[float]] = {"pass": [], "import azure.functions": [], "import function_app": []}
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPATH"] = str(ROOT)
    for round_ in range(_ROUNDS + 1):
        for statement, values in seconds.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], env=environment, cwd=ROOT, check=True)  # noqa: S603
            if round_:  # the first round writes bytecode
                values.append(time.perf_counter() - began)
    middle = {statement: median(values) for statement, values in seconds.items()}
    azure = middle["import azure.functions"] - middle["pass"]
    ours = middle["import function_app"] - middle["pass"]
    return {
        "what": "import function_app / import azure.functions",
        "ratio": round(ours / azure, 2),
        "ms": round(ours * 1000),
        "azure.functions ms": round(azure * 1000),
    }


def _first_acknowledgment() -> Row:
    """Everything else runs; the host is ended and started again, and a sender posts until it gets its AA."""
    with tempfile.TemporaryDirectory() as folder, BenchPlatform(Path(folder)) as platform:
        platform.send_one("warm-up")
        took = [platform.restart_host_until_acknowledged(f"start-{number}") for number in range(3)]
    return {"what": "fresh host process to first AA, s", "median": round(median(took), 2), "runs": len(took)}
