"""
The issuer's signing keys: one that signs, one already published to follow it, and those that signed before.

Publishing the next key ahead of its use is what makes a rotation unnoticeable: verifiers fetch the key set
rarely (PyJWT refuses to ask again within 30 seconds), so a key they have never seen would fail for a while.
A key that has been rotated out stays published until the last token it signed has expired.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from local.private_files import write_private
from shared.errors import ConfigurationError

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA key under its RFC 7638 thumbprint; `last_use` is when its last token expires, once rotated out."""

    kid: str
    private: rsa.RSAPrivateKey
    last_use: float | None = None

    def public_jwk(self) -> dict[str, object]:
        """Return the public half as verifiers read it."""
        jwk = RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": jwk["n"], "e": jwk["e"]}


class SigningKeys:
    """The keys of one directory, in one file of mode 0600 that is replaced whole. Survives restarts."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._path = directory / "signing-keys.json"
        self._clock = clock
        self._keys = self._load() if self._path.exists() else [_new_key(), _new_key()]
        self._save()

    @property
    def active(self) -> SigningKey:
        """The key that signs."""
        return self._keys[1]

    def sign(self, claims: dict[str, object]) -> str:
        """Return the claims as a signed JWT (RS256)."""
        return jwt.encode(claims, self.active.private, algorithm="RS256", headers={"kid": self.active.kid})

    def rotate(self, last_use: float) -> str:
        """Let the next key sign and return its kid; tokens of the old one are honoured until `last_use`."""
        following, active, *retired = self._keys
        self._keys = [_new_key(), following, replace(active, last_use=last_use), *retired]
        self._save()
        return self.active.kid

    def published(self) -> dict[str, object]:
        """Return the JSON Web Key Set."""
        return {"keys": [key.public_jwk() for key in self._unexpired()]}

    def _unexpired(self) -> list[SigningKey]:
        now = self._clock()
        return [key for key in self._keys if key.last_use is None or now <= key.last_use]

    def _load(self) -> list[SigningKey]:
        try:
            stored = json.loads(self._path.read_bytes())
            keys = [_from_stored(entry) for entry in stored["keys"]]
        except (ValueError, KeyError, TypeError) as error:
            text = f"{self._path} is damaged: delete it, and every token of this issuer is void"
            raise ConfigurationError("signing-keys-damaged", str(self._path), text) from error
        return keys

    def _save(self) -> None:
        self._keys = self._unexpired()
        stored = {"keys": [_to_stored(key) for key in self._keys]}
        write_private(self._path, json.dumps(stored).encode())


def _new_key() -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return SigningKey(_thumbprint(private), private)


def _thumbprint(private: rsa.RSAPrivateKey) -> str:
    jwk = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    canonical = json.dumps({"e": jwk["e"], "kty": "RSA", "n": jwk["n"]}, separators=(",", ":"), sort_keys=True)
    return jwt.utils.base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()


def _to_stored(key: SigningKey) -> dict[str, object]:
    pem = key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"last_use": key.last_use, "pem": pem.decode()}


def _from_stored(entry: dict[str, object]) -> SigningKey:
    private = serialization.load_pem_private_key(str(entry["pem"]).encode(), password=None)
    last_use = entry["last_use"]
    if not isinstance(private, rsa.RSAPrivateKey) or not isinstance(last_use, int | float | None):
        raise TypeError("an RSA key and a time")
    return SigningKey(_thumbprint(private), private, last_use)
