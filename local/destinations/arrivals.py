"""
The raw log of what arrives, before anything is understood, recognised as a repetition or refused.

    {"arrival": "<process>.<number>", "at": <unix seconds>, "path", "key", "body": base64 of zlib}
    {"answered": "<process>.<number>", "at": <unix seconds>, "status"}

One line for a request that is here whole, before it is handled (or that is answered unread), and one when its answer
begins. A line is written by one call, so that a kill leaves whole lines but for the last one. The file holds what
patients' records say.
"""

from __future__ import annotations

import os
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_KEPT: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came; `at` counts unix seconds, `status` is 0 where no answer began."""

    identity: str
    at: float
    path: str
    key: str
    body: bytes
    status: int


def read_arrivals(file: Path) -> list[Arrival]:
    """Return what a log holds, in the order of arrival; a last line that a kill has cut off is left out."""
    arrived: dict[str, Any] = {}
    answered: dict[str, int] = {}
    for line in _whole_lines(file):
        if "arrival" in line:
            arrived[line["arrival"]] = line
        else:
            answered[line["answered"]] = line["status"]
    return [
        Arrival(name, line["at"], line["path"], line["key"], _unpacked(line["body"]), answered.get(name, 0))
        for name, line in arrived.items()
    ]


def _whole_lines(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    with file.open("rb") as lines:
        for line in lines:
            if line.endswith(b"}\n"):
                yield orjson.loads(line)


def _unpacked(body: str) -> bytes:
    return zlib.decompress(b64decode(body))


class ArrivalLog:
    """Notes every POST that does not look in from outside; wraps the whole application."""

    def __init__(self, app: ASGIApp, file: Path, now: Callable[[], float] = time.time) -> None:
        self._app = app
        self._now = now
        self._numbers = count(1)
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        if file.stat().st_size and not file.read_bytes().endswith(b"\n"):
            os.write(self._file, b"\n")  # a kill left half a line: what follows must not join it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and note it."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].startswith("/admin"):
            await self._app(scope, receive, send)
            return
        identity, body = f"{os.getpid()}.{next(self._numbers)}", bytearray()
        noted = False

        def note() -> None:
            nonlocal noted
            if not noted:
                noted = True
                self._arrived(identity, scope, bytes(body))

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.request" and len(body) <= LARGEST_KEPT:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    note()
            return message

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                note()
                self._write({"answered": identity, "at": self._now(), "status": message["status"]})
            await send(message)

        await self._app(scope, heard, answered)

    def _arrived(self, identity: str, scope: Scope, body: bytes) -> None:
        keys = [value for name, value in scope["headers"] if name == b"idempotency-key"]
        key = keys[0].decode("latin-1") if keys else ""
        packed = b64encode(zlib.compress(body, 1)).decode()
        self._write({"arrival": identity, "at": self._now(), "path": scope["path"], "key": key, "body": packed})

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, orjson.dumps(line) + b"\n")
