"""Who calls, and may they: the checks behind API Management's own (ADR 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalog.routes import GATEWAY_HEADER, Route
from shared.errors import RejectedError
from shared.ports import TokenVerifier

# Entra puts no claim of ours into a token by client credentials, but it does put the application roles: this one
# says for which partner the client speaks. Another issuer may say it by the claim `partner`.
PARTNER_ROLE = "partner."
# What only the gateway's own identity has (and the probe of a release, which calls an app from inside the network).
GATEWAY_ROLE = "gateway"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose token is good: `partner` is the partner that it speaks for, empty for people and services."""

    subject: str
    partner: str
    roles: frozenset[str]


def admit(headers: Mapping[str, str], route: Route, tokens: TokenVerifier, *, behind_gateway: bool) -> Principal:
    """
    Return the caller of a route; the errors are those of `authorize`, and before them those of the gateway's proof.

    With `behind_gateway`, RejectedError `gateway-token-missing` or `gateway-token-invalid` (401),
    `gateway-role-missing` (403): whoever reached the app past the gateway has passed none of its checks. The proof
    is a token of the issuer's and not a shared secret, so that rotating it is the issuer's business.
    """
    if behind_gateway:
        _prove_gateway(headers.get(GATEWAY_HEADER), tokens)
    return authorize(headers.get("Authorization"), route, tokens)


def authorize(authorization: str | None, route: Route, tokens: TokenVerifier) -> Principal:
    """
    Return the caller; RejectedError `token-missing` or `token-invalid` (401), `role-missing` (403).

    `authorization` is the header's value; the role is the one that the catalogue declares for the route.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise RejectedError("token-missing", "Authorization", "send a bearer token")
    claims = tokens.verify(token.strip())
    roles = _roles(claims)
    principal = Principal(str(claims.get("sub", "")), _partner(claims, roles), roles)
    if route.role not in principal.roles:
        raise RejectedError("role-missing", "Authorization", f"the token does not carry the role {route.role}")
    return principal


def _prove_gateway(token: str | None, tokens: TokenVerifier) -> None:
    if not token:
        raise RejectedError("gateway-token-missing", GATEWAY_HEADER, "call by way of the gateway")
    try:
        claims = tokens.verify(token)
    except RejectedError as error:
        raise RejectedError("gateway-token-invalid", GATEWAY_HEADER, "the gateway's token is not valid") from error
    if GATEWAY_ROLE not in _roles(claims):
        raise RejectedError("gateway-role-missing", GATEWAY_HEADER, f"the token lacks the role {GATEWAY_ROLE}")


def _partner(claims: Mapping[str, Any], roles: frozenset[str]) -> str:
    """Return the one partner that the claim or a role names; nobody when they name more than one."""
    named = {role.removeprefix(PARTNER_ROLE) for role in roles if role.startswith(PARTNER_ROLE)}
    if claims.get("partner"):
        named.add(str(claims["partner"]))
    return named.pop() if len(named) == 1 else ""


def _roles(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return application roles (`roles`) and delegated scopes (`scp`), as Entra writes them."""
    roles = claims.get("roles") or ()
    listed = roles if isinstance(roles, list | tuple) else ()
    scopes = claims.get("scp")
    return frozenset(map(str, listed)) | frozenset(scopes.split() if isinstance(scopes, str) else ())
