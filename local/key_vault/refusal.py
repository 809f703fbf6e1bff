"""A request that the vault answers with an error, in the service's own words and codes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class RefusedError(Exception):
    """What went wrong: HTTP status, the service's code, a sentence, and the code inside where the service has one."""

    def __init__(
        self, status: int, code: str, message: str, inner: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers
        self.body: dict[str, object] = {"code": code, "message": message}
        if inner:
            self.body["innererror"] = {"code": inner}


def answer(_: Request, error: Exception) -> Response:
    """Return the error as the service would."""
    if not isinstance(error, RefusedError):
        raise error
    return JSONResponse({"error": error.body}, error.status, error.headers)
