"""W3C Trace Context, level 1: one trace id from the partner's POST to the last delivery."""

from __future__ import annotations

import re
import secrets

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def start_trace(incoming: str | None = None) -> str:
    """Return a `traceparent`: a child of the caller's when theirs is well-formed, else a new sampled trace."""
    if incoming and _TRACEPARENT.fullmatch(incoming):
        return child_of(incoming)
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def child_of(traceparent: str) -> str:
    """Return the `traceparent` of a new span under `traceparent`."""
    version, trace_id, _, flags = traceparent.split("-")
    return f"{version}-{trace_id}-{secrets.token_hex(8)}-{flags}"


def trace_id_of(traceparent: str) -> str:
    """Return the 32 hex digits that every hop of one message shares."""
    return traceparent.split("-")[1]


def span_id_of(traceparent: str) -> str:
    """Return the 16 hex digits of the span itself."""
    return traceparent.split("-")[2]
