"""A checkout in a folder with a space, its environments real enough to start: the packages are those of the tests."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.launcher import environments

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
REPOSITORY = Path(__file__).resolve().parents[3]

# Does what the installer would, and writes down that it was asked to.
_UV = """#!/bin/sh
echo "$1 $2" >> "{root}/uv-calls"
case "$1" in
venv)
    "$3" -m venv --without-pip "$4"
    echo "{packages}" > "$4/lib/{version}/site-packages/packages.pth"
    ;;
pip)
    sleep "${{FAKE_UV_SECONDS:-0}}"
    if [ -n "${{FAKE_UV_FAILS:-}}" ]; then echo "no such package: left-pad"; exit 2; fi
    ;;
esac
"""


@dataclass(frozen=True)
class Checkout:
    root: Path

    @property
    def launcher(self) -> Path:
        return self.root / "corridor"

    def environment(self, name: str) -> Path:
        return self.root / ".corridor" / "env" / name

    def uv_calls(self) -> list[str]:
        calls = self.root / "uv-calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def stamp(self, name: str) -> None:
        (self.environment(name) / "corridor-stamp").write_text(environments._stamp(self.root, name))

    def start(
        self, arguments: Sequence[str], *, launcher: Path | None = None, cwd: Path | None = None, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        command = [str(launcher or self.launcher), *arguments]
        return subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=False, env={**clean_environ(), **environ}
        )


def clean_environ() -> dict[str, str]:
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith(("CORRIDOR_", "COVERAGE_"))},
        "CORRIDOR_PYTHON": sys.executable,
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "a folder" / "corridor"
    root.mkdir(parents=True)
    for name in ("corridor", "pyproject.toml"):
        shutil.copy2(REPOSITORY / name, root / name)
    for name in ("cli", "requirements"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "shared").mkdir()
    shutil.copy2(REPOSITORY / "shared" / "errors.py", root / "shared")
    made = Checkout(root)
    uv = made.environment("uv") / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(_UV.format(root=root, version=_VERSION, packages=sysconfig.get_path("purelib")))
    uv.chmod(0o755)
    made.stamp("uv")
    return made
