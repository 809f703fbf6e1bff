"""
JSON lines on stderr that never hold what a message or a request held.

The host names functions, invocations, durations and outcomes. An exception is its type and its frames: its text
may quote a patient. What the app logs itself passes through unchanged, marked with its invocation.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO

import orjson

HOST = logging.getLogger("functions_host")

# The invocation that the current thread or task runs, for the app's own records.
current_invocation: ContextVar[str | None] = ContextVar("current_invocation", default=None)

# Receivers report an outage once themselves; what the SDK says about each attempt is noise from these threads.
RECEIVER_THREAD = "service-bus-receiver"

_ONE_LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS

_LEVELS: Mapping[str, int] = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}


class JsonLines(logging.Handler):
    """
    One record, one line of JSON, one write to `stream`, which is unbuffered.

    So a line stays whole when several processes write to one file that was opened for appending.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; what cannot be written is reported as `logging` reports it."""
        try:
            left = memoryview(self.line(record))
            while left:
                left = left[self._stream.write(left) :]
        except Exception:  # noqa: BLE001  a full disk must not end what was to be logged
            self.handleError(record)

    def line(self, record: logging.LogRecord) -> bytes:
        """Return the record as JSON; exceptions without their texts."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": getattr(record, "event", None) or record.getMessage(),
        }
        if (invocation := current_invocation.get()) is not None:
            line["invocation_id"] = invocation
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = exception_without_text(record.exc_info[1])
        try:
            return orjson.dumps(line, default=str, option=_ONE_LINE)
        except TypeError:  # a lone surrogate, an integer beyond 64 bits
            return json.dumps(line, default=str).encode() + b"\n"


def exception_without_text(error: BaseException) -> list[dict[str, object]]:
    """Return type and frames of `error` and of what caused it, outermost first; never a text."""
    described: list[dict[str, object]] = []
    link: BaseException | None = error
    while link is not None and len(described) < 5:
        frames = traceback.extract_tb(link.__traceback__)
        described.append(
            {
                "type": f"{type(link).__module__}.{type(link).__qualname__}",
                "frames": [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames],
            }
        )
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return described


def event(message: str, *, level: int = logging.INFO, error: BaseException | None = None, **fields: object) -> None:
    """Log what the host did, with `fields` beside the message."""
    if HOST.isEnabledFor(level):
        exc_info = None if error is None else (type(error), error, error.__traceback__)
        # Not through `log`, which walks the stack for a place in the code that these lines do not show.
        HOST.handle(HOST.makeRecord(HOST.name, level, "", 0, message, (), exc_info, extra={"fields": fields}))


def log_to(stream: IO[bytes], *, level: str = "Information") -> None:
    """Send every logger's records to `stream`, unbuffered; chatty libraries only from warning on."""
    # No line shows these, and each record asks for them.
    logging.logProcesses = logging.logMultiprocessing = False
    handler = JsonLines(stream)
    handler.addFilter(_not_from_a_receiver)
    logging.basicConfig(level=_LEVELS.get(level.lower(), logging.INFO), handlers=[handler], force=True)
    for name in ("azure", "uvicorn", "asyncio", "urllib3", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # The connection's own threads and retries: whoever uses the connection gets the exception.
    logging.getLogger("azure.servicebus._pyamqp").setLevel(logging.CRITICAL)


def _not_from_a_receiver(record: logging.LogRecord) -> bool:
    return record.name.startswith(HOST.name) or not (record.threadName or "").startswith(RECEIVER_THREAD)
