"""
The App Service identity protocol: how product code gets a token for its managed identity.

    GET /identity?resource=R&api-version=2019-08-01[&client_id=I]      X-IDENTITY-HEADER: ...
    200 {"access_token", "expires_on", "resource", "token_type", "client_id"}

`azure.identity.ManagedIdentityCredential` finds it by IDENTITY_ENDPOINT and IDENTITY_HEADER, as on Azure,
where it is plain http on loopback too.

For PostgreSQL the token is the identity's own PostgreSQL password. On Azure the server verifies Entra's token
itself; the PostgreSQL of a laptop knows passwords only. Handing the password out here keeps product code as it
is on Azure: it asks for a token per physical connection and uses it as the password, whatever it contains.
"""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.issuer.registry import Grant, Identities, Identity
from local.issuer.tokens import Token, TokenSigner

API_VERSION = "2019-08-01"

_log = logging.getLogger(__name__)


class IdentityEndpoint:
    """Answers for the identities of one registry."""

    def __init__(self, identities: Identities, signer: TokenSigner) -> None:
        self._identities = identities
        self._signer = signer

    def routes(self) -> list[Route]:
        """Return the routes of the endpoint."""
        return [Route("/identity", self._answer, methods=["GET"])]

    async def _answer(self, request: Request) -> JSONResponse:
        known = self._identities.of(request.headers.get("x-identity-header", ""))
        if not known:
            return _refusal(401, "the X-IDENTITY-HEADER is absent or unknown")
        query = request.query_params
        if query.get("api-version") != API_VERSION:
            return _refusal(400, f"api-version must be {API_VERSION}")
        wanted = [one for one in known if query.get("client_id") in (None, one.client_id)]
        if len(wanted) != 1:
            return _refusal(400, "client_id must name one identity of this app")
        resource = query.get("resource", "")
        grant = wanted[0].resources.get(resource.rstrip("/"))
        if grant is None:
            _log.warning("identity %s asked for a resource that it is not given", wanted[0].name)
            return _refusal(400, "the identity has no access to this resource")
        return self._token(wanted[0], resource, grant)

    def _token(self, identity: Identity, resource: str, grant: Grant) -> JSONResponse:
        if grant.password_file is None:
            token = self._signer.token_for(identity.client_id, resource.rstrip("/"), grant)
        else:
            try:
                password = grant.password_file.read_text(encoding="utf-8").strip()
            except OSError:
                _log.exception("the password file of identity %s cannot be read", identity.name)
                return _refusal(500, "the identity's password is not available")
            token = Token(password, int(self._signer.clock()) + self._signer.lifetime)
        answer = {
            "access_token": token.value,
            "expires_on": str(token.expires_on),
            "resource": resource,
            "token_type": "Bearer",
            "client_id": identity.client_id,
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"statusCode": status, "message": message}, status)
