"""Problem details for HTTP APIs (RFC 9457): what went wrong, where, and whether trying again can help."""

from __future__ import annotations

from http import HTTPStatus
from math import ceil
from typing import Any

import orjson

from shared.errors import ConfigurationError, IntegrationError, TransientError

MEDIA_TYPE = "application/problem+json"

_RETRY_AFTER_SECONDS = 5

_STATUS = {
    "token-missing": HTTPStatus.UNAUTHORIZED,
    "token-invalid": HTTPStatus.UNAUTHORIZED,
    "gateway-token-missing": HTTPStatus.UNAUTHORIZED,
    "gateway-token-invalid": HTTPStatus.UNAUTHORIZED,
    "signature-missing": HTTPStatus.UNAUTHORIZED,
    "signature-expired": HTTPStatus.UNAUTHORIZED,
    "signature-invalid": HTTPStatus.UNAUTHORIZED,
    "signature-replayed": HTTPStatus.UNAUTHORIZED,
    "role-missing": HTTPStatus.FORBIDDEN,
    "gateway-role-missing": HTTPStatus.FORBIDDEN,
    "partner-mismatch": HTTPStatus.FORBIDDEN,
    "not-a-sender": HTTPStatus.FORBIDDEN,
    "message-unknown": HTTPStatus.NOT_FOUND,
    "quarantine-unknown": HTTPStatus.NOT_FOUND,
    "not-halted": HTTPStatus.NOT_FOUND,
    "replay-unknown": HTTPStatus.NOT_FOUND,
    "four-eyes-needed": HTTPStatus.FORBIDDEN,
    "quarantine-decided": HTTPStatus.CONFLICT,
    "correction-known": HTTPStatus.CONFLICT,
    "replay-state": HTTPStatus.CONFLICT,
    "replay-empty": HTTPStatus.CONFLICT,
    "idempotency-key-reused": HTTPStatus.CONFLICT,
    "media-type-unsupported": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "too-large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "rate-exceeded": HTTPStatus.TOO_MANY_REQUESTS,
}


def status_of(error: IntegrationError) -> HTTPStatus:
    """Return the HTTP status that tells a sender what to do: 503 to try again, 4xx to mend first, 500 to call us."""
    if isinstance(error, TransientError):
        return _STATUS.get(error.code, HTTPStatus.SERVICE_UNAVAILABLE)
    if isinstance(error, ConfigurationError):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return _STATUS.get(error.code, HTTPStatus.BAD_REQUEST)


def headers_of(error: IntegrationError) -> dict[str, str]:
    """Return the headers that go with the status: when to try again (RFC 9110, 10.2.3), or how to prove oneself."""
    if isinstance(error, TransientError):
        return {"Retry-After": str(ceil(error.retry_after or _RETRY_AFTER_SECONDS))}
    return {"WWW-Authenticate": "Bearer"} if status_of(error) == HTTPStatus.UNAUTHORIZED else {}


def answer_of(error: IntegrationError) -> dict[str, Any]:
    """Return the HTTP answer to an expected failure, as the arguments of the Functions' HttpResponse."""
    return {
        "body": problem(error),
        "status_code": int(status_of(error)),
        "mimetype": MEDIA_TYPE,
        "headers": headers_of(error),
    }


def problem(error: IntegrationError) -> bytes:
    """Return the problem document; it holds codes and places, never a value from the message."""
    status = status_of(error)
    return orjson.dumps(
        {
            "type": f"urn:corridor:error:{error.code}",
            "title": status.phrase,
            "status": int(status),
            "detail": error.text,
            "code": error.code,
            "location": error.location,
            "retryable": isinstance(error, TransientError),
        }
    )
