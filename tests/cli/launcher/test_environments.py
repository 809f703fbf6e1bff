import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MADE_ANEW = ["venv --python", "pip sync"]
MENDED = ["pip sync"]


def test_an_environment_is_made_on_first_use_and_stamped_last(checkout) -> None:
    started = checkout.start(["version"])

    assert (0, MADE_ANEW) == (started.returncode, checkout.uv_calls())
    assert (checkout.environment("local") / "corridor-stamp").exists()


def test_a_changed_lock_is_brought_in_by_difference(checkout) -> None:
    checkout.start(["version"])
    with (checkout.root / "requirements" / "local.txt").open("a") as lock:
        lock.write("# another pin\n")

    checkout.start(["version"])

    assert MADE_ANEW + MENDED == checkout.uv_calls()


def test_an_environment_whose_mending_failed_is_made_anew(checkout) -> None:
    checkout.start(["version"])
    with (checkout.root / "requirements" / "local.txt").open("a") as lock:
        lock.write("# another pin\n")
    checkout.start(["version"], FAKE_UV_FAILS="yes")

    started = checkout.start(["version"])

    assert (0, MADE_ANEW + MENDED + MADE_ANEW) == (started.returncode, checkout.uv_calls())


def test_an_interrupted_environment_is_made_anew(checkout) -> None:
    half_made = checkout.environment("local") / "half-made"
    half_made.parent.mkdir()
    half_made.touch()

    checkout.start(["version"])

    assert MADE_ANEW == checkout.uv_calls()
    assert not half_made.exists()


def test_an_environment_that_starts_us_can_be_made_anew_itself(checkout) -> None:
    checkout.start(["version"])
    (checkout.environment("local") / "corridor-stamp").unlink()

    started = checkout.start(["version"], CORRIDOR_PYTHON="")

    assert (0, MADE_ANEW + MADE_ANEW) == (started.returncode, checkout.uv_calls())


def test_a_repository_that_moved_makes_its_environments_anew(checkout) -> None:
    checkout.start(["version"])
    moved = checkout.root.with_name("moved")
    shutil.move(checkout.root, moved)
    uv = moved / ".corridor" / "env" / "uv"
    stamp = (uv / "corridor-stamp").read_text()
    # The installer itself would be fetched anew as well: let this one stand.
    (uv / "corridor-stamp").write_text(stamp.replace(str(checkout.root), str(moved)))
    script = (uv / "bin" / "uv").read_text()
    (uv / "bin" / "uv").write_text(script.replace(str(checkout.root), str(moved)))

    started = type(checkout)(moved).start(["version"])

    assert 0 == started.returncode
    assert MADE_ANEW + MADE_ANEW == type(checkout)(moved).uv_calls()


def test_a_failing_step_shows_its_last_lines_and_leaves_no_stamp(checkout) -> None:
    started = checkout.start(["version"], FAKE_UV_FAILS="yes")

    assert 1 == started.returncode
    assert "  no such package: left-pad" in started.stderr.splitlines()
    assert (
        "corridor: installing what 'local' needs (once, about a minute) failed (exit 2)"
        == (started.stderr.splitlines()[-1])
    )
    assert not (checkout.environment("local") / "corridor-stamp").exists()


def test_two_first_starts_at_once_install_once(checkout) -> None:
    starts = [
        subprocess.Popen(
            [checkout.launcher, "version"],
            env={**_environ(), "FAKE_UV_SECONDS": "0.5"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]

    codes = [(start.communicate(timeout=30), start.returncode)[1] for start in starts]

    assert [0, 0] == codes
    assert MADE_ANEW == checkout.uv_calls()


@pytest.mark.long
def test_the_first_start_of_a_fresh_copy_ends_with_a_version_and_the_second_is_quick(tmp_path: Path) -> None:
    import time

    from tests.cli.launcher.conftest import REPOSITORY, Checkout

    root = tmp_path / "a fresh copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, root / name)

    first = Checkout(root).start(["version"], PYTHONDONTWRITEBYTECODE="1")
    began = time.monotonic()
    second = Checkout(root).start(["version"])
    took = time.monotonic() - began

    assert (0, 0) == (first.returncode, second.returncode)
    assert took < 1
    assert list((root / ".corridor" / "env" / "local").rglob("click/__pycache__/core.*.pyc"))


def _environ() -> dict[str, str]:
    import os

    return {**os.environ, "CORRIDOR_PYTHON": sys.executable}
