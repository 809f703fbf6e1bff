"""
What a destination answered to a POST, and what its status means.

A time-out, a broken connection, 401, 408, 425, 429 and every 5xx may heal; any other refusal is final, a redirect
among them. The status line decides: of an answer's body no more is read than a receipt can hold and the time-out
allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from shared.errors import RejectedError, TransientError

_HEALS = frozenset({408, 425, 429})
_LONGEST_RETRY_AFTER = 86_400.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a destination answered: header names in any case, of the body no more than a receipt can hold."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def judge(answer: Answer) -> None:
    """Raise what the status means; a refused body is ours to mend, so its status is all that is kept."""
    if 200 <= answer.status < 300:
        return
    if answer.status == HTTPStatus.UNAUTHORIZED:
        raise TransientError("destination-unauthorized", text="the destination refused our token or signature")
    if answer.status in _HEALS or answer.status >= 500:
        raise TransientError(
            "destination-unavailable", text=f"HTTP {answer.status}", retry_after=_retry_after(answer.headers)
        )
    raise RejectedError("destination-refused", text=f"HTTP {answer.status}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After, which is a number or a date (RFC 9110, section 10.2.3)."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdecimal():
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a number that no calendar has
        return None
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)
