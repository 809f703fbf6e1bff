"""HTTP of the destinations: routes, faults, the webhook, the views for tests and operators."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.destinations.answers import JSON, Answer, RefusedError, json_answer
from local.destinations.arrivals import ArrivalLog
from local.destinations.bearer import BearerTokens
from local.destinations.faults import Faults
from local.destinations.fhir import parse_resource
from local.destinations.fhir_desk import FhirDesk, utc_now
from local.destinations.hl7v2 import Hl7v2Desk, PlainHl7v2Desk
from local.destinations.requests import RequestLog, idempotency_key, read_body
from local.destinations.store import Store
from local.destinations.thread import StoreThread
from local.destinations.webhook import WebhookReceiver

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of; `arrivals` is the file of the raw log, None for no such log."""

    store: Store
    tokens: BearerTokens
    webhook: WebhookReceiver
    faults: Faults
    arrivals: Path | None = None


def build(parts: Parts) -> ASGIApp:
    """Return the application; it closes the store when it ends."""
    thread = StoreThread()
    fhir = FhirDesk(parts.store, thread, parts.tokens, lambda: parts.faults.amid("fhir"))
    desk = Desk(parts, thread)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        thread.close()
        parts.store.close()

    messages = Hl7v2Desk(parts.store, thread, parts.tokens, utc_now)
    plain = PlainHl7v2Desk(parts.store, thread, parts.tokens, utc_now)
    routes = [
        *fhir_routes(fhir, parts.faults),
        *desk_routes(desk, parts.faults),
        Route("/hl7v2", guarded(parts.faults, "hl7v2", messages.receive), methods=["POST"]),
        Route("/plain", guarded(parts.faults, "plain", plain.receive), methods=["POST"]),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_exception_handler(RefusedError, refused)
    app.add_exception_handler(HTTPException, not_implemented)
    logged = RequestLog(app)
    return ArrivalLog(logged, parts.arrivals) if parts.arrivals else logged


def fhir_routes(desk: FhirDesk, faults: Faults) -> list[Route]:
    """Return the routes under /fhir."""
    table: list[tuple[str, str, Handler]] = [
        ("POST", "", desk.bundle),
        ("POST", "/", desk.bundle),
        ("POST", "/{kind}", desk.create),
        ("PUT", "/{kind}", desk.update_where),
        ("GET", "/{kind}", desk.search),
        ("GET", "/{kind}/{id}", desk.read),
        ("PUT", "/{kind}/{id}", desk.update),
        ("DELETE", "/{kind}/{id}", desk.delete),
        ("GET", "/{kind}/{id}/_history", desk.history),
        ("GET", "/{kind}/{id}/_history/{version}", desk.vread),
    ]
    return [
        Route("/fhir/metadata", desk.metadata, methods=["GET"]),
        *(Route(f"/fhir{path}", guarded(faults, "fhir", handle), methods=[method]) for method, path, handle in table),
    ]


def desk_routes(desk: Desk, faults: Faults) -> list[Route]:
    """Return the routes of the webhook and of the views."""
    return [
        Route("/webhook", guarded(faults, "webhook", desk.deliver), methods=["POST"]),
        Route("/healthz", desk.health, methods=["GET"]),
        Route("/admin/effects", loopback_only(desk.effects), methods=["GET"]),
        Route("/admin/counts", loopback_only(desk.counts), methods=["GET"]),
        Route("/admin/deliveries/{key:path}", loopback_only(desk.delivery), methods=["GET"]),
        Route("/admin/faults", loopback_only(desk.faults), methods=["GET", "POST"]),
    ]


def guarded(faults: Faults, destination: str, handle: Handler) -> Handler:
    """Wrap a handler in the faults of its destination."""

    async def run(request: Request) -> Response:
        await faults.before(destination)
        return faults.after(destination, await handle(request))

    return run


def loopback_only(handle: Handler) -> Handler:
    """Wrap a handler so that only this machine may call it."""

    async def run(request: Request) -> Response:
        if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
            raise RefusedError(403, "loopback-only", "Only this machine may look in here.", "forbidden")
        return await handle(request)

    return run


async def refused(_: Request, error: Exception) -> Response:
    """Answer a refusal."""
    if not isinstance(error, RefusedError):
        raise error
    return error.answer().response()


async def not_implemented(_: Request, error: Exception) -> Response:
    """Answer an unknown route or method."""
    if not isinstance(error, HTTPException):
        raise error
    code = "method-not-supported" if error.status_code == 405 else "route-unknown"
    return RefusedError(error.status_code, code, "This is not implemented here.", "not-supported").answer().response()


class Desk:
    """The handlers of the webhook and of the views."""

    def __init__(self, parts: Parts, thread: StoreThread) -> None:
        self._parts = parts
        self._thread = thread

    async def deliver(self, request: Request) -> Response:
        """Take a webhook delivery."""
        body, key = await read_body(request), idempotency_key(request)
        self._parts.webhook.verify(request.headers.get("corridor-signature", ""), body)

        def run() -> Answer:
            with self._parts.store.transaction():
                answer = self._parts.webhook.accept(key, body)
                self._parts.faults.amid("webhook")
                return answer

        return await self._thread.run(run)

    async def health(self, _: Request) -> Response:
        """Say that the process serves."""
        return json_answer(200, {"status": "ok"}).response()

    async def effects(self, request: Request) -> Response:
        """Return the effect log; ?destination= and ?after=<number> narrow it."""
        destination, after = request.query_params.get("destination", ""), request.query_params.get("after", "0")
        if not after.isascii() or not after.isdecimal() or len(after) > 15:
            raise RefusedError(400, "parameter-invalid", "after is a number.", "value")
        return await self._thread.run(lambda: json_answer(200, self._parts.store.effects(destination, int(after))))

    async def counts(self, _: Request) -> Response:
        """Return the number of current resources by type."""
        return await self._thread.run(lambda: json_answer(200, self._parts.store.counts()))

    async def delivery(self, request: Request) -> Response:
        """Return what the webhook received under a key."""

        def run() -> Answer:
            body = self._parts.store.delivery(request.path_params["key"])
            if body is None:
                raise RefusedError(404, "delivery-unknown", "Nothing came under this key.", "not-found")
            return Answer(200, body, {"content-type": JSON})

        return await self._thread.run(run)

    async def faults(self, request: Request) -> Response:
        """Switch faults (POST) and show them."""
        if request.method == "POST":
            self._parts.faults.set(parse_resource(await read_body(request)))
        return json_answer(200, self._parts.faults.active()).response()
