"""The stages of `corridor test`, in their order; their caches lie below `.corridor`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.launcher import environments
from cli.launcher.progress import SetupError

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".corridor" / "cache"

# Branch coverage in percent below which the run fails: of everything, and of what must never be taken on trust.
COVERAGE_FLOOR = 95
MAPPING_FLOOR = 100
_MAPPINGS = "shared/mapping/*,shared/terminology/*"

_PRODUCT = ("shared", "functions", "local", "cli", "bench", "migrations", "release", "scripts", "function_app.py")
_WORKERS = "2"
_PYTEST = ("pytest", "-o", f"cache_dir={CACHE / 'pytest'}")


@dataclass(frozen=True, slots=True)
class Stage:
    """One check: commands, each a tool of an environment, up to the first that fails."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    environment: str = "test"
    needs: tuple[str, ...] = ()


def stages(*, everything: bool = False, expression: str | None = None) -> list[Stage]:
    """Return the stages of a run; an expression narrows it to the product's tests that match."""
    tests = (*_PYTEST, "-n", _WORKERS, "--ignore=tests/infra", *_selection(everything))
    if expression:
        return [Stage("tests", ((*tests, "-k", expression),), needs=("worker",))]
    product = tuple(name for name in _PRODUCT if _has_python(ROOT / name))
    return [
        Stage("ruff check", (("ruff", "check", "--output-format", "concise"),)),
        Stage("ruff format", (("ruff", "format", "--check", "--output-format", "concise"),)),
        Stage("mypy", (("mypy", *product),)),
        Stage("import floors", (("lint-imports", "--cache-dir", str(CACHE / "import-linter")),)),
        Stage("tests", (("coverage", "erase"), ("coverage", "run", "-m", *tests)), needs=("worker",)),
        Stage(
            "coverage",
            (
                ("coverage", "combine", "--quiet"),
                ("coverage", "report", f"--fail-under={COVERAGE_FLOOR}"),
                ("coverage", "report", f"--include={_MAPPINGS}", f"--fail-under={MAPPING_FLOOR}"),
            ),
        ),
        *_infra_stages(everything),
    ]


def _infra_stages(everything: bool) -> list[Stage]:
    found = []
    if _has_python(ROOT / "infra"):
        # Two environments have two copies of what both type: in one cache each run would throw the other's away.
        cache = str(CACHE / "mypy-infra")
        found.append(Stage("mypy infra", (("mypy", "--cache-dir", cache, "infra"),), "infra"))
    if _has_python(ROOT / "tests" / "infra"):
        # Only what infra itself needs is installed there: conftest files above tests/infra are the product's.
        tests = (*_PYTEST, "tests/infra", "--confcutdir=tests/infra", *_selection(everything))
        found.append(Stage("tests infra", (tests,), "infra", needs=("checkers",) if everything else ()))
    return found


def _selection(everything: bool) -> tuple[str, ...]:
    return ("-m", "long or not long") if everything else ()


def tools_of(stage: Stage) -> Path:
    """Return the folder of a stage's tools, after making the environments that it needs."""
    for name in (*stage.needs, stage.environment):
        folder = environments.ensure(ROOT, name)
    return folder / "bin"


def run_stages(wanted: Sequence[Stage], tools: Callable[[Stage], Path] = tools_of) -> int:
    """Run every stage, print a table of what became of each, and return the exit code."""
    table = []
    for stage in wanted:
        print(f"\n== {stage.name}", flush=True)
        began = time.monotonic()
        code = _run(stage, tools)
        table.append((stage.name, code, time.monotonic() - began))
        print(f"== {stage.name}: {_verdict(code)}, {table[-1][2]:.1f} s", flush=True)
    width = max(len(name) for name, _, _ in table)
    print()
    for name, code, seconds in table:
        print(f"{name:{width}}  {_verdict(code):6}  {seconds:6.1f} s")
    failed = sum(code != 0 for _, code, _ in table)
    print(f"{len(table) - failed} stages passed, {failed} failed" if failed else f"{len(table)} stages passed")
    return 1 if failed else 0


def _verdict(code: int) -> str:
    return "failed" if code else "passed"


def _run(stage: Stage, tools: Callable[[Stage], Path]) -> int:
    try:
        folder = tools(stage)
    except SetupError as error:
        print(f"corridor: {error}", file=sys.stderr)
        return 1
    environ = {**os.environ, **_caches()}
    environ.pop("PYTHONPATH", None)  # the launcher's: nothing may pass only because of it
    for tool, *arguments in stage.commands:
        code = subprocess.run([folder / tool, *arguments], cwd=ROOT, env=environ, check=False).returncode  # noqa: S603
        if code:
            return code
    return 0


def _caches() -> dict[str, str]:
    CACHE.joinpath("coverage").mkdir(parents=True, exist_ok=True)
    return {
        "COVERAGE_FILE": str(CACHE / "coverage" / "data"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
    }


def _has_python(path: Path) -> bool:
    return path.is_file() if path.suffix == ".py" else any(path.rglob("*.py"))
