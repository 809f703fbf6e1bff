"""
A host of several worker processes, as FUNCTIONS_WORKER_PROCESS_COUNT asks of Azure's host.

The parent loads the app, forks while it has neither thread nor connection, and from then on only watches. The workers
share the listener and divide the receivers; timers run in the first alone.

    a worker ends                forked anew after a pause; five times within a minute: the host ends with 1
    a worker is silent for 20 s  its event loop stands still: killed, so forked anew
    the parent ends              its workers end at once
    SIGTERM                      passed on; the parent ends after the last worker
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from local.functions_host.logs import event
from local.functions_host.worker_place import BEAT_SECONDS, READY, WorkerPlace
from local.supervisor.component import Policy
from local.supervisor.program import MISCONFIGURED
from shared.errors import ConfigurationError

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_SILENCE_SECONDS = 20.0
_FAILED = 1


@dataclass(slots=True)
class _Worker:
    """One worker as the parent sees it; `heard` is when it last gave a sign, on the monotonic clock."""

    number: int
    pid: int
    voice: int
    heard: float
    is_ready: bool = False


class Workers:
    """Forks the workers and watches over them. For the main thread of a process without others."""

    def __init__(
        self, count: int, listener: socket.socket, *, policy: Policy | None = None, silence: float = _SILENCE_SECONDS
    ) -> None:
        self._count = count
        self._listener = listener
        self._policy = policy or Policy()
        self._silence = silence
        self._running: dict[int, _Worker] = {}
        self._due: dict[int, float] = {}
        self._deaths: deque[float] = deque(maxlen=self._policy.deaths)
        self._all_were_ready = False
        self._asked_to_stop = False
        self._code: int | None = None
        self._life, self._held = os.pipe()  # nobody writes: the parent's end alone keeps the workers' from its end
        self._wishes = os.pipe()
        # Not epoll: a fork would share the kernel's list.
        self._selector = selectors.PollSelector()
        self._woken, self._wake = os.pipe()

    def run(self, work: Callable[[WorkerPlace], int], ready: Callable[[], None]) -> int:
        """
        Return the exit code of the process: of the host in the parent, of `work` in each worker.

        `ready` is called once, in the parent, when every worker serves. ConfigurationError when the app has started
        threads, which no fork carries over.
        """
        if threading.active_count() > 1:
            text = (
                "function_app starts threads when it is imported: it runs only with FUNCTIONS_WORKER_PROCESS_COUNT=1"
            )
            raise ConfigurationError("app-starts-threads", "FUNCTIONS_WORKER_PROCESS_COUNT", text)
        self._hear_signals()
        self._due = dict.fromkeys(range(self._count), 0.0)
        while self._code is None or self._running:
            for number in [number for number, due in self._due.items() if due <= time.monotonic()]:
                del self._due[number]
                if (place := self._fork(number)) is not None:
                    return _worked(work, place)
            self._wait()
            self._reap()
            self._end_the_silent()
            if self._asked_to_stop and self._code is None:
                self._stop(0)
            if not self._all_were_ready and self._code is None and self._is_complete():
                self._all_were_ready = True
                ready()
        return self._code

    def _hear_signals(self) -> None:
        os.set_blocking(self._woken, False)
        os.set_blocking(self._wake, False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, _: object) -> None:
        self._asked_to_stop = self._asked_to_stop or number != signal.SIGCHLD

    def _fork(self, number: int) -> WorkerPlace | None:
        """Return the worker's place in the worker, None in the parent."""
        heard, voice = os.pipe()
        # A signal between the fork and the worker's own handlers would be noted by ours and lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        pid = os.fork()
        if pid == 0:
            os.close(heard)
            self._leave_to_the_parent()
            return WorkerPlace(number, self._count, voice=voice, life=self._life, wishes=self._wishes)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        os.close(voice)
        self._running[heard] = _Worker(number, pid, heard, time.monotonic())
        self._selector.register(heard, selectors.EVENT_READ)
        return None

    def _leave_to_the_parent(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._selector.close()
        for end in (self._held, self._woken, self._wake, *self._running):
            os.close(end)

    def _wait(self) -> None:
        began = time.monotonic()
        patience = min((BEAT_SECONDS, *(max(due - began, 0.0) for due in self._due.values())))
        for key, _ in self._selector.select(patience):
            self._hear(key.fd)
        if time.monotonic() - began > patience + BEAT_SECONDS:
            # It was this process that stood still: nobody can be blamed for a silence that was not listened to.
            for worker in self._running.values():
                worker.heard = time.monotonic()

    def _hear(self, end: int) -> None:
        said = os.read(end, 64)
        worker = self._running.get(end)
        if worker is None:
            return
        if not said:  # it is ending: `_reap` hears of it
            self._selector.unregister(end)
            return
        worker.heard = time.monotonic()
        worker.is_ready = worker.is_ready or READY in said

    def _is_complete(self) -> bool:
        return self._count == sum(worker.is_ready for worker in self._running.values())

    def _reap(self) -> None:
        for worker in list(self._running.values()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self._forget(worker)
                self._ended(worker, os.waitstatus_to_exitcode(status))

    def _forget(self, worker: _Worker) -> None:
        del self._running[worker.voice]
        if worker.voice in self._selector.get_map():
            self._selector.unregister(worker.voice)
        os.close(worker.voice)

    def _ended(self, worker: _Worker, code: int) -> None:
        if self._code is not None:
            return
        now = time.monotonic()
        self._deaths.append(now)
        recent = sum(1 for death in self._deaths if now - death <= self._policy.within)
        event("Worker ended", level=logging.WARNING, worker=worker.number, code=code)
        if not self._all_were_ready:
            self._stop(code if code > 0 else _FAILED, signal.SIGKILL)
        elif recent >= self._policy.deaths:
            self._stop(_FAILED)
        else:
            self._due[worker.number] = now + self._policy.delay(recent)

    def _end_the_silent(self) -> None:
        now = time.monotonic()
        for worker in self._running.values():
            if worker.is_ready and self._code is None and now - worker.heard > self._silence:
                event("Worker silent", level=logging.WARNING, worker=worker.number)
                os.kill(worker.pid, signal.SIGKILL)

    def _stop(self, code: int, by: signal.Signals = signal.SIGTERM) -> None:
        """Take nothing new and let the workers stop, or make them; the parent then ends with `code`."""
        self._code = code
        self._due.clear()
        # A connection that nobody will accept should be refused, not kept waiting.
        self._listener.close()
        for worker in self._running.values():
            os.kill(worker.pid, by)


def _worked(work: Callable[[WorkerPlace], int], place: WorkerPlace) -> int:
    try:
        return work(place)
    except ConfigurationError:
        if place.is_first:
            raise
        return MISCONFIGURED  # the first says why, once
