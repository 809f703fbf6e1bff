"""
The job that proves a release: `python -m release.smoke` sends one synthetic message and waits for its end.

    CORRIDOR_API_URL      where messages are taken
    CORRIDOR_STATUS_URL   where is said what became of them
    CORRIDOR_SCOPE        what to ask a token for
    CORRIDOR_PROBE        the partner as which it sends
    AZURE_CLIENT_ID       which managed identity the job runs as: it has that partner's roles

MSH-11 is T, training: the message is taken, converted and recorded like any other, and delivered to nobody who does
not ask for such. Exit 0 it was accepted and processed, 1 it was not, 2 a setting is missing.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from shared.catalog.routes import GATEWAY_HEADER
from shared.errors import ConfigurationError

_PROCESSED, _OPEN = "processed", "received"
_PAUSE = 2.0
_PATIENCE = 150  # pauses, hence five minutes


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send and to ask, and as which partner."""

    api_url: str
    status_url: str
    partner: str


class SmokeError(Exception):
    """The message was not accepted, or not processed; the message says how far it came."""


def probe_message(now: datetime) -> bytes:
    """Return a normal potassium of an invented patient, as ORU^R01 for training, with a control id of its own."""
    stamp = now.strftime("%Y%m%d%H%M%S")
    control_id = f"PROBE{now.strftime('%y%m%d%H%M%S%f')[:15]}"
    segments = (
        f"MSH|^~\\&|PROBE|CORRIDOR|CORRIDOR|CORRIDOR|{stamp}+0000||ORU^R01^ORU_R01|{control_id}|T|2.5.1",
        "PID|1||PROBE-0001^^^CORRIDOR^MR||EXAMPLE-TESTCASE^RELEASE||19700102|F",
        f"OBR|1|{control_id}^CORRIDOR|{control_id}^CORRIDOR|2823-3^Potassium^LN|||{stamp}+0000"
        f"|||||||||||||||{stamp}+0000||CH|F",
        f"OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F|||{stamp}+0000",
    )
    return "\r".join(segments).encode("ascii") + b"\r"


def send_probe(http: httpx.Client, target: Target, token: str, now: datetime, pause: Callable[[float], None]) -> str:
    """Send one message and wait until it is processed; return its id, or raise SmokeError."""
    # The job calls the apps from inside the network: its own token proves both who it is and that it may.
    headers = {"Authorization": f"Bearer {token}", GATEWAY_HEADER: token}
    url = f"{target.api_url.rstrip('/')}/api/v1/partners/{target.partner}/hl7v2"
    answer = _ask(
        http, "POST", url, content=probe_message(now), headers=headers | {"Content-Type": "application/hl7-v2"}
    )
    message_id = str(answer.headers.get("Corridor-Message-Id", ""))
    if answer.status_code != httpx.codes.OK or b"MSA|AA|" not in answer.content or not message_id:
        raise SmokeError(f"not accepted: HTTP {answer.status_code}")
    status = ""
    for _ in range(_PATIENCE):
        asked = _ask(http, "GET", f"{target.status_url.rstrip('/')}/api/v1/messages/{message_id}", headers=headers)
        status = (
            str(asked.json().get("status")) if asked.status_code == httpx.codes.OK else f"HTTP {asked.status_code}"
        )
        if status == _PROCESSED:
            return message_id
        if status != _OPEN and asked.status_code == httpx.codes.OK:
            raise SmokeError(f"{message_id} was accepted and ended as {status}")
        pause(_PAUSE)
    raise SmokeError(f"{message_id} was accepted and is still {status}")


def run() -> int:
    """Do the job."""
    try:
        target = Target(_required("CORRIDOR_API_URL"), _required("CORRIDOR_STATUS_URL"), _required("CORRIDOR_PROBE"))
        scope = _required("CORRIDOR_SCOPE")
    except ConfigurationError as error:
        sys.stderr.write(f"corridor: {error}\n")
        return 2
    with httpx.Client(timeout=60) as http:
        try:
            message_id = send_probe(http, target, _token(scope), datetime.now(UTC), time.sleep)
        except SmokeError as error:
            sys.stderr.write(f"corridor: {error}\n")
            return 1
    sys.stdout.write(f"corridor: {message_id} was accepted and processed\n")
    return 0


def _ask(
    http: httpx.Client, method: str, url: str, *, headers: dict[str, str], content: bytes | None = None
) -> httpx.Response:
    try:
        return http.request(method, url, content=content, headers=headers)
    except httpx.HTTPError as error:
        raise SmokeError(f"{httpx.URL(url).host} cannot be reached: {type(error).__name__}") from error


def _required(name: str) -> str:
    if not (value := os.environ.get(name)):
        raise ConfigurationError("setting-missing", name, "set it in the job's environment")
    return value


def _token(scope: str) -> str:
    from azure.identity import ManagedIdentityCredential

    credential = ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"))
    return str(credential.get_token(scope).token)


if __name__ == "__main__":
    sys.exit(run())
