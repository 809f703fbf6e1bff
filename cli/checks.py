"""
The stages of `corridor test`, in their order; their caches lie below `.corridor`.

A stage says how many cores it keeps busy and whose results it reads; what fits beside what already runs starts at
once, so the stages that keep one core busy run two at a time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from cli.launcher import environments
from cli.launcher.progress import SetupError

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".corridor" / "cache"

# Branch coverage in percent below which the run fails: of everything, and of what must never be taken on trust.
COVERAGE_FLOOR = 95
MAPPING_FLOOR = 100
_MAPPINGS = "shared/mapping/*,shared/terminology/*"

_PRODUCT = ("shared", "functions", "local", "cli", "bench", "migrations", "release", "scripts", "function_app.py")
_CORES = 2
_PYTEST = ("pytest", "-o", f"cache_dir={CACHE / 'pytest'}")


@dataclass(frozen=True, slots=True)
class Stage:
    """One check: commands, each a tool of an environment, up to the first that fails."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    environment: str = "test"
    needs: tuple[str, ...] = ()
    cores: int = 1
    after: str = ""


@dataclass(frozen=True, slots=True)
class _Outcome:
    code: int
    seconds: float


def stages(*, everything: bool = False, expression: str | None = None) -> list[Stage]:
    """Return the stages of a run; an expression narrows it to the product's tests that match."""
    tests = (*_PYTEST, "-n", str(_CORES), "--ignore=tests/infra", *_selection(everything))
    if expression:
        return [Stage("tests", ((*tests, "-k", expression),), needs=("worker",), cores=_CORES)]
    product = tuple(name for name in _PRODUCT if _has_python(ROOT / name))
    return [
        Stage("ruff check", (("ruff", "check", "--output-format", "concise"),)),
        Stage("ruff format", (("ruff", "format", "--check", "--output-format", "concise"),)),
        Stage("mypy", (("mypy", *product),)),
        Stage("import floors", (("lint-imports", "--cache-dir", str(CACHE / "import-linter")),)),
        Stage("tests", (("coverage", "erase"), ("coverage", "run", "-m", *tests)), needs=("worker",), cores=_CORES),
        Stage(
            "coverage",
            (
                ("coverage", "combine", "--quiet"),
                ("coverage", "report", f"--fail-under={COVERAGE_FLOOR}"),
                ("coverage", "report", f"--include={_MAPPINGS}", f"--fail-under={MAPPING_FLOOR}"),
            ),
            after="tests",
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
        needs = ("checkers",) if everything else ()
        # They could start at once, but then the product's tests, which want both cores, would wait for their end.
        for name, these in (("tests infra", "not estates"), ("tests estates", "estates")):
            commands = (_infra_tests(name, these if everything else f"{these} and not long"),)
            found.append(Stage(name, commands, "infra", needs, after="tests"))
    return found


def _infra_tests(name: str, these: str) -> tuple[str, ...]:
    # Only what infra itself needs is installed there: conftest files above tests/infra are the product's.
    cache = f"cache_dir={CACHE / name.replace(' ', '-')}"
    return ("pytest", "-o", cache, "tests/infra", "--confcutdir=tests/infra", "-m", these)


def _selection(everything: bool) -> tuple[str, ...]:
    return ("-m", "long or not long") if everything else ()


def tools_of(stage: Stage) -> Path:
    """Return the folder of a stage's tools, after making the environments that it needs."""
    for name in (*stage.needs, stage.environment):
        folder = environments.ensure(ROOT, name)
    return folder / "bin"


def run_stages(wanted: Sequence[Stage], tools: Callable[[Stage], Path] = tools_of) -> int:
    """Run every stage, print a table of what became of each, and return the exit code."""
    table = _run_side_by_side(wanted, tools)
    width = max(len(stage.name) for stage in wanted)
    print()
    for stage in wanted:
        print(f"{stage.name:{width}}  {_verdict(table[stage.name].code):6}  {table[stage.name].seconds:6.1f} s")
    failed = sum(outcome.code != 0 for outcome in table.values())
    print(f"{len(table) - failed} stages passed, {failed} failed" if failed else f"{len(table)} stages passed")
    return 1 if failed else 0


def _run_side_by_side(wanted: Sequence[Stage], tools: Callable[[Stage], Path]) -> dict[str, _Outcome]:
    waiting, running, table = list(wanted), dict[Future[_Outcome], Stage](), dict[str, _Outcome]()
    with ThreadPoolExecutor(_CORES) as pool:
        while waiting or running:
            free = _CORES - sum(stage.cores for stage in running.values())
            unfinished = {stage.name for stage in (*waiting, *running.values())}
            stage = next((one for one in waiting if one.cores <= free and one.after not in unfinished), None)
            if stage:
                waiting.remove(stage)
                running[pool.submit(_run, stage, _tools(stage, tools))] = stage
                continue
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                table[running.pop(future).name] = future.result()
    return table


def _tools(stage: Stage, tools: Callable[[Stage], Path]) -> Path | None:
    try:
        return tools(stage)
    except SetupError as error:
        print(f"corridor: {error}", file=sys.stderr)
        return None


def _run(stage: Stage, folder: Path | None) -> _Outcome:
    # Who has all cores says at once what happens; two that run side by side would speak between each other's lines.
    if stage.cores == _CORES:
        print(f"\n== {stage.name}", flush=True)
        outcome = _outcome(stage, folder, None)
        print(_last_line(stage, outcome), flush=True)
        return outcome
    with TemporaryFile() as said:
        outcome = _outcome(stage, folder, said)
        said.seek(0)
        text = said.read().decode(errors="replace")
    print(f"\n== {stage.name}\n{text}{_last_line(stage, outcome)}", flush=True)
    return outcome


def _outcome(stage: Stage, folder: Path | None, said: IO[bytes] | None) -> _Outcome:
    began = time.monotonic()
    code = 1 if folder is None else _first_failure(stage, folder, said)
    return _Outcome(code, time.monotonic() - began)


def _first_failure(stage: Stage, folder: Path, said: IO[bytes] | None) -> int:
    environ = {**os.environ, **_caches()}
    environ.pop("PYTHONPATH", None)  # the launcher's: nothing may pass only because of it
    for tool, *arguments in stage.commands:
        code = subprocess.run(  # noqa: S603
            [folder / tool, *arguments], cwd=ROOT, env=environ, stdout=said, stderr=said, check=False
        ).returncode
        if code:
            return code
    return 0


def _verdict(code: int) -> str:
    return "failed" if code else "passed"


def _last_line(stage: Stage, outcome: _Outcome) -> str:
    return f"== {stage.name}: {_verdict(outcome.code)}, {outcome.seconds:.1f} s"


def _caches() -> dict[str, str]:
    CACHE.joinpath("coverage").mkdir(parents=True, exist_ok=True)
    return {
        "COVERAGE_FILE": str(CACHE / "coverage" / "data"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
    }


def _has_python(path: Path) -> bool:
    return path.is_file() if path.suffix == ".py" else any(path.rglob("*.py"))
