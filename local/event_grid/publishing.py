"""
Publishing: `POST /<topic>/api/events` with a bearer token, as `azure-eventgrid` does it.

CloudEvents 1.0 alone, one or a batch, up to a megabyte; an answer of 200 says that the events are on disk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.event_grid.config import Topics
from local.event_grid.store import EventStore
from local.service_bus.tokens import TokenError, TokenVerifier

_MEDIA_TYPES = ("application/cloudevents+json", "application/cloudevents-batch+json")
_REQUIRED = ("id", "source", "type")
_MOST_BYTES = 1 << 20


class Publishing:
    """Takes events in, and owes them to whoever listens; `wake` is called after each request."""

    def __init__(self, topics: Topics, store: EventStore, tokens: TokenVerifier, wake: Callable[[], None]) -> None:
        self._topics = topics
        self._store = store
        self._tokens = tokens
        self._wake = wake

    def application(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/{topic}/api/events", self._publish, methods=["POST"]),
                Route("/healthz", lambda _: Response(), methods=["GET"]),
            ]
        )

    async def _publish(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise TokenError("there is no bearer token")
            await self._tokens.verify(token)
        except TokenError:
            return _refusal(401, "Unauthorized", "The request did not contain a valid token.")
        topic = str(request.path_params["topic"])
        if topic not in self._topics.names:
            return _refusal(404, "NotFound", "There is no such topic.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _MEDIA_TYPES:
            return _refusal(400, "BadRequest", "This topic takes CloudEvents 1.0 in structured JSON.")
        body = await request.body()
        if len(body) > _MOST_BYTES:
            return _refusal(413, "PayloadTooLarge", "The maximum size is 1048576 bytes.")
        try:
            events = _events(body)
        except (ValueError, TypeError):
            return _refusal(400, "BadRequest", "An event lacks specversion 1.0, id, source or type.")
        owed = [(one.name, event) for event in events for one in self._topics.listeners(topic, event)]
        self._store.owe(owed, time.time())
        self._wake()
        return Response(status_code=200)


def _events(body: bytes) -> list[dict[str, Any]]:
    parsed = json.loads(body)
    events: list[dict[str, Any]] = parsed if isinstance(parsed, list) else [parsed]
    for event in events:
        if event["specversion"] != "1.0" or not all(isinstance(event.get(key), str) for key in _REQUIRED):
            raise ValueError("not a CloudEvent")
    return events


def _refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
