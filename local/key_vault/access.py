"""
Who may do what: the caller's token is verified as the service does it, then its identity looked up.

    user      get and list secrets, with their values            ("Key Vault Secrets User")
    officer   everything                                         ("Key Vault Secrets Officer")

The policy file: {"policies": {"<client id of the identity>": "user" | "officer"}}.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import jwt
from starlette.requests import Request

from local.key_vault.refusal import RefusedError
from shared.errors import ConfigurationError

Role = Literal["user", "officer"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must be to be accepted here: the issuer, the audience, and where the keys are."""

    issuer: str
    audience: str
    keys_url: str
    ca_file: Path | None = None


class AccessControl:
    """Verifies tokens and holds the policy."""

    def __init__(self, rules: TokenRules, policy: Mapping[str, Role]) -> None:
        self._rules = rules
        self._policy = policy
        context = ssl.create_default_context(cafile=rules.ca_file) if rules.ca_file else None
        # The issuer publishes keys ahead of their use; a short pause covers one that was set up anew.
        self._keys = jwt.PyJWKClient(rules.keys_url, ssl_context=context, timeout=5, cooldown_duration=1)

    async def require(self, request: Request, needed: Role) -> None:
        """Return if the caller may act in this role. Raises `RefusedError`: a challenge, or forbidden."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._challenge("AKV10000: Request is missing a Bearer or PoP token.")
        # Fetching the keys blocks; it must not hold up the other callers.
        identity = await asyncio.to_thread(self._identity, token)
        role = self._policy.get(identity)
        if role != "officer" and role != needed:
            _log.warning("identity %s was refused the role %s", identity, needed)
            message = "Caller is not authorized to perform action on resource."
            raise RefusedError(403, "Forbidden", message, "ForbiddenByRbac")

    def _identity(self, token: str) -> str:
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                options={"require": ["exp", "nbf", "iat", "iss", "aud", "azp"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            _log.warning("the issuer's keys cannot be read")
            message = "The token cannot be verified at the moment."
            raise RefusedError(503, "ServiceUnavailable", message, headers={"Retry-After": "1"}) from error
        except jwt.PyJWTError as error:
            _log.info("a token was refused: %s", type(error).__name__)
            raise self._challenge("AKV10032: Invalid token.", ', error="invalid_token"') from error
        return str(claims["azp"])

    def _challenge(self, message: str, detail: str = "") -> RefusedError:
        authority, resource = self._rules.issuer.removesuffix("/v2.0"), self._rules.audience
        challenge = f'Bearer authorization="{authority}", resource="{resource}"{detail}'
        return RefusedError(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})


def load_policy(path: Path) -> dict[str, Role]:
    """Return the role of each identity. Raises `ConfigurationError` when the file is wrong."""
    try:
        policies = json.loads(path.read_bytes())["policies"]
        roles = {str(identity): role for identity, role in policies.items()}
    except OSError as error:
        text = f"the vault's policy file cannot be read: {error.strerror}"
        raise ConfigurationError("policy-unreadable", str(path), text) from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        text = 'the vault\'s policy file must be {"policies": {identity: role}}'
        raise ConfigurationError("policy-malformed", str(path), text) from error
    if not set(roles.values()) <= set(get_args(Role)):
        raise ConfigurationError("policy-malformed", str(path), "a vault's role is one of: user, officer")
    return roles
