"""
HTTP triggers: the request as the worker sees it, the response as the function gave it.

No route, or a route without this method, is 404 without a body, as in Azure. A failed function is 500 without a body:
nothing of its error reaches the caller.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie

from azure.functions.meta import Datum
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from local.functions_host.app_loading import LoadedFunction
from local.functions_host.function_context import Trace
from local.functions_host.invocation import Call, Invoker
from local.functions_host.route_templates import RouteTemplate, compile_template
from local.functions_host.settings import HostSettings
from shared.trace_context import start_trace


@dataclass(frozen=True, slots=True)
class _Endpoint:
    function: LoadedFunction
    template: RouteTemplate
    methods: frozenset[str]


class BodyTooLargeError(Exception):
    """The request's body exceeds the limit of the host."""


class HttpFunctions:
    """The app's functions with an HTTP trigger."""

    def __init__(self, functions: Iterable[LoadedFunction], settings: HostSettings, invoker: Invoker) -> None:
        self._settings = settings
        self._invoker = invoker
        self._endpoints = sorted(
            (_endpoint(function, settings.route_prefix) for function in functions),
            key=lambda endpoint: endpoint.template.precedence,
        )

    async def respond(self, request: Request) -> Response:
        """Run the function that the request names and return its response."""
        path = request.scope["raw_path"].decode("ascii", "replace").lstrip("/")
        for endpoint in self._endpoints:
            if endpoint.methods and request.method not in endpoint.methods:
                continue
            parameters = endpoint.template.match(path)
            if parameters is not None:
                return await self._run(endpoint.function, request, parameters)
        return Response(status_code=404)

    async def _run(self, function: LoadedFunction, request: Request, parameters: Mapping[str, str]) -> Response:
        if not self._admits(function, request):
            return Response(status_code=401)
        try:
            body = await read_body(request, self._settings.body_limit)
        except BodyTooLargeError:
            return Response(status_code=413, headers={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        trace = Trace(start_trace(request.headers.get("traceparent")), request.headers.get("tracestate", ""))
        outcome = await self._invoker.invoke(Call(function, _request_datum(request, parameters, body), trace))
        if not outcome.succeeded:
            return Response(status_code=500)
        return Response(status_code=204) if outcome.returned is None else _response(outcome.returned)

    def _admits(self, function: LoadedFunction, request: Request) -> bool:
        level = str(function.trigger.get("authLevel", "FUNCTION")).upper()
        if level == "ANONYMOUS":
            return True
        if level == "ADMIN":
            return holds_key(request, self._settings.master_key)
        return holds_key(request, self._settings.function_key, self._settings.master_key)


def holds_key(request: Request, key: str | None, *others: str | None) -> bool:
    """Say whether the request carries `key` or one of `others`; without a configured `key` the door is open."""
    if key is None:
        return True
    given = (request.headers.get("x-functions-key") or request.query_params.get("code") or "").encode()
    return any(hmac.compare_digest(given, accepted.encode()) for accepted in (key, *others) if accepted)


async def read_body(request: Request, limit: int) -> bytes:
    """Return the request's body; one longer than `limit` bytes is a BodyTooLargeError."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLargeError
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLargeError
        parts.append(part)
    return b"".join(parts)


def _endpoint(function: LoadedFunction, prefix: str) -> _Endpoint:
    route = str(function.trigger.get("route") or function.name).strip("/")
    methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
    return _Endpoint(function, compile_template(f"{prefix}/{route}" if prefix else route), methods)


def _request_datum(request: Request, parameters: Mapping[str, str], body: bytes) -> Datum:
    value = {
        "method": _string(request.method),
        "url": _string(_url(request)),
        "headers": _strings(request.headers.items()),
        "params": {name: _string(value) for name, value in parameters.items()},
        # Azure's host does not pass query parameters without a value.
        "query": _strings((name, value) for name, value in request.query_params.multi_items() if value),
        "body": Datum(body, "bytes"),
    }
    return Datum(value, "http")


def _url(request: Request) -> str:
    # As it came: Starlette's own would be percent-decoded.
    query = request.scope["query_string"].decode("ascii", "replace")
    path = request.scope["raw_path"].decode("ascii", "replace")
    return f"{request.url.scheme}://{request.url.netloc}{path}{'?' if query else ''}{query}"


def _strings(pairs: Iterable[tuple[str, str]]) -> dict[str, Datum]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        separator = "; " if name == "cookie" else ","
        joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
    return {name: _string(value) for name, value in joined.items()}


def _string(value: str) -> Datum:
    return Datum(value, "string")


def _response(returned: Datum) -> Response:
    if returned.type == "string":
        return Response(returned.value, media_type="text/plain")
    value = returned.value
    headers = {str(name): str(datum.value) for name, datum in value["headers"].items()}
    response = Response(value["body"].value, int(value["status_code"].value), headers)
    cookies: list[SimpleCookie] = value["cookies"] or []
    for cookie in cookies:
        for morsel in cookie.values():
            response.headers.append("set-cookie", morsel.OutputString())
    return response
