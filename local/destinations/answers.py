"""What a destination answers: a status, a body, headers; a refusal is an OperationOutcome with a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

from shared.errors import Issue
from shared.validation import outcome

FHIR_JSON = "application/fhir+json; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that can be kept for a repeated request."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the answer as a Starlette response."""
        return Response(self.body, self.status, self.headers)


class RefusedError(Exception):
    """A request is refused: nothing was stored."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        kind: str = "invalid",
        issues: Sequence[Issue] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.issues = tuple(issues) or (Issue("error", kind, code, "", text),)
        self.headers = headers or {}

    def answer(self) -> Answer:
        """Return the refusal as an OperationOutcome."""
        body = orjson.dumps(outcome(self.issues))
        return Answer(self.status, body, {"content-type": FHIR_JSON, **self.headers})


def json_answer(status: int, content: Any, **headers: str) -> Answer:
    """Return an answer in plain JSON."""
    return Answer(status, orjson.dumps(content), {"content-type": JSON, **headers})


def fhir_answer(status: int, resource: Any, **headers: str) -> Answer:
    """Return an answer in FHIR JSON; `resource` may already be serialised."""
    body = resource if isinstance(resource, bytes) else orjson.dumps(resource)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, body, {"content-type": FHIR_JSON, **named})
