"""A partner's side of the intake API: a token by client credentials, one POST per message, the answer in words."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import quote
from uuid import uuid4

import httpx

from shared.errors import IntegrationError, RejectedError
from shared.formats.hl7v2.parse import parse
from shared.signatures import HEADER, keys_in, sign

# Nothing but the status: the sender asked for no acknowledgment of what is accepted (MSH-15, MSH-16).
_ACCEPTED = ("AA", "CA", "HTTP 200")
_HL7_V2 = "application/hl7-v2"


@dataclass(frozen=True, slots=True)
class Access:
    """
    Where to post, and who we are there. `ca_file` is the authority to trust beside the machine's own.

    Who signs its messages has a `signing_key`.
    """

    api_url: str
    token_url: str
    scope: str
    client_id: str
    client_secret: str
    ca_file: str = ""
    signing_key: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Corridor said about one message: the code of the ACK, or `HTTP 4xx` when it made none."""

    code: str
    message_id: str
    details: tuple[str, ...]

    @property
    def is_accepted(self) -> bool:
        """Whether the message is acknowledged, hence durable (invariant 1)."""
        return self.code in _ACCEPTED


class PartnerClient:
    """Posts messages as one partner to `url`; the token is fetched once, and again when it is refused."""

    def __init__(self, partner: str, access: Access) -> None:
        self._access = access
        self.url = f"{access.api_url.rstrip('/')}/api/v1/partners/{quote(partner, safe='')}/hl7v2"
        context = ssl.create_default_context()
        if access.ca_file:
            context.load_verify_locations(cafile=access.ca_file)
        self._http = httpx.Client(verify=context, timeout=60)
        self._token = ""

    def __enter__(self) -> PartnerClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(self, payload: bytes, media_type: str = _HL7_V2) -> Answer:
        """Post one message as it is; IntegrationError when Corridor or its issuer cannot be reached."""
        response = self._post_with_token(payload, media_type)
        if response.status_code == httpx.codes.UNAUTHORIZED:  # the token may have run out
            self._token = ""
            response = self._post_with_token(payload, media_type)
        return read_answer(response.status_code, response.headers, response.content)

    def headers(self, payload: bytes, media_type: str = _HL7_V2) -> dict[str, str]:
        """Return what goes with a message: who sends it, and its signature if its sender signs."""
        self._token = self._token or self._fetch_token()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media_type}
        if self._access.signing_key:
            keys = keys_in(self._access.signing_key)
            headers[HEADER] = sign(keys, payload, int(time.time()), uuid4().hex)
        return headers

    def _post_with_token(self, payload: bytes, media_type: str) -> httpx.Response:
        return self._post(self.url, content=payload, headers=self.headers(payload, media_type))

    def _fetch_token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._access.client_id,
            "client_secret": self._access.client_secret,
            "scope": self._access.scope,
        }
        response = self._post(self._access.token_url, data=form)
        if response.status_code != httpx.codes.OK:
            raise IntegrationError("token-refused", self._access.token_url, f"HTTP {response.status_code}")
        return str(response.json()["access_token"])

    def _post(
        self,
        url: str,
        *,
        content: bytes | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            return self._http.post(url, content=content, data=data, headers=headers)
        except httpx.HTTPError as error:
            raise IntegrationError("not-reachable", url, f"{type(error).__name__}: {error}") from error


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Return the answer in an HTTP response: an HL7 ACK with its ERR lines, or a problem."""
    message_id = headers.get("Corridor-Message-Id", "-")
    if "json" not in headers.get("Content-Type", ""):
        try:
            message = parse(body)
        except RejectedError:
            return Answer(f"HTTP {status}", message_id, ())
        acknowledged = [segment for segment in message.segments if segment.name == "MSA"]
        errors = [segment.fields for segment in message.segments if segment.name == "ERR"]
        code = acknowledged[0].text(1) if acknowledged else f"HTTP {status}"
        return Answer(code, message_id, tuple(message.delimiters.field.join(fields) for fields in errors))
    problem = httpx.Response(status, content=body).json()
    details = tuple(str(problem[key]) for key in ("title", "detail") if problem.get(key))
    return Answer(f"HTTP {status}", message_id, details)
