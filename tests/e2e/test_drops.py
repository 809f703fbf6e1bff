"""A file is dropped, taken item by item and answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.er7 import Hl7
from tests.e2e.platform_process import ROOT, PlatformProcess, wait_until

CONTAINER = "hl7v2-drops"


def drop(platform: PlatformProcess, file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "cli",
            "drop",
            "--partner",
            "riverside-lab",
            *words,
            "--data",
            str(platform.data),
            file,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def batch(messages: list[Hl7]) -> bytes:
    head = b"FHS|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR\rBHS|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR\r"
    return head + b"".join(message.payload for message in messages) + f"BTS|{len(messages)}\rFTS|1\r".encode()


def test_a_file_is_taken_once_though_its_worker_is_killed(platform: PlatformProcess, tmp_path: Path) -> None:
    messages = [Hl7() for _ in range(30)]
    file = tmp_path / "night.hl7"
    file.write_bytes(batch(messages))

    assert 0 == drop(platform, file).returncode
    taken = "select coalesce(max(items), 0) from dropped_file"
    wait_until(lambda: platform.rows(taken)[0][0] > 0, 60, "the first item")
    os.kill(platform.process("local.functions_host"), signal.SIGKILL)
    answer = platform.data / "landing" / CONTAINER / "riverside-lab" / "night.hl7.ack"
    wait_until(answer.exists, 90, "the acknowledgment file")

    assert 30 == answer.read_bytes().count(b"\rMSA|AA|")
    ids = [message.control_id for message in messages]
    counted = "select count(*) from message where control_id = any(%s)"
    assert [(30,)] == platform.rows(counted, ids)
    again = drop(platform, file, "--wait", "60")
    assert (0, "30 AA") == (again.returncode, again.stdout.splitlines()[-1].strip())
    assert [(30,)] == platform.rows(counted, ids)
