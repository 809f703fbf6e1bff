"""What operators send, read: ids of the path, members of the body, and who it is that sends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.authorization import Principal
from shared.errors import RejectedError

_MAX_BODY = 10_000


@dataclass(frozen=True, slots=True)
class Kind:
    """What an id names, and what is said of one that names nothing."""

    code: str
    text: str

    def unknown(self) -> RejectedError:
        """Return the error."""
        return RejectedError(self.code, "id", self.text)


QUARANTINE = Kind("quarantine-unknown", "nothing in quarantine has this id")
REPLAY = Kind("replay-unknown", "no plan has this id")


def actor_of(principal: Principal, role: str = "operator") -> str:
    """Return who decides, as the audit names people."""
    return f"{role}/{principal.subject}"


def read_request(body: bytes, limit: int = _MAX_BODY) -> dict[str, Any]:
    """Return the JSON object of a request; RejectedError `request-invalid`."""
    try:
        request = orjson.loads(body) if len(body) <= limit else None
    except orjson.JSONDecodeError:
        request = None
    if not isinstance(request, dict):
        raise RejectedError("request-invalid", "body", "send a JSON object")
    return request


def text_of(request: dict[str, Any], name: str) -> str:
    """Return a text, "" where there is none; RejectedError `request-invalid`."""
    value = request.get(name, "")
    if not isinstance(value, str):
        raise RejectedError("request-invalid", name, "expected a text")
    return plain(value, name)


def plain(text: str, name: str) -> str:
    """Return a text that the ledger can hold; RejectedError `request-invalid` of one with NUL."""
    if "\0" in text:
        raise RejectedError("request-invalid", name, "a text without NUL")
    return text


def instant_of(request: dict[str, Any], name: str) -> datetime | None:
    """Return a time with its zone (RFC 3339), None where there is none; RejectedError `request-invalid`."""
    text = text_of(request, name)
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise RejectedError("request-invalid", name, "expected a time as in RFC 3339") from error
    if instant.tzinfo is None:
        raise RejectedError("request-invalid", name, "expected a time with its zone")
    return instant


def id_of(text: str, kind: Kind) -> UUID:
    """Return the id; the error of what is unknown where it is none of ours."""
    try:
        return UUID(text)
    except ValueError as error:
        raise kind.unknown() from error
