"""
A sender that takes little from what is measured: everything shares the same cores.

It posts with the library that Corridor delivers with, over one connection that is kept, and reads no more of an answer
than whether the message was taken.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import TracebackType

from cli.partner_client import Access, PartnerClient, read_answer
from shared.adapters.http_connections import HttpConnections

_PATIENCE_SECONDS = 60.0


class Sender:
    """Posts to one address, over HTTP without TLS, with the same headers each time."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = dict(headers)
        trusts_nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._connections = HttpConnections(timeout=_PATIENCE_SECONDS, trust=trusts_nobody)

    def __enter__(self) -> Sender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.close()

    def send(self, payload: bytes) -> None:
        """Post one message; RuntimeError when it is refused."""
        answer = self._connections.post(self._url, payload, self._headers)
        if not read_answer(answer.status, answer.headers, answer.body).is_accepted:
            raise RuntimeError("a message of the benchmark was refused")


def partner_sender(partner: str, access: Access) -> Sender:
    """Return a sender of HL7 v2 with a token of the partner, who signs nothing."""
    with PartnerClient(partner, access) as client:
        return Sender(client.url, client.headers(b""))
