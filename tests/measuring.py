"""
Which tests are not measured: those that walk thousands of times where their neighbours walk once.

A line tracer makes them run four times as long, and tells nothing that the neighbours have not told. What they assert
is the same with and without; what only they reached would count as never reached. The maps are imported before the
first of them: a map that is imported where it is needed would be there already when a neighbour comes to it.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

import pytest

from shared import mapping

# With it coverage measures a child process too; a child that finds it empty is not measured.
CHILDREN = "COVERAGE_PROCESS_CONFIG"

MARKER = "unmeasured: repeats what other tests have reached, and runs without the tracer of coverage"


@contextmanager
def unmeasured() -> Iterator[None]:
    """Keep coverage out of this thread and of the processes that it starts; a debugger stays."""
    tracer, children = sys.gettrace(), os.environ.get(CHILDREN)
    measured = type(tracer).__module__.partition(".")[0] == "coverage"
    if measured:
        sys.settrace(None)
    if children:
        os.environ[CHILDREN] = ""
    try:
        yield
    finally:
        if children:
            os.environ[CHILDREN] = children
        if measured:
            sys.settrace(tracer)


@cache
def import_maps() -> None:
    """Import every map, once."""
    for module in pkgutil.walk_packages(mapping.__path__, f"{mapping.__name__}."):
        import_module(module.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test that is marked so without being measured; its fixtures are measured."""
    if item.get_closest_marker("unmeasured") is None:
        return (yield)
    import_maps()
    with unmeasured():
        return (yield)
