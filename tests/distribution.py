"""
Which worker gets which tests: a file is one worker's, so that what it starts is started once.

The end-to-end tests of the shared platform are one worker's too, and come first: they wait more than they compute,
which is when a core is free for the others. When the last of them is over, their platform ends.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

_END_TO_END = "tests/e2e/"
# These have platforms of their own.
_APART = ("test_demo.py", "test_soak.py")


def room_of(nodeid: str) -> str:
    """Return what goes to one worker: the shared platform's tests as a whole, any other file by itself."""
    file = nodeid.partition("::")[0]
    return _END_TO_END if file.startswith(_END_TO_END) and not file.endswith(_APART) else file


class ByRoom(LoadScopeScheduling):
    """Deals rooms out in the order of collection, a new one to the worker that is nearly through with its own."""

    def _split_scope(self, nodeid: str) -> str:
        return room_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRoom:
    # By the number of their tests, a soak of one test would come last and leave a core idle.
    config.option.loadscopereorder = False
    return ByRoom(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the shared platform's tests first."""
    items.sort(key=lambda item: room_of(item.nodeid) != _END_TO_END)
