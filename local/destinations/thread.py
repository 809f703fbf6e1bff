"""The one thread that touches the store: requests are served in turn, effects are in the order of their commits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.responses import Response

from local.destinations.answers import Answer


class StoreThread:
    """Runs what touches the store, outside the event loop."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="store")

    async def run(self, act: Callable[[], Answer]) -> Response:
        """Run in turn and return the answer as a response."""
        return (await asyncio.get_running_loop().run_in_executor(self._executor, act)).response()

    def close(self) -> None:
        """Finish what was begun."""
        self._executor.shutdown()
