"""
A storage event becomes a row in the book of files: what it says is a hint, the storage tells later what is there.

A file lies at `<partner>/<name>` in its container. Its name goes over the bus, so it must hold nothing of a patient;
what is no plain name is refused. Our answers, and names that a transfer uses while it lasts, are left alone.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from uuid import uuid4

from shared.catalog.flows import INTAKE
from shared.catalog.model import FileDrop
from shared.errors import RejectedError
from shared.landing import Sighting
from shared.ports import Ports
from shared.structured_log import log_event
from shared.trace_context import start_trace

_log = logging.getLogger(__name__)

ACKNOWLEDGMENT = ".ack"
PLACE = re.compile(r"(?P<partner>[a-z0-9]+(?:-[a-z0-9]+)*)/[A-Za-z0-9][A-Za-z0-9._-]{0,150}")

_TAKE = INTAKE.step("take-files")
_CREATED = "Microsoft.Storage.BlobCreated"
_SUBJECT = re.compile(r"/blobServices/default/containers/(?P<container>[^/]+)/blobs/(?P<name>.+)", re.DOTALL)
_UNFINISHED = (".part", ".filepart", ".tmp", ".crdownload")


def register_file(event: bytes, ports: Ports) -> bool:
    """
    Note the file that a CloudEvent of the landing storage tells of, due at once; False when there is nothing to note.

    RejectedError `file-event-invalid` when it is no such event. Idempotent: a version of a file is noted once.
    """
    sighting, trace = _read(event)
    drop = _TAKE.inbound
    assert isinstance(drop, FileDrop)  # noqa: S101 -- the catalogue says so
    if sighting.container != drop.container or not sighting.name.startswith(drop.prefix):
        raise RejectedError("file-event-invalid", "subject", "the event is of another place")
    if sighting.name.endswith((ACKNOWLEDGMENT, *_UNFINISHED)):
        return False
    return register(sighting, trace, ports)


def register(sighting: Sighting, traceparent: str, ports: Ports) -> bool:
    """Note this version of a file; False when it is known."""
    place = PLACE.fullmatch(sighting.name)
    file_id = uuid4()
    with ports.ledger.transaction() as tx:
        new = tx.files.register(file_id, sighting, place["partner"] if place else "", traceparent)
    if new:
        log_event(_log, logging.INFO, "file seen", file_id=str(file_id), function=_TAKE.function)
    return new


def _read(event: bytes) -> tuple[Sighting, str]:
    try:
        told = json.loads(event)
        place, data = _SUBJECT.fullmatch(told["subject"]), told["data"]
        if told["type"] != _CREATED or place is None:
            raise ValueError("not of a blob that was created")
        sighting = Sighting(
            place["container"],
            place["name"],
            str(data["eTag"]).strip('"'),
            int(data["contentLength"]),
            datetime.fromisoformat(told["time"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedError("file-event-invalid", "", "this is no event of a file that was put") from error
    trace = told.get("traceparent")
    return sighting, start_trace(trace if isinstance(trace, str) else None)
