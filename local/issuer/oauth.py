"""
OpenID Connect discovery, the key set, and the client-credentials grant (RFC 6749, sections 4.4 and 5).

    GET  /{tenant}/v2.0/.well-known/openid-configuration
    GET  /{tenant}/discovery/v2.0/keys
    POST /{tenant}/oauth2/v2.0/token      grant_type=client_credentials&scope=api://corridor/.default
    POST /admin/rotate                    Authorization: Bearer <the admin token>, from loopback only

The client proves itself by HTTP Basic or by client_id and client_secret in the body, not by both. A scope names
one audience with `/.default`, as Entra ID wants it: what the client may do there is the registry's to say.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import logging
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.issuer.registry import Client, Clients
from local.issuer.tokens import TokenSigner

LARGEST_BODY = 16_384
_SUFFIX = "/.default"
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}

_log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """An RFC 6749 error response."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


@dataclass(frozen=True, slots=True)
class OAuth:
    """The OAuth face of one issuer; `base_url` is where clients reach it."""

    base_url: str
    clients: Clients
    signer: TokenSigner
    admin_token: str

    def routes(self) -> list[Route]:
        """Return the routes of the issuer."""
        tenant = f"/{self.signer.tenant}"
        return [
            Route(f"{tenant}/v2.0/.well-known/openid-configuration", self._discovery),
            Route(f"{tenant}/discovery/v2.0/keys", self._keys),
            Route(f"{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route("/admin/rotate", self._rotate, methods=["POST"]),
        ]

    async def _discovery(self, _: Request) -> JSONResponse:
        tenant_url = f"{self.base_url}/{self.signer.tenant}"
        return JSONResponse(
            {
                "issuer": self.signer.issuer,
                "token_endpoint": f"{tenant_url}/oauth2/v2.0/token",
                # MSAL refuses an authority without one; nobody signs in here yet.
                "authorization_endpoint": f"{tenant_url}/oauth2/v2.0/authorize",
                "jwks_uri": f"{tenant_url}/discovery/v2.0/keys",
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "response_types_supported": ["token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _keys(self, _: Request) -> JSONResponse:
        return JSONResponse(self.signer.keys.published(), headers={"Cache-Control": "max-age=300"})

    async def _token(self, request: Request) -> JSONResponse:
        try:
            form = await _form(request)
            client = self._client(request, form)
            if form.get("grant_type") != "client_credentials":
                raise _RefusedError("unsupported_grant_type", "grant_type must be client_credentials")
            return self._grant(client, form.get("scope", ""))
        except _RefusedError as refused:
            headers = dict(_NO_STORE)
            if refused.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="issuer"'
            body = {"error": refused.error, "error_description": str(refused)}
            return JSONResponse(body, refused.status, headers)

    def _client(self, request: Request, form: dict[str, str]) -> Client:
        basic = _basic_credentials(request)
        if basic and "client_secret" in form:
            raise _RefusedError("invalid_request", "the client must prove itself in one way only")
        client_id, secret = basic or (form.get("client_id", ""), form.get("client_secret", ""))
        client = self.clients.authenticate(client_id, secret)
        if client is None:
            _log.warning("a client was refused: its id or secret is wrong")
            raise _RefusedError("invalid_client", "the client id or secret is wrong", 401)
        return client

    def _grant(self, client: Client, scope: str) -> JSONResponse:
        audience = scope.removesuffix(_SUFFIX).rstrip("/")
        grant = client.audiences.get(audience)
        if not scope.endswith(_SUFFIX) or grant is None or grant.password_file is not None:
            raise _RefusedError("invalid_scope", "scope must be <audience>/.default of an audience of this client")
        token = self.signer.token_for(client.id, audience, grant, client.claims)
        body = {"token_type": "Bearer", "expires_in": self.signer.lifetime, "access_token": token.value}
        return JSONResponse({**body, "ext_expires_in": self.signer.lifetime}, headers=_NO_STORE)

    async def _rotate(self, request: Request) -> JSONResponse:
        host = request.client.host if request.client else ""
        given = request.headers.get("authorization", "").encode()
        if not _is_loopback(host) or not hmac.compare_digest(f"Bearer {self.admin_token}".encode(), given):
            return JSONResponse({"error": "access_denied"}, 403)
        kid = self.signer.rotate()
        _log.info("the signing key was rotated; %s signs now", kid)
        return JSONResponse({"kid": kid})


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise _RefusedError("invalid_request", "the body must be application/x-www-form-urlencoded")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise _RefusedError("invalid_request", "the body is too large", 413)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=32)
    except ValueError:
        raise _RefusedError("invalid_request", "the body is not a form") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _RefusedError("invalid_request", "a parameter is given twice")
    return form


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _RefusedError("invalid_client", "the Authorization header is malformed", 401) from None
    # RFC 6749, section 2.3.1: both are form-encoded before they are joined.
    return unquote_plus(client_id), unquote_plus(secret)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
