"""A short soak with every fault: what reaches the destinations is judged by what they themselves noted."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform_process import PORTS_IN_A_ROW, corridor, free_row, is_free, processes_of


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("a soak of") / "one storm"
    yield path
    shutil.rmtree(path / "postgres" / "data", ignore_errors=True)  # large; the logs stay


def test_under_every_fault_nothing_is_lost_doubled_or_out_of_order(folder: Path) -> None:
    port, result = free_row(), folder.parent / "soak.json"
    options = ("--rate", "4", "--minutes", "0.3", "--seed", "7", "--patience", "90", "--json", result)
    done = corridor("soak", "--data", folder, "--port", str(port), *options)

    assert 0 == done.returncode, done.stdout + done.stderr
    told = json.loads(result.read_text())
    listed = corridor("soak", "--faults", "list").stdout.splitlines()
    assert {line.split()[0] for line in listed} == set(told["faults"])
    assert {book: [] for book in told["verdict"]} == told["verdict"]
    assert told["arrivals"] > told["messages"] > 60
    assert told["merges"] > 0
    assert told["out_of_order"]["early"] > 0
    assert told["out_of_order"]["outdated"] > 0
    assert 0 == told["in_flight"]
    assert re.search(r"kill-host: functions-host was away", done.stdout)
    assert [] == list(processes_of(folder))
    assert [] == [taken for taken in range(port, port + PORTS_IN_A_ROW) if not is_free(taken)]
