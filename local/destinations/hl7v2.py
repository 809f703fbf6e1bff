"""
The sample HL7 v2 endpoint: a message posted with a bearer token is kept once per idempotency key and acknowledged.

Its plain neighbour is an old engine that has never heard of keys: it acts on whatever comes.

200 with AA (again for a repetition), 422 with AE for what is no good message, 400 no key, 401 no token, 409 the key
was used for another message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from local.destinations import bearer
from local.destinations.answers import Answer, RefusedError
from local.destinations.bearer import BearerTokens
from local.destinations.requests import idempotency_key, read_body
from local.destinations.store import Store
from local.destinations.thread import StoreThread
from shared.errors import RejectedError
from shared.formats.hl7v2.acknowledgment import acknowledge
from shared.formats.hl7v2.envelope import read_envelope

MEDIA_TYPE: Final = "application/hl7-v2"


class Hl7v2Desk:
    """Keeps messages in the order of their arrival."""

    def __init__(self, store: Store, thread: StoreThread, tokens: BearerTokens, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._thread = thread
        self._tokens = tokens
        self._clock = clock

    async def receive(self, request: Request) -> Response:
        """Take one message."""
        header = request.headers.get("authorization", "")
        await self._tokens.client(header, bearer.WRITE)
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != MEDIA_TYPE:
            raise RefusedError(415, "content-type-not-supported", f"Send {MEDIA_TYPE}.", "not-supported")
        body, key = await read_body(request), idempotency_key(request)
        return await self._thread.run(lambda: self.accept(key, body))

    def accept(self, key: str, body: bytes) -> Answer:
        """Keep the message once, and return its acknowledgment."""
        if not key:
            raise RefusedError(400, "idempotency-key-missing", "Idempotency-Key is required.", "required")
        try:
            envelope = read_envelope(body)
        except RejectedError as error:
            raise RefusedError(400, "hl7v2-invalid", "The body is no HL7 v2 message.", "structure") from error
        code: Final = "AE" if envelope.problems else "AA"
        now = self._clock().astimezone(UTC)
        answer = acknowledge(envelope, code, control_id=key[:20], instant=now, errors=envelope.problems)
        if code == "AA":
            self._keep(key, body, now.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
        return Answer(200 if code == "AA" else 422, answer, {"content-type": MEDIA_TYPE})

    def _keep(self, key: str, body: bytes, at: str) -> None:
        with self._store.transaction():
            kept = self._store.delivery(key)
            if kept is not None and kept != body:
                raise RefusedError(409, "idempotency-key-reused", "The key was used for another message.", "conflict")
            if kept is None:
                self._store.add_delivery(key, at, body)
                self._store.record("hl7v2", "POST", ("hl7v2", key, 1), key, at)


class PlainHl7v2Desk(Hl7v2Desk):
    """Acts on each message as often as it comes; the key is noted beside the effect and otherwise not looked at."""

    def _keep(self, key: str, body: bytes, at: str) -> None:
        with self._store.transaction():
            self._store.record("plain", "POST", ("hl7v2", key, 1), key, at)
