"""
One POST to a destination, and what its status means.

A time-out, a broken connection, 401, 408, 425, 429 and every 5xx may heal; any other refusal is final, a redirect
among them. The status line decides: of an answer's body no more is read than a receipt can hold and the time-out
allows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from shared.errors import RejectedError, TransientError

_HEALS = frozenset({408, 425, 429})
_LARGEST_ANSWER = 1024 * 1024
_LONGEST_RETRY_AFTER = 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered: of its body no more than a receipt can hold."""

    status: int
    headers: httpx.Headers
    body: bytes


def post(client: httpx.Client, url: str, *, headers: dict[str, str] | None = None, **content: Any) -> Answer:
    """POST and return the answer; TransientError `destination-unreachable` when there is none."""
    with (
        _translated(),
        client.stream("POST", url, headers={**(headers or {}), "Accept-Encoding": "identity"}, **content) as response,
    ):
        return Answer(response.status_code, response.headers, _beginning(response, client.timeout.read))


def _beginning(response: httpx.Response, patience: float | None) -> bytes:
    """Return the body as far as it comes in time; an answer that breaks off has told its status already."""
    deadline = time.monotonic() + (patience or 0.0)
    body = bytearray()
    with suppress(httpx.HTTPError):
        for part in response.iter_raw():
            body += part
            if len(body) > _LARGEST_ANSWER or time.monotonic() > deadline:
                break
    return bytes(body)


def judge(answer: Answer) -> None:
    """Raise what the status means; a refused body is ours to mend, so its status is all that is kept."""
    if httpx.codes.is_success(answer.status):
        return
    if answer.status == httpx.codes.UNAUTHORIZED:
        raise TransientError("destination-unauthorized", text="the destination refused our token or signature")
    if answer.status in _HEALS or httpx.codes.is_server_error(answer.status):
        raise TransientError(
            "destination-unavailable", text=f"HTTP {answer.status}", retry_after=_retry_after(answer.headers)
        )
    raise RejectedError("destination-refused", text=f"HTTP {answer.status}")


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds of Retry-After, which is a number or a date (RFC 9110, section 10.2.3)."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdecimal():
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise TransientError("destination-unreachable", text=type(error).__name__) from error
