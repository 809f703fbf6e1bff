"""A steward looks at what is in quarantine, and mends a copy of it; looking is recorded before anything is shown."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from typing import Any

from functions.console.requests import QUARANTINE, actor_of, id_of, read_request, text_of
from functions.console.use_case import show_quarantine
from shared.authorization import Principal
from shared.errors import RejectedError
from shared.pipeline.correcting import correct, reveal
from shared.ports import Ports

_STEWARD = "steward"
_AROUND_THE_PAYLOAD = 10_000


def reveal_quarantine(quarantine_id: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """Return the payload as it was received, in base64 (RFC 4648, section 4); `reason` goes into the audit."""
    reason = text_of(read_request(body), "reason")
    message, payload = reveal(id_of(quarantine_id, QUARANTINE), actor_of(principal, _STEWARD), reason, ports)
    return {"message": message.message_id, "payload": b64encode(payload).decode()}


def fix_quarantine(quarantine_id: str, body: bytes, principal: Principal, ports: Ports) -> dict[str, Any]:
    """Put a corrected copy (`payload` in base64) in the original's place; return the row and the id of the `copy`."""
    request = read_request(body, ports.max_body_bytes * 4 // 3 + _AROUND_THE_PAYLOAD)
    try:
        payload = b64decode(text_of(request, "payload"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RejectedError("request-invalid", "payload", "expected base64") from error
    actor, reason = actor_of(principal, _STEWARD), text_of(request, "reason")
    copy_id = correct(id_of(quarantine_id, QUARANTINE), payload, actor, reason, ports)
    return {**show_quarantine(quarantine_id, ports), "copy": copy_id}
