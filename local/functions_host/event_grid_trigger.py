"""
The Event Grid webhook: `/runtime/webhooks/EventGrid?functionName=NAME&code=KEY`.

Event Grid schema: a SubscriptionValidation event is answered with its code. CloudEvents: OPTIONS is answered with the
allowed origin. Each event is one invocation; if one fails, the delivery fails and Event Grid sends it again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from azure.functions.meta import Datum
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from local.functions_host.app_loading import LoadedFunction
from local.functions_host.function_context import Trace
from local.functions_host.http_trigger import BodyTooLargeError, holds_key, read_body
from local.functions_host.invocation import Call, Invoker
from local.functions_host.settings import HostSettings
from shared.trace_context import start_trace

PATH = "/runtime/webhooks/eventgrid"


class EventGridFunctions:
    """The app's functions with an Event Grid trigger."""

    def __init__(self, functions: Iterable[LoadedFunction], settings: HostSettings, invoker: Invoker) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._settings = settings
        self._invoker = invoker

    async def respond(self, request: Request) -> Response:
        """Answer a handshake, or run the function for each event."""
        if not holds_key(request, self._settings.event_grid_key, self._settings.master_key):
            return Response(status_code=401)
        name = request.query_params.get("functionName", "")
        function = self._functions.get(name.lower())
        if function is None:
            return Response(status_code=404)
        if request.method == "OPTIONS":
            origin = request.headers.get("webhook-request-origin", "*")
            return Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
        if request.method != "POST":
            return Response(status_code=405)
        try:
            events = _events(await read_body(request, self._settings.body_limit))
        except BodyTooLargeError:
            return Response(status_code=413)
        except (ValueError, ClientDisconnect):
            return Response(status_code=400)
        return await self._deliver(function, events, request.headers.get("aeg-event-type", "Notification"))

    async def _deliver(self, function: LoadedFunction, events: list[dict[str, Any]], kind: str) -> Response:
        if kind == "SubscriptionValidation":
            data = events[0].get("data") if events else None
            code = data.get("validationCode") if isinstance(data, dict) else None
            return JSONResponse({"validationResponse": code}) if code else Response(status_code=400)
        if kind == "Unsubscribe":
            return Response(status_code=202)
        if kind != "Notification":
            return Response(status_code=400)
        calls = [Call(function, event_datum(event), _trace_of(event)) for event in events]
        outcomes = await asyncio.gather(*(self._invoker.invoke(call) for call in calls))
        return Response(status_code=202 if all(outcome.succeeded for outcome in outcomes) else 500)


def event_datum(event: dict[str, Any]) -> Datum:
    """Return one event as the worker gets it; `specversion` makes it a CloudEvent."""
    return Datum(json.dumps(event), "json")


def _events(body: bytes) -> list[dict[str, Any]]:
    parsed = json.loads(body)
    events = parsed if isinstance(parsed, list) else [parsed]
    if not all(isinstance(event, dict) for event in events):
        raise ValueError("an event is a JSON object")
    return events


def _trace_of(event: dict[str, Any]) -> Trace:
    # The distributed tracing extension of CloudEvents.
    parent = event.get("traceparent")
    return Trace(start_trace(parent if isinstance(parent, str) else None), str(event.get("tracestate") or ""))
