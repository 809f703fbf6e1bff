"""One worker process in its host: its share of the work, its signs of life, and its way to the host's timers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from local.functions_host.settings import HostSettings

READY = b"r"
BEAT_SECONDS = 1.0
_BEAT = b"."


class WorkerPlace:
    """
    Which of how many workers this process is. Without pipes it is the only one, and nobody watches.

    `voice` is written to for the parent; `life` reads as ended when the parent is gone; into `wishes` (its two ends)
    any worker writes the name of a timer that somebody wants to run now, and the first reads it.
    """

    def __init__(
        self,
        number: int = 0,
        count: int = 1,
        *,
        voice: int | None = None,
        life: int | None = None,
        wishes: tuple[int, int] | None = None,
    ) -> None:
        self._number = number
        self._count = count
        self._voice = voice
        self._life = life
        self._wishes = wishes
        self._runs: set[asyncio.Future[None]] = set()

    @property
    def is_first(self) -> bool:
        """Whether the host's timers run here."""
        return self._number == 0

    def share_of(self, settings: HostSettings) -> HostSettings:
        """Return the settings with this worker's share of what the whole host may do at once, at least one call."""
        whole = settings.service_bus.max_concurrent_calls
        share = whole // self._count + (self._number < whole % self._count)
        return replace(settings, service_bus=replace(settings.service_bus, max_concurrent_calls=max(1, share)))

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give a sign of life every second from now on, and end at once with the parent."""
        if self._life is not None:
            loop.add_reader(self._life, os._exit, 1)
            self._beat(loop)

    def say_ready(self) -> None:
        """Tell the parent that this worker serves."""
        self._say(READY)

    def take_wishes(
        self, loop: asyncio.AbstractEventLoop, timers: Mapping[str, Callable[[], Awaitable[None]]]
    ) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """Return how to run each timer from this worker: in the first itself, in others by asking the first."""
        if self._wishes is None:
            return timers
        taken, given = self._wishes
        if self.is_first:
            loop.add_reader(taken, self._fulfil, taken, timers)
            return timers
        return {name: _asking(given, name) for name in timers}

    def _fulfil(self, taken: int, timers: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        # Each name was written at once and fits into the pipe's atomic size, so that none is read in halves.
        for name in os.read(taken, 65_536).decode().split():
            run = asyncio.ensure_future(timers[name]())
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._say(_BEAT)
        loop.call_later(BEAT_SECONDS, self._beat, loop)

    def _say(self, word: bytes) -> None:
        if self._voice is None:
            return
        try:
            os.write(self._voice, word)
        except BrokenPipeError:  # the parent has gone, and `life` is about to say so
            os._exit(1)


def _asking(given: int, name: str) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        os.write(given, f"{name}\n".encode())

    return ask
