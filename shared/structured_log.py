"""
Logs by allow-list: an event in words and fields that cannot hold PHI (invariant 5, requirement G11).

A field that is not on the list is a defect and raises, so that it is found in a test and not in a log.
"""

from __future__ import annotations

import logging

ALLOWED_FIELDS = frozenset(
    {
        "attempt",
        "code",
        "count",
        "delivery_id",
        "destination",
        "error_type",
        "function",
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

    The fields travel as attributes of the record, where OpenTelemetry and the local host find them.
    """
    unknown = fields.keys() - ALLOWED_FIELDS
    if unknown:
        raise ValueError(f"not on the allow-list of log fields: {', '.join(sorted(unknown))}")
    logger.log(level, event, extra={**fields, "fields": fields})
