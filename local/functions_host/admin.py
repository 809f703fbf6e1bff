"""
The host's own endpoints, for callers on this machine only and behind the master key when one is set.

    GET  /admin/host/status           state and functions
    POST /admin/functions/{name}      {"input": "..."}: run it now, in the background
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from local.functions_host.app_loading import LoadedFunction
from local.functions_host.event_grid_trigger import event_datum
from local.functions_host.function_context import Trace
from local.functions_host.http_trigger import BodyTooLargeError, holds_key, read_body
from local.functions_host.invocation import Call, Invoker
from local.functions_host.service_bus_message import manual_message
from local.functions_host.service_bus_trigger import takes_many
from local.functions_host.settings import HostSettings
from shared.trace_context import start_trace

PREFIX = "/admin/"


class Admin:
    """Status and manual runs."""

    def __init__(
        self,
        functions: Iterable[LoadedFunction],
        settings: HostSettings,
        invoker: Invoker,
        *,
        state: Callable[[], str],
        timers: Mapping[str, Callable[[], Awaitable[None]]],
    ) -> None:
        self._functions = {function.name: function for function in functions}
        self._settings = settings
        self._invoker = invoker
        self._state = state
        self._timers = timers
        self._manual_runs: set[asyncio.Future[None]] = set()

    async def respond(self, request: Request) -> Response:
        """Answer a caller on this machine who holds the key."""
        if not _is_local(request):
            return Response(status_code=403)
        if not holds_key(request, self._settings.master_key):
            return Response(status_code=401)
        place = request.url.path.removeprefix(PREFIX).strip("/").split("/")
        if request.method == "GET" and place == ["host", "status"]:
            return JSONResponse({"state": self._state(), "functions": sorted(self._functions)})
        if request.method == "POST" and len(place) == 2 and place[0] == "functions":
            return await self._run(request, self._functions.get(place[1]))
        return Response(status_code=404)

    async def _run(self, request: Request, function: LoadedFunction | None) -> Response:
        if function is None:
            return Response(status_code=404)
        try:
            body = json.loads(await read_body(request, self._settings.body_limit) or b"{}")
            text = str(body.get("input") or "")
            call = None if function.name in self._timers else _manual_call(function, text)
        except (ValueError, AttributeError, BodyTooLargeError, ClientDisconnect):
            return Response(status_code=400)
        run = asyncio.ensure_future(self._begin(call, function.name))
        self._manual_runs.add(run)
        run.add_done_callback(self._manual_runs.discard)
        return Response(status_code=202)

    async def _begin(self, call: Call | None, name: str) -> None:
        if call is None:
            await self._timers[name]()
        else:
            await self._invoker.invoke(call)


def _manual_call(function: LoadedFunction, text: str) -> Call:
    trace = Trace(start_trace())
    if function.kind == "serviceBusTrigger":
        datum, metadata = manual_message(text, many=takes_many(function))
        return Call(function, datum, trace, metadata)
    if function.kind == "eventGridTrigger":
        return Call(function, event_datum(json.loads(text)), trace)
    raise ValueError("a function with an HTTP trigger is called by its route")


def _is_local(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
