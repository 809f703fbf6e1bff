"""Every stack's program, run once per session, each in a process of its own."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.infra.recording import Stack, start_recording

# These tests live in the environment of requirements/infra.txt; elsewhere there is no Pulumi to run.
collect_ignore_glob = [] if find_spec("pulumi") else ["test_*.py"]


@pytest.fixture(scope="session")
def runs() -> dict[str, Stack]:
    """Run dev, prod, and dev once more."""
    processes = {"dev": start_recording("dev"), "prod": start_recording("prod"), "dev again": start_recording("dev")}
    finished = {name: (process, *process.communicate(timeout=120)) for name, process in processes.items()}
    assert {} == {name: errors for name, (process, _, errors) in finished.items() if process.returncode}
    return {name: Stack(name.removesuffix(" again"), output) for name, (_, output, _) in finished.items()}


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest, runs: dict[str, Stack]) -> Stack:
    """Each environment in turn."""
    return runs[request.param]
