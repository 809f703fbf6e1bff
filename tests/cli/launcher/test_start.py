from pathlib import Path

import pytest

from cli.launcher.__main__ import environment_for


@pytest.mark.parametrize(
    ("arguments", "name"),
    [([], "local"), (["version"], "local"), (["test", "--all"], "test"), (["bench"], "test"), (["infra"], "local")],
)
def test_a_command_starts_in_its_environment(arguments: list[str], name: str) -> None:
    assert name == environment_for(arguments)


def test_it_starts_from_any_folder_through_a_symlink(checkout, tmp_path: Path) -> None:
    link = tmp_path / "bin" / "corridor"
    link.parent.mkdir()
    link.symlink_to(checkout.launcher)

    started = checkout.start(["version"], launcher=link, cwd=tmp_path)

    assert (0, True) == (started.returncode, started.stdout.startswith("corridor 0."))


def test_arguments_go_on_as_they_are_and_the_working_folder_stays(checkout, tmp_path: Path) -> None:
    (tmp_path / "two words.json").write_text("{}")

    started = checkout.start(["validate", "two words.json", "no such file"], cwd=tmp_path)

    assert 2 == started.returncode
    assert "'no such file' does not exist" in started.stderr


def test_a_folder_named_like_our_package_where_the_user_stands_is_not_taken_for_it(checkout, tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    (tmp_path / "click.py").write_text("raise SystemExit('the wrong one')")

    started = checkout.start(["version"], cwd=tmp_path)

    assert (0, True) == (started.returncode, started.stdout.startswith("corridor 0."))


def test_a_second_start_makes_nothing_and_says_nothing(checkout) -> None:
    checkout.start(["version"])
    calls = checkout.uv_calls()

    started = checkout.start(["version"])

    assert "" == started.stderr
    assert calls == checkout.uv_calls()


def test_a_machine_without_python_is_told_so_in_one_line(checkout, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("readlink", "dirname"):
        (tools / name).symlink_to(f"/usr/bin/{name}")

    started = checkout.start(["version"], PATH=str(tools), CORRIDOR_PYTHON="")

    assert 1 == started.returncode
    assert ["corridor: needs Python 3.11 or newer (no python3 found); on Debian: apt-get install python3"] == (
        started.stderr.splitlines()
    )


def test_an_old_python_is_named_with_its_version(checkout, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 3.9\n")
    old.chmod(0o755)

    started = checkout.start(["version"], CORRIDOR_PYTHON=str(old))

    assert 1 == started.returncode
    assert f"{old} is 3.9" in started.stderr
