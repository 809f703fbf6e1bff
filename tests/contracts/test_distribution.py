from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.distribution import pytest_collection_modifyitems, room_of

E2E = Path(__file__).parents[1] / "e2e"


def test_the_tests_of_the_shared_platform_are_one_workers_and_every_other_file_is_one_workers() -> None:
    sharing = {f.name for f in E2E.glob("test_*.py") if "platform: PlatformProcess" in f.read_text("utf-8")}
    apart = {f.name for f in E2E.glob("test_*.py")} - sharing

    assert {"tests/e2e/"} == {room_of(f"tests/e2e/{name}::test_a") for name in sharing}
    assert {"test_demo.py", "test_soak.py"} <= apart
    assert ["tests/e2e/test_soak.py", "tests/local/test_a.py"] == [
        room_of("tests/e2e/test_soak.py::test_storm"),
        room_of("tests/local/test_a.py::test_a[x::y]"),
    ]


def test_the_shared_platform_comes_first_and_nothing_else_changes_its_place() -> None:
    order = [
        "tests/bench/test_b.py::b",
        "tests/e2e/test_demo.py::d",
        "tests/e2e/test_adt.py::a",
        "tests/cli/test_c.py::c",
    ]
    items: Any = [SimpleNamespace(nodeid=nodeid) for nodeid in order]

    pytest_collection_modifyitems(items)

    assert [order[2], order[0], order[1], order[3]] == [item.nodeid for item in items]
