"""
Access tokens for applications, shaped as Entra ID's v2.0 tokens.

    iss, tid          the issuer, its tenant
    aud               the audience asked for: `api://corridor`, `https://vault.azure.net`
    sub, oid          the application's object id, derived from its client id
    azp, azpacr       the client id, and that it proved itself by a secret
    roles, scp        what the registry grants for this audience
    iat, nbf, exp     issued, not before, expires
    jti, uti          this token's own id
    plus the client's extra claims (such as `partner`), which cannot replace any of these
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from local.issuer.keys import SigningKeys
from local.issuer.registry import Grant

OURS = frozenset(
    {"iss", "tid", "aud", "sub", "oid", "azp", "azpacr", "idtyp", "ver"}
    | {"jti", "uti", "iat", "nbf", "exp", "roles", "scp"}
)
_OBJECT_IDS = uuid.UUID("7c0f6a52-55a8-4d0e-9a3f-3b8a0f0d6c11")


@dataclass(frozen=True, slots=True)
class Token:
    """What a caller gets, and until when it is good."""

    value: str
    expires_on: int


@dataclass(frozen=True, slots=True)
class TokenSigner:
    """Makes the tokens of one issuer. Clock and ids are injected."""

    issuer: str
    tenant: str
    lifetime: int
    keys: SigningKeys
    clock: Callable[[], float]
    new_id: Callable[[], str] = field(default=lambda: str(uuid.uuid4()))

    def token_for(
        self, client_id: str, audience: str, grant: Grant, extra: Mapping[str, object] | None = None
    ) -> Token:
        """Return a signed token for this application and audience."""
        now = int(self.clock())
        object_id, token_id = str(uuid.uuid5(_OBJECT_IDS, client_id)), self.new_id()
        claims: dict[str, object] = {name: value for name, value in (extra or {}).items() if name not in OURS}
        claims.update(iss=self.issuer, tid=self.tenant, aud=audience, sub=object_id, oid=object_id)
        claims.update(azp=client_id, azpacr="1", idtyp="app", ver="2.0", jti=token_id, uti=token_id)
        claims.update(iat=now, nbf=now, exp=now + self.lifetime)
        if grant.roles:
            claims["roles"] = list(grant.roles)
        if grant.scopes:
            claims["scp"] = " ".join(grant.scopes)
        return Token(self.keys.sign(claims), now + self.lifetime)

    def rotate(self) -> str:
        """Let the next key sign and return its kid; the old key is published as long as its tokens live."""
        return self.keys.rotate(self.clock() + self.lifetime)
