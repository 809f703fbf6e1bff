"""Every stack's program, run by the engine once per session."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

# These tests live in the environment of requirements/infra.txt; elsewhere there is no Pulumi to run.
_HERE = find_spec("pulumi") is not None
collect_ignore_glob = [] if _HERE else ["*test_*.py"]

if _HERE:
    from tests.infra.recording import Estate, Stack, as_stack, examine_stack

STACKS = tuple(sorted(path.name.split(".")[1] for path in Path(__file__).parents[2].glob("infra/Pulumi.*.yaml")))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "estates: asks what becomes of a stack, so every stack has to be run first")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs every stack: `corridor test` runs it beside the rest, in a process of its own."""
    for item in items:
        if "estates" in getattr(item, "fixturenames", ()):
            item.add_marker("estates")


@pytest.fixture(scope="session")
def estates() -> dict[str, Estate]:
    """Preview, build and preview every stack; two at a time, because each run has a process of its own."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(STACKS, pool.map(examine_stack, STACKS), strict=True))


@pytest.fixture(scope="session")
def runs(estates: dict[str, Estate]) -> dict[str, Stack]:
    """What every stack registers, and what dev does when it runs once more."""
    return {name: estate.stack for name, estate in estates.items()} | {"dev again": as_stack(estates["dev"].again)}


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest, runs: dict[str, Stack]) -> Stack:
    """Each environment in turn."""
    return runs[request.param]


@pytest.fixture(params=STACKS)
def estate(request: pytest.FixtureRequest, estates: dict[str, Estate]) -> Estate:
    """Each environment in turn, with what the engine makes of it."""
    return estates[request.param]
