"""
Logs by allow-list: an event in words and fields that cannot hold PHI (invariant 5, requirement G11).

A field that is not on the list is a defect and raises, so that it is found in a test and not in a log.
"""

from __future__ import annotations

import json
import logging

ALLOWED_FIELDS = frozenset(
    {
        "attempt",
        "code",
        "count",
        "delivery_id",
        "destination",
        "error_type",
        "file_id",
        "flow",
        "function",
        "limit",
        "measure",
        "message_id",
        "partner",
        "queue",
        "stream_id",
        "trace_id",
    }
)


def log_event(logger: logging.Logger, level: int, event: str, **fields: str | int) -> None:
    """
    Log `event`, a fixed text, with fields of the allow-list; ValueError names one that is not on it.

    The fields travel twice. They are attributes of the record, where the local host finds them; and they end the
    message as one JSON object, because the worker of Azure Functions hands the message alone to its host, which
    exports it. That costs no SDK of telemetry in the worker.
    """
    unknown = fields.keys() - ALLOWED_FIELDS
    if unknown:
        raise ValueError(f"not on the allow-list of log fields: {', '.join(sorted(unknown))}")
    text = f"{event} {json.dumps(fields, separators=(',', ':'))}" if fields else event
    logger.log(level, "%s", text, extra={**fields, "event": event, "fields": fields})
