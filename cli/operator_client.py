"""An operator's side of the operations API: a token, one request, the answer or why there is none."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import httpx

from cli.running import environment_file, read_environment
from shared.errors import IntegrationError

_TIMEOUT = 60
_SETTINGS = {
    "api_url": "CORRIDOR_API_URL",
    "token_url": "CORRIDOR_TOKEN_URL",
    "scope": "CORRIDOR_SCOPE",
    "client_id": "CORRIDOR_OPERATOR_CLIENT_ID",
    "client_secret": "CORRIDOR_OPERATOR_CLIENT_SECRET",
}


class OperatorClient:
    """
    Speaks to one Corridor as one person: one of the local platform's, or the one that the environment names.

    The local platform knows an `operator`, and a `steward` who sees payloads and is the second pair of eyes.
    """

    def __init__(self, data: Path, person: str = "operator") -> None:
        known = _local_platform(data, person) | {
            key: os.environ[name] for key, name in _SETTINGS.items() if name in os.environ
        }
        missing = [name for key, name in _SETTINGS.items() if key not in known]
        if missing:
            raise click.UsageError(f"set {', '.join(missing)}, or start the local platform ({data} has none)")
        self._access = known
        context = ssl.create_default_context()
        if ca_file := os.environ.get("CORRIDOR_CA_FILE"):
            context.load_verify_locations(cafile=ca_file)
        self._http = httpx.Client(verify=context, timeout=_TIMEOUT)

    def ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        key: str = "",
    ) -> dict[str, Any]:
        """
        Return the answer's JSON; IntegrationError `operation-refused` says why Corridor refuses.

        With a `key` (Idempotency-Key) the same request again changes nothing.
        """
        headers = {"Authorization": f"Bearer {self._token()}", **({"Idempotency-Key": key} if key else {})}
        url = f"{self._access['api_url'].rstrip('/')}/api/v1/{path}"
        response = self._request(method, url, headers=headers, json=body, params=query)
        answer: dict[str, Any] = response.json()
        if not response.is_success:
            said = " ".join(str(answer[name]) for name in ("code", "location", "detail") if answer.get(name))
            raise IntegrationError("operation-refused", path, said)
        return answer

    def _token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._access["client_id"],
            "client_secret": self._access["client_secret"],
            "scope": self._access["scope"],
        }
        response = self._request("POST", self._access["token_url"], data=form)
        if not response.is_success:
            raise IntegrationError("token-refused", self._access["token_url"], f"HTTP {response.status_code}")
        return str(response.json()["access_token"])

    def _request(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, url, **options)
        except httpx.HTTPError as error:
            raise IntegrationError("not-reachable", url, type(error).__name__) from error


def _local_platform(data: Path, person: str) -> dict[str, str]:
    if not environment_file(data).exists():
        return {}
    environment = read_environment(data)
    told = {name: environment[name] for name in ("api_url", "token_url", "scope")}
    return {**told, **environment.get(person, {})}
