"""The FHIR endpoint over HTTP: who calls, what is asked, and one effect per idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from local.destinations import bearer
from local.destinations.answers import Answer, RefusedError, fhir_answer
from local.destinations.bearer import BearerTokens
from local.destinations.bundles import BundleProcessor
from local.destinations.capability import capability_statement
from local.destinations.fhir import Caller, FhirEndpoint, Node, parse_resource, refuse_if_invalid
from local.destinations.requests import (
    idempotency_key,
    known_type,
    read_body,
    request_digest,
    require_fhir_json,
)
from local.destinations.search import parse_query
from local.destinations.store import Store
from local.destinations.thread import StoreThread


def utc_now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


class FhirDesk:
    """The handlers of the FHIR endpoint."""

    def __init__(
        self, store: Store, thread: StoreThread, tokens: BearerTokens, amid: Callable[[], None] = lambda: None
    ) -> None:
        """`amid` is called when a write is done and not yet committed; what it raises undoes the write."""
        self._store = store
        self._thread = thread
        self._tokens = tokens
        self._amid = amid
        self._fhir = FhirEndpoint(store, utc_now, lambda: str(uuid4()))
        self._bundles = BundleProcessor(self._fhir)

    async def _caller(self, request: Request, role: str) -> Caller:
        header = request.headers.get("authorization", "")
        client = await self._tokens.client(header, role)
        return Caller(client, idempotency_key(request), f"{str(request.base_url).rstrip('/')}/fhir")

    async def _read(self, request: Request, act: Callable[[str, str, Caller], Answer]) -> Response:
        caller = await self._caller(request, bearer.READ)
        kind = known_type(request)

        def run() -> Answer:
            with self._store.transaction():
                return act(kind, request.path_params.get("id", ""), caller)

        return await self._thread.run(run)

    async def _write(self, request: Request, act: Callable[[bytes, Caller], Answer]) -> Response:
        caller = await self._caller(request, bearer.WRITE)
        body = await read_body(request)
        digest = request_digest(request, body)
        return await self._thread.run(lambda: self._once(caller, digest, lambda: act(body, caller)))

    async def _write_valid(self, request: Request, act: Callable[[Node, Caller], Answer]) -> Response:
        require_fhir_json(request)

        def valid(body: bytes, caller: Caller) -> Answer:
            resource = parse_resource(body)
            refuse_if_invalid(resource)
            return act(resource, caller)

        return await self._write(request, valid)

    def _once(self, caller: Caller, digest: str, act: Callable[[], Answer]) -> Answer:
        """Act and keep the answer in one commit; a repeated key gets the kept answer."""
        store, key = self._store, caller.key
        with store.transaction():
            kept = store.answer("fhir", caller.client, key) if key else None
            if kept is None:
                answer = act()
                self._amid()
                if key:
                    store.keep_answer("fhir", caller.client, key, digest, answer)
                return answer
        if kept[0] != digest:
            raise RefusedError(422, "idempotency-key-reused", "The key was used for another request.", "conflict")
        return Answer(kept[1].status, kept[1].body, {**kept[1].headers, "idempotency-replayed": "true"})

    async def metadata(self, request: Request) -> Response:
        """Return the CapabilityStatement."""
        base = f"{str(request.base_url).rstrip('/')}/fhir"
        return fhir_answer(200, capability_statement(base)).response()

    async def bundle(self, request: Request) -> Response:
        """Run a transaction or a batch."""
        require_fhir_json(request)
        return await self._write(request, lambda body, caller: self._bundles.run(parse_resource(body), caller))

    async def create(self, request: Request) -> Response:
        """Create a resource."""
        kind, condition = known_type(request), request.headers.get("if-none-exist")
        return await self._write_valid(
            request, lambda resource, caller: self._fhir.create(kind, resource, condition, caller)
        )

    async def update(self, request: Request) -> Response:
        """Update a resource, or create it under this id."""
        kind, identity = known_type(request), request.path_params["id"]
        if_match = request.headers.get("if-match")
        return await self._write_valid(
            request, lambda resource, caller: self._fhir.update(kind, identity, resource, if_match, caller)
        )

    async def update_where(self, request: Request) -> Response:
        """Update what a condition matches, or create it."""
        kind, query = known_type(request), parse_query(request.url.query)
        return await self._write_valid(
            request, lambda resource, caller: self._fhir.update_where(kind, query, resource, caller)
        )

    async def delete(self, request: Request) -> Response:
        """Delete a resource."""
        kind, identity = known_type(request), request.path_params["id"]
        return await self._write(request, lambda _, caller: self._fhir.delete(kind, identity, caller))

    async def read(self, request: Request) -> Response:
        """Return the current version."""
        return await self._read(request, self._fhir.read)

    async def vread(self, request: Request) -> Response:
        """Return one version."""
        number = request.path_params["version"]
        return await self._read(
            request, lambda kind, identity, caller: self._fhir.vread(kind, identity, number, caller)
        )

    async def history(self, request: Request) -> Response:
        """Return all versions."""
        return await self._read(request, self._fhir.history)

    async def search(self, request: Request) -> Response:
        """Return what a query finds."""
        query = request.url.query
        return await self._read(request, lambda kind, _, caller: self._fhir.search(kind, query, caller))
