"""Requests at the destinations: their bodies within a limit, their keys, and one log line each without content."""

from __future__ import annotations

import hashlib
import logging
import time
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.destinations.answers import RefusedError
from shared.validation.shapes import resource_types

LOG = logging.getLogger("corridor.destinations")
LARGEST_BODY: Final = 32 * 1024 * 1024
CONTENT_TYPES: Final = ("application/fhir+json", "application/json")


async def read_body(request: Request) -> bytes:
    """Return the body; 413 as soon as it is too large."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise RefusedError(413, "body-too-large", "The body is too large.", "too-long")
        chunks.append(chunk)
    return b"".join(chunks)


def idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key, or nothing."""
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > 255 or not key.isascii():
        raise RefusedError(400, "idempotency-key-invalid", "Idempotency-Key is at most 255 ASCII letters.", "value")
    return key


def request_digest(request: Request, body: bytes) -> str:
    """Return a digest of everything that makes two requests the same."""
    headers = [request.headers.get(name, "") for name in ("if-match", "if-none-exist")]
    head = "\n".join([request.method, request.url.path, request.url.query, *headers])
    return hashlib.sha256(head.encode() + b"\n\n" + body).hexdigest()


def known_type(request: Request) -> str:
    """Return the resource type of the path; 404 when R4 lacks it."""
    kind: str = request.path_params["kind"]
    if kind not in resource_types():
        raise RefusedError(404, "type-unknown", "R4 has no such resource type.", "not-found")
    return kind


def require_fhir_json(request: Request) -> None:
    """Refuse what is not announced as JSON."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in CONTENT_TYPES:
        raise RefusedError(415, "content-type-not-supported", "Send application/fhir+json.", "not-supported")


class RequestLog:
    """Logs method, path, status and milliseconds of each request: no query, no header, no body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            milliseconds = (time.perf_counter() - start) * 1000
            LOG.info("%s %s %d %.1f ms", scope["method"], printable(scope["path"]), status, milliseconds)


def printable(path: str) -> str:
    """Return a path as one short line."""
    return "".join(letter if letter.isprintable() else "?" for letter in path[:200])
