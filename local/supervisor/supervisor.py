"""
The process supervisor of the local platform: everything up in order, kept up, and down with nothing left.

    with Supervisor(directory, components) as platform:     # returns when all are ready
        platform.wait(stop_requested())                     # raises when a component cannot be kept running

A component starts as soon as what it comes `after` is ready, several at once where that allows it. They stop in
the reverse order. One supervisor runs per directory. If the supervisor itself is killed, the kernel ends the
components, and the next start waits for their ports.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import TracebackType

from local.private_files import private_directory
from local.supervisor.component import Component, Policy, Status
from local.supervisor.lock import DirectoryLock
from local.supervisor.ports import PortTakenError, require_free
from local.supervisor.supervision import Supervision
from shared.errors import ConfigurationError

_PATIENCE_AFTER_A_KILL = 15.0


class Supervisor:
    """Keeps components running from `start` to `stop`. Start and stop from one thread; `snapshot` from any."""

    def __init__(
        self, directory: Path, components: Sequence[Component], policy: Policy | None = None, purpose: str = "Corridor"
    ) -> None:
        self._policy = policy or Policy()
        self._lock = DirectoryLock(directory, purpose)
        self._directory = directory
        self._probes = ThreadPoolExecutor(4, thread_name_prefix="probe")
        self._order = [Supervision(one, self._policy, self._probes) for one in _in_order(components)]
        self._by_name = {one.component.name: one for one in self._order}
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._failure: BaseException | None = None
        # Not the caller's thread: the components live exactly as long as the thread that started them.
        self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self, unless: threading.Event | None = None) -> None:
        """
        Return when every component is ready, or stopped again because the event was set.

        Raises `ConfigurationError`: another supervisor runs here, a port is taken, a component does not become
        ready. Nothing is left running then.
        """
        private_directory(self._directory)
        self._lock.acquire()
        try:
            self._require_ports()
            self._thread.start()
            while not self._settled.wait(0.05):
                if unless is not None and unless.is_set():
                    self._stopping.set()
            self._raise_failure()
        except BaseException:
            self.stop()
            raise

    def wait(self, until: threading.Event) -> None:
        """Return when the event is set. Raises `ConfigurationError` as soon as a component cannot be kept running."""
        while not until.wait(0.1):
            if not self._thread.is_alive():
                break
        self._raise_failure()

    def stop(self) -> None:
        """Stop everything in reverse order and return when nothing runs any more. Idempotent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._probes.shutdown(wait=False, cancel_futures=True)
        self._lock.release()

    def snapshot(self) -> tuple[Status, ...]:
        """Return every component as it is now, in starting order."""
        return tuple(one.status() for one in self._order)

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def _require_ports(self) -> None:
        """Refuse before anything is started; ports of a run that was killed get a moment to become free."""
        deadline = time.monotonic() + (_PATIENCE_AFTER_A_KILL if self._lock.left_over else 0.0)
        for component in (one.component for one in self._order):
            while component.port is not None:
                try:
                    require_free(component.name, component.port, component.port_option)
                    break
                except PortTakenError:
                    if time.monotonic() >= deadline:
                        raise
                    time.sleep(0.05)

    def _supervise(self) -> None:
        try:
            while not self._stopping.wait(self._policy.tick):
                self._step()
        except BaseException as failure:  # noqa: BLE001 - handed to the thread that waits
            self._failure = failure
        finally:
            self._stop_all()
            self._settled.set()

    def _step(self) -> None:
        for one in self._order:
            one.step(time.monotonic(), all(self._by_name[name].was_ready for name in one.component.after))
        if all(one.was_ready for one in self._order):
            self._settled.set()

    def _stop_all(self) -> None:
        while not all(one.is_over for one in self._order):
            for one in self._order:
                if all(other.is_over for other in self._dependents(one)):
                    one.step_to_stop(time.monotonic())
            time.sleep(self._policy.tick)
        for one in self._order:
            one.step_to_stop(time.monotonic())

    def _dependents(self, one: Supervision) -> list[Supervision]:
        return [other for other in self._order if one.component.name in other.component.after]


def _in_order(components: Sequence[Component]) -> list[Component]:
    by_name = {component.name: component for component in components}
    unknown = {name for component in components for name in component.after} - by_name.keys()
    if unknown or len(by_name) != len(components):
        text = "a component's name is given twice, or it comes after one that does not exist"
        raise ConfigurationError("components-malformed", ", ".join(sorted(unknown)), text)
    try:
        order = TopologicalSorter({name: component.after for name, component in by_name.items()}).static_order()
        return [by_name[name] for name in order]
    except CycleError as error:
        raise ConfigurationError("components-malformed", text="components wait for each other in a circle") from error
