from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.platform_process import PORTS_IN_A_ROW, corridor, free_row, is_free, loose_modes, processes_of

# Empty: it says only that a demo made the folder.


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("a demo of") / "one day"
    yield path
    shutil.rmtree(path / "postgres" / "data", ignore_errors=True)  # large; the logs stay


def live(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a demo to its end; whatever comes of it, nothing may be left of its processes."""
    port = free_row()
    done = corridor("demo", "--exit", "--data", folder, "--port", str(port), *options)
    assert [] == list(processes_of(folder))
    assert [] == [taken for taken in range(port, port + PORTS_IN_A_ROW) if not is_free(taken)]
    return done


@pytest.mark.unmeasured
def test_a_day_goes_well_and_again_in_the_same_folder(folder: Path) -> None:
    for _ in range(2):
        done = live(folder, "--messages", "150")
        assert 0 == done.returncode, done.stdout + done.stderr
        assert "150 posted: " in done.stdout
        assert "Nothing lost, nothing doubled, every patient in order" in done.stdout
        assert "The books balance; 0 in flight." in done.stdout
        assert {} == loose_modes(folder)

    for command in (("trace", "any-id"), ("reconcile",)):
        told = corridor(*command, "--data", folder)
        assert (1, "", 1) == (told.returncode, told.stdout, len(told.stderr.splitlines())), told.stderr
        assert told.stderr.startswith("corridor: ")
    (folder / "message.hl7").write_text("MSH|")
    told = corridor("send", "--partner", "riverside-lab", "--data", folder, folder / "message.hl7")
    assert (1, "", 1) == (told.returncode, told.stdout, len(told.stderr.splitlines())), told.stderr
    assert "not-reachable" in told.stderr


def test_a_day_with_three_kills_goes_well_too(folder: Path) -> None:
    done = live(folder, "--kill", "--messages", "200")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 3 == len(re.findall("killed .*functions-host", done.stdout))
    assert "Nothing lost, nothing doubled, every patient in order" in done.stdout


def test_a_demo_empties_no_folder_that_it_did_not_make(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("irreplaceable")
    done = live(folder)

    assert 2 == done.returncode
    assert "irreplaceable" == (folder / "thesis.txt").read_text()


def test_a_platform_that_never_ran_is_one_line(folder: Path) -> None:
    for command in (("trace", "any-id"), ("reconcile",)):
        done = corridor(*command, "--data", folder)

        assert (1, "") == (done.returncode, done.stdout)
        assert [f"corridor: not-running: {folder}: start it with: ./corridor up"] == done.stderr.splitlines()
    assert not folder.exists()
