"""
One component under supervision: started, watched, started again, stopped.

    waiting > starting > ready > stopping > stopped
                 ^          | it ended by itself, or failed its health checks
                 +-- backing-off
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime

from local.supervisor.component import Component, Policy, State, Status
from local.supervisor.process import ChildProcess
from local.supervisor.program import MISCONFIGURED, PORT_TAKEN
from shared.errors import ConfigurationError

# Trying again does not help: misconfigured, port taken, not executable, not found.
_HOPELESS = (MISCONFIGURED, PORT_TAKEN, 126, 127)


class Supervision:
    """Steps one component through its life. All methods belong to the supervisor's thread, `status` to any."""

    def __init__(self, component: Component, policy: Policy, probes: Executor) -> None:
        self.component = component
        self._policy = policy
        self._probes = probes
        self._probe: Future[bool] | None = None
        self._process: ChildProcess | None = None
        self._deaths: deque[float] = deque(maxlen=policy.deaths)
        self._restarts = 0
        self._was_ready = False
        self._failed_checks = 0
        self._deadline = 0.0
        self._enter(State.WAITING)

    @property
    def is_ready(self) -> bool:
        """Whether others may depend on it now."""
        return self._state is State.READY

    @property
    def was_ready(self) -> bool:
        """Whether it has been ready before: what depends on it has to bear that it is away for a moment."""
        return self._was_ready

    @property
    def is_over(self) -> bool:
        """Whether no process of it runs."""
        return self._process is None

    def status(self) -> Status:
        """Return where the component is."""
        process, component = self._process, self.component
        pid = process.pid if process else None
        return Status(component.name, pid, self._state, self._restarts, self._since, component.log_file)

    def step(self, now: float, may_start: bool) -> None:
        """Look once and do what is due. Raises `ConfigurationError` when the component cannot be kept running."""
        if self._state is State.WAITING and may_start:
            self._start(now)
        elif self._state is State.BACKING_OFF and now >= self._deadline:
            self._restarts += 1
            self._start(now)
        elif self._process is not None:
            code = self._process.ended()
            if code is not None:
                self._died(code, now)
            elif self._state is State.STARTING:
                self._look_whether_ready(now)
            elif self._state is State.READY:
                self._check_health(now)

    def step_to_stop(self, now: float) -> None:
        """Ask the component to stop, and make it when it takes too long."""
        if self._process is None or self._process.ended() is not None:
            self._process = None
            self._enter(State.STOPPED)
        elif self._state is not State.STOPPING:
            self._process.ask_to_stop()
            self._deadline = now + self.component.stop_within
            self._enter(State.STOPPING)
        elif now > self._deadline:
            self._process.kill()

    def _enter(self, state: State) -> None:
        self._state = state
        self._since = datetime.now(UTC)

    def _start(self, now: float) -> None:
        self._probe = None
        self._failed_checks = 0
        self._process = ChildProcess(self.component)
        self._deadline = now + self.component.ready_within
        self._enter(State.STARTING)

    def _look_whether_ready(self, now: float) -> None:
        assert self._process is not None  # noqa: S101 - the state says so
        ready = self.component.ready
        if self._process.announced() if ready is None else self._ask(ready):
            self._was_ready = True
            self._deadline = now + self._policy.health_every
            self._enter(State.READY)
        elif now > self._deadline:
            text = f"did not become ready within {self.component.ready_within:g} seconds"
            raise self._failure("component-never-ready", text)

    def _check_health(self, now: float) -> None:
        if self.component.health is None or now < self._deadline:
            return
        healthy = self._ask(self.component.health)
        if healthy is None:
            return
        self._deadline = now + self._policy.health_every
        self._failed_checks = 0 if healthy else self._failed_checks + 1
        if self._failed_checks >= self._policy.health_failures and self._process is not None:
            self._process.kill()

    def _ask(self, question: Callable[[], bool]) -> bool | None:
        """Ask in another thread; None until there is an answer. A question that raises is answered with no."""
        if self._probe is None:
            self._probe = self._probes.submit(question)
        if not self._probe.done():
            return None
        answer, self._probe = self._probe, None
        return answer.exception() is None and answer.result()

    def _died(self, code: int, now: float) -> None:
        self._deaths.append(now)
        recent = sum(1 for death in self._deaths if now - death <= self._policy.within)
        if code in _HOPELESS and not self._was_ready:
            raise self._failure("component-cannot-start", "cannot start")
        if recent >= self._policy.deaths:
            text = f"ended {recent} times within {self._policy.within:g} seconds, the last time with {code}"
            raise self._failure("component-keeps-ending", text)
        self._process = None
        self._deadline = now + self._policy.delay(recent)
        self._enter(State.BACKING_OFF)

    def _failure(self, code: str, text: str) -> ConfigurationError:
        words = self._process.last_words() if self._process else "nothing"
        name, log_file = self.component.name, self.component.log_file
        return ConfigurationError(code, name, f"{name} {text}; it said: {words} (log: {log_file})")
