"""The host as a whole: load the app, listen, run the triggers, stop in good order."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from azure.servicebus import ServiceBusClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.functions_host import event_grid_trigger
from local.functions_host.admin import PREFIX, Admin
from local.functions_host.app_loading import LoadedFunction
from local.functions_host.connections import client_factory
from local.functions_host.event_grid_trigger import EventGridFunctions
from local.functions_host.http_trigger import HttpFunctions
from local.functions_host.invocation import Invoker
from local.functions_host.logs import event
from local.functions_host.service_bus_trigger import GATHER_SECONDS, ServiceBusTrigger, takes_many
from local.functions_host.settings import HostSettings
from local.functions_host.timer_trigger import TimerTrigger, status_store
from local.functions_host.worker_place import WorkerPlace

_FIRST_CONNECTION_SECONDS = 5.0
_POLL_SECONDS = 0.02


class Host:
    """The triggers of one app."""

    def __init__(
        self,
        functions: tuple[LoadedFunction, ...],
        settings: HostSettings,
        invoker: Invoker,
        place: WorkerPlace | None = None,
    ) -> None:
        of_kind = _by_kind(functions)
        store = status_store(settings)
        self._settings = settings
        self._invoker = invoker
        self._place = place or WorkerPlace()
        self._state = "Starting"
        self._http = HttpFunctions(of_kind("httpTrigger"), settings, invoker)
        self._event_grid = EventGridFunctions(of_kind("eventGridTrigger"), settings, invoker)
        self._queues = [
            ServiceBusTrigger(function, settings, invoker, _bus_of(function, settings))
            for function in of_kind("serviceBusTrigger")
        ]
        self._timers = {
            function.name: TimerTrigger(function, settings, invoker, store) for function in of_kind("timerTrigger")
        }
        self._timer_tasks: list[asyncio.Task[None]] = []
        runs = self._place.take_wishes(
            asyncio.get_running_loop(), {name: timer.run_once for name, timer in self._timers.items()}
        )
        self._admin = Admin(functions, settings, invoker, state=lambda: self._state, timers=runs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (ASGI)."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path = request.url.path.lower()
        if path.startswith(PREFIX):
            response: Response = await self._admin.respond(request)
        elif path.rstrip("/") == event_grid_trigger.PATH:
            response = await self._event_grid.respond(request)
        else:
            response = await self._http.respond(request)
        await response(scope, receive, send)

    async def start(self) -> None:
        """Start timers and receivers; return when each receiver listens or has met an outage."""
        for queue in self._queues:
            queue.start()
        for queue in self._queues:
            await asyncio.to_thread(queue.wait_until_attempted, _FIRST_CONNECTION_SECONDS)
        timers = self._timers if self._place.is_first else {}
        self._timer_tasks = [asyncio.create_task(timer.run(), name=name) for name, timer in timers.items()]
        for task in self._timer_tasks:
            task.add_done_callback(_report_end)
        self._state = "Running"

    async def stop(self) -> bool:
        """Take nothing new, let running invocations end; False when the grace time was not enough."""
        self._state = "Stopping"
        deadline = time.monotonic() + self._settings.grace
        for queue in self._queues:
            queue.stop()
        for timer in self._timers.values():
            timer.stop()
        while self._invoker.running and time.monotonic() < deadline:
            await asyncio.sleep(_POLL_SECONDS)
        for task in self._timer_tasks:
            task.cancel()
        await asyncio.gather(*self._timer_tasks, return_exceptions=True)
        in_time = not self._invoker.running
        await asyncio.to_thread(self._join)
        self._invoker.close()
        return in_time

    def _join(self) -> None:
        for queue in self._queues:
            queue.join()


def _bus_of(function: LoadedFunction, settings: HostSettings) -> Callable[[], ServiceBusClient]:
    patience = GATHER_SECONDS if takes_many(function) else None
    return client_factory(str(function.trigger["connection"]), settings, patience=patience)


def _report_end(timer: asyncio.Task[None]) -> None:
    if not timer.cancelled() and (error := timer.exception()) is not None:
        event("Timer ended", level=logging.ERROR, error=error, function=timer.get_name())


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The host stops its triggers and the server together; uvicorn alone would exit by the signal.
        yield


async def serve(
    functions: tuple[LoadedFunction, ...],
    settings: HostSettings,
    listener: socket.socket,
    ready: Callable[[], None],
    place: WorkerPlace | None = None,
) -> bool:
    """Serve until SIGTERM or SIGINT; call `ready` once everything listens; False when work had to be cut off."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    invoker = Invoker(loop, threads=settings.threads)
    place = place or WorkerPlace()
    place.watch(loop)
    host = Host(functions, settings, invoker, place)
    config = uvicorn.Config(
        host,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=int(settings.grace) + 1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(_POLL_SECONDS)
    await host.start()
    event("Host started", functions=[function.name for function in functions])
    ready()
    await asyncio.wait([serving, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    in_time, _ = await asyncio.gather(host.stop(), serving)
    event("Host stopped", in_time=in_time)
    return in_time


def _by_kind(functions: tuple[LoadedFunction, ...]) -> Callable[[str], list[LoadedFunction]]:
    return lambda kind: [function for function in functions if function.kind == kind]
