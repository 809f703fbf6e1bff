from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = """
def reached_here():
    return 1

def reached_unmeasured():
    return 2

def reached_by_a_child():
    return 3

def reached_afterwards():
    return 4
"""
CHECKS = """
import subprocess, sys
import product
import pytest

def test_measured():
    assert 1 == product.reached_here()

@pytest.mark.unmeasured
def test_unmeasured():
    assert 2 == product.reached_unmeasured()
    subprocess.run([sys.executable, "-c", "import product; product.reached_by_a_child()"], check=True)

def test_measured_again():
    assert 4 == product.reached_afterwards()
"""
SETTINGS = "[run]\nbranch = true\nparallel = true\npatch = subprocess\nsource = product\n"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "in a worker"])
def test_only_what_is_marked_is_not_measured_and_what_comes_after_it_is(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "product.py").write_text(PRODUCT)
    (tmp_path / "test_product.py").write_text(CHECKS)
    (tmp_path / ".coveragerc").write_text(SETTINGS)

    def run(*command: str) -> str:
        environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return done.stdout

    told = run("run", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.measuring", *workers)
    assert "3 passed" in told
    run("combine")
    (product,) = json.loads(run("json", "-q", "-o", "-"))["files"].values()

    assert [line_of("return 2"), line_of("return 3")] == product["missing_lines"]


def line_of(statement: str) -> int:
    return 1 + PRODUCT.splitlines().index(f"    {statement}")
