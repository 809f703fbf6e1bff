"""The package has bytecode for everything in it, and the same sources give the same bytes (facts: cold start)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from release import package
from release.package import PackageError, build, modules_without_bytecode

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    for folder in ("functions/flow", "shared/catalog", "partners", "tests"):
        (root / folder).mkdir(parents=True)
    for name in ("function_app.py", "functions/flow/trigger.py", "shared/catalog/flows.py", "tests/test_it.py"):
        (root / name).write_text("VALUE = 1\n")
    for name in ("host.json", "partners/example-lab.yaml"):
        (root / name).write_text("{}\n")
    return root


@pytest.fixture
def dependencies(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "library").mkdir(parents=True)
    (folder / "library" / "__init__.py").write_text("NAME = 'library'\n")
    (folder / "library" / "data.json").write_text("{}\n")
    return folder


def names(file: Path) -> set[str]:
    with zipfile.ZipFile(file) as opened:
        return set(opened.namelist())


def test_every_module_of_a_package_has_its_bytecode(checkout: Path, dependencies: Path, tmp_path: Path) -> None:
    out = tmp_path / "corridor.zip"

    build(checkout, dependencies, out)

    assert [] == modules_without_bytecode(out)
    assert {"function_app.py", "__pycache__/function_app.cpython-311.pyc", "host.json"} <= names(out)
    assert ".python_packages/lib/site-packages/library/__pycache__/__init__.cpython-311.pyc" in names(out)
    assert not [name for name in names(out) if name.startswith("tests/")]


def test_the_same_sources_give_the_same_bytes(checkout: Path, dependencies: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        build(checkout, dependencies, tmp_path / name)

    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_python_runs_the_bytecode_without_looking_at_the_source(
    checkout: Path, dependencies: Path, tmp_path: Path
) -> None:
    out = tmp_path / "corridor.zip"
    build(checkout, dependencies, out)
    mounted = tmp_path / "mounted"
    with zipfile.ZipFile(out) as opened:
        opened.extractall(mounted)
    (mounted / "function_app.py").write_text("VALUE = 2\n")

    said = subprocess.run(
        [sys.executable, "-c", "import function_app; print(function_app.VALUE)"],
        cwd=mounted,
        env={"PYTHONPATH": str(mounted)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "1\n" == said.stdout


def test_a_module_that_cannot_be_compiled_fails_the_build(checkout: Path, dependencies: Path, tmp_path: Path) -> None:
    (dependencies / "library" / "old.py").write_text("print 'two'\n")

    with pytest.raises(PackageError, match=r"1 modules have no bytecode, first .*library/old\.py"):
        build(checkout, dependencies, tmp_path / "corridor.zip")


def test_a_checkout_that_lacks_a_part_is_refused(checkout: Path, dependencies: Path, tmp_path: Path) -> None:
    (checkout / "host.json").unlink()

    with pytest.raises(PackageError, match=r"host\.json is not there"):
        build(checkout, dependencies, tmp_path / "corridor.zip")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "release.package", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command_builds_from_this_checkout_and_finds_what_lacks_bytecode(
    dependencies: Path, tmp_path: Path
) -> None:
    out = tmp_path / "corridor.zip"

    built = command("--out", str(out), "--dependencies", str(dependencies))
    with zipfile.ZipFile(out, "a") as opened:
        opened.writestr("late.py", "VALUE = 1\n")
    checked = command("--check", str(out))

    assert (0, "") == (built.returncode, built.stderr)
    assert (1, "late.py: no bytecode\n") == (checked.returncode, checked.stdout)
    assert "shared/catalog/flows.py" in names(out)


@pytest.mark.parametrize(("arguments", "code"), [(("--check", "/nowhere.zip"), 1), ((), 2)])
def test_wrong_usage_and_a_missing_package_have_their_exit_codes(arguments: tuple[str, ...], code: int) -> None:
    assert code == command(*arguments).returncode


def test_what_is_packed_is_what_the_functions_host_would_take() -> None:
    left_out = (ROOT / ".funcignore").read_text(encoding="utf-8").splitlines()

    assert not [part for part in package._PARTS if part in left_out or f"{part}/" in left_out]
    assert package.PYTHON == tuple(
        int(part)
        for part in (ROOT / "infra/components/function_tier.py").read_text().split('_PYTHON = "')[1][:4].split(".")
    )
