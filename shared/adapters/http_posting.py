"""
What a destination answered to a POST, and what its status means.

A time-out, a broken connection, 401, 408, 425, 429 and every 5xx may heal. So may a redirect, which is not followed:
it tells of the address and nothing of the content; and 409, with which a server says that another client changed a
record of ours meanwhile (FHIR R4, http.html#concurrency), a practitioner of several patients say. Any other refusal is
final. The status line decides, and what a transaction's answer says of its entries: of a body no more is read than a
receipt can hold and the time-out allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import orjson

from shared.errors import IntegrationError, RejectedError, TransientError

_HEALS = frozenset({408, 425, 429})
_LONGEST_RETRY_AFTER = 86_400.0
_A_FAILED_ENTRY = re.compile(rb'"status"\s*:\s*"[45]')


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
    raise _failure(answer.status, f"HTTP {answer.status}", _retry_after(answer.headers))


def judge_transaction(answer: Answer) -> None:
    """
    Raise what the status of the answer means, or those of its entries.

    A transaction is done whole or not at all (FHIR R4, http.html#transaction). Who does a part of it all the same says
    so entry by entry (Bundle.entry.response.status), under a status of 200.
    """
    judge(answer)
    failed = _failed_entries(answer.body) if _A_FAILED_ENTRY.search(answer.body) else []
    failures = [_failure(status, f"HTTP {answer.status}, an entry {status}") for status in failed]
    if failures:
        raise min(failures, key=lambda each: isinstance(each, TransientError))  # what no repetition can mend decides


def _failure(status: int, text: str, retry_after: float | None = None) -> IntegrationError:
    if status == HTTPStatus.CONFLICT:
        return TransientError("delivery-conflict", text=text, retry_after=retry_after)
    if status in _HEALS or status < 400 or status >= 500:
        return TransientError("destination-unavailable", text=text, retry_after=retry_after)
    return RejectedError("destination-refused", text=text)


def _failed_entries(body: bytes) -> list[int]:
    try:
        entries = orjson.loads(body)["entry"]
        told = [str(entry["response"]["status"])[:3] for entry in entries]
    except (ValueError, KeyError, TypeError):  # cut off, or something else: the status line stands
        return []
    return [int(status) for status in told if status.isdecimal() and int(status) >= 400]


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
