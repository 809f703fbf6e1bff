"""
One call of one function: its arguments, its context, its outcome and two lines in the log.

Synchronous functions run in a thread pool, asynchronous ones on the host's event loop, as in the worker.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from azure.functions.meta import Datum

from local.functions_host.app_loading import LoadedFunction
from local.functions_host.function_context import InvocationContext, Retry, Trace
from local.functions_host.logs import current_invocation, event

_FIRST_TRY = Retry()


@dataclass(frozen=True, slots=True)
class Call:
    """What a trigger asks for: the function, its input and where it came from."""

    function: LoadedFunction
    datum: Datum
    trace: Trace
    metadata: Mapping[str, Datum] = field(default_factory=dict)
    retry: Retry = _FIRST_TRY


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the call ended; `returned` is the encoded `$return` of a success."""

    succeeded: bool
    returned: Datum | None = None


def new_invocation_id() -> str:
    """Return a random invocation id."""
    return str(uuid.uuid4())


class Invoker:
    """Runs calls and knows how many are running."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        threads: int | None = None,
        new_id: Callable[[], str] = new_invocation_id,
    ) -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="function")
        self._new_id = new_id
        self._storage = threading.local()
        self._lock = threading.Lock()
        self._running = 0

    @property
    def running(self) -> int:
        """Return how many calls have been taken and not yet ended."""
        with self._lock:
            return self._running

    def submit(self, call: Call) -> Future[Outcome]:
        """Start the call, from any thread; the future always ends with an outcome, never with the function's error."""
        invocation_id = self._new_id()
        if call.function.is_async:
            future = asyncio.run_coroutine_threadsafe(self._run_async(call, invocation_id), self._loop)
        else:
            future = self._pool.submit(self._run_sync, call, invocation_id)
        with self._lock:
            self._running += 1
        future.add_done_callback(self._ended)
        return future

    async def invoke(self, call: Call) -> Outcome:
        """Run the call from the event loop and return how it ended."""
        return await asyncio.wrap_future(self.submit(call))

    def close(self) -> None:
        """Refuse further synchronous calls and drop those not yet begun."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, _: Future[Outcome]) -> None:
        with self._lock:
            self._running -= 1

    def _run_sync(self, call: Call, invocation_id: str) -> Outcome:
        token = current_invocation.set(invocation_id)
        began = _begin(call, invocation_id)
        try:
            arguments = self._arguments(call, invocation_id)
            self._storage.invocation_id = invocation_id
            returned = call.function.handler(**arguments)
            return _succeeded(call, began, invocation_id, call.function.encode(returned))
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever an app raises is a failed invocation
            return _failed(call, began, invocation_id, error)
        finally:
            self._storage.invocation_id = None
            current_invocation.reset(token)

    async def _run_async(self, call: Call, invocation_id: str) -> Outcome:
        token = current_invocation.set(invocation_id)
        began = _begin(call, invocation_id)
        try:
            arguments = self._arguments(call, invocation_id)
            self._storage.invocation_id = invocation_id
            returned = await call.function.handler(**arguments)
            return _succeeded(call, began, invocation_id, call.function.encode(returned))
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever an app raises is a failed invocation
            return _failed(call, began, invocation_id, error)
        finally:
            current_invocation.reset(token)

    def _arguments(self, call: Call, invocation_id: str) -> dict[str, object]:
        function = call.function
        arguments = {str(function.trigger["name"]): function.decode(call.datum, call.metadata)}
        if function.wants_context:
            arguments["context"] = InvocationContext(
                function_name=function.name,
                function_directory=function.directory,
                invocation_id=invocation_id,
                thread_local_storage=self._storage,
                trace=call.trace,
                retry=call.retry,
            )
        return arguments


def _begin(call: Call, invocation_id: str) -> tuple[float, float]:
    """Return the clock and the thread's own CPU time: an asynchronous function shares its thread with others."""
    event("Executing", function=call.function.name, invocation_id=invocation_id)
    return time.perf_counter(), time.thread_time()


def _succeeded(call: Call, began: tuple[float, float], invocation_id: str, returned: Datum | None) -> Outcome:
    _executed(call, began, invocation_id, None)
    return Outcome(succeeded=True, returned=returned)


def _failed(call: Call, began: tuple[float, float], invocation_id: str, error: BaseException) -> Outcome:
    _executed(call, began, invocation_id, error)
    return Outcome(succeeded=False)


def _executed(call: Call, began: tuple[float, float], invocation_id: str, error: BaseException | None) -> None:
    clock, cpu = began
    event(
        "Executed",
        level=logging.INFO if error is None else logging.ERROR,
        error=error,
        function=call.function.name,
        invocation_id=invocation_id,
        duration_ms=round((time.perf_counter() - clock) * 1000, 3),
        cpu_ms=round((time.thread_time() - cpu) * 1000, 3),
        outcome="Succeeded" if error is None else "Failed",
    )
