"""Secrets from Key Vault, cached for minutes: a rotated secret is picked up without a restart (requirement G04)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from shared.errors import ConfigurationError, TransientError

_FRESH_SECONDS = 300.0
_STALE_SECONDS = 15.0
_BRIEFLY: dict[str, Any] = {"retry_total": 1, "connection_timeout": 5, "read_timeout": 5}


@dataclass(frozen=True, slots=True)
class _Copy:
    value: str
    good_until: float


class KeyVaultSecrets:
    """The current version of each secret; a stale copy serves while Key Vault cannot be reached."""

    def __init__(self, client: SecretClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._cache: dict[str, _Copy] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """
        Return the secret; ConfigurationError `secret-missing`, TransientError when there is no copy to serve.

        One caller at a time asks Key Vault; the others take the copy, even a stale one, and wait only without one.
        """
        cached = self._cache.get(name)
        if cached and self._monotonic() < cached.good_until:
            return cached.value
        if not self._lock.acquire(blocking=cached is None):
            return cached.value if cached else self.get(name)
        try:
            return self._refreshed(name)
        finally:
            self._lock.release()

    def _refreshed(self, name: str) -> str:
        cached = self._cache.get(name)
        if cached and self._monotonic() < cached.good_until:
            return cached.value
        try:
            value = self._client.get_secret(name, **_BRIEFLY).value or ""
        except ResourceNotFoundError as error:
            raise ConfigurationError("secret-missing", name, "put the secret into Key Vault") from error
        except AzureError as error:
            if cached:
                self._cache[name] = _Copy(cached.value, self._monotonic() + _STALE_SECONDS)
                return cached.value
            raise TransientError("key-vault-unavailable", text="the secret cannot be read") from error
        self._cache[name] = _Copy(value, self._monotonic() + _FRESH_SECONDS)
        return value

    def forget(self, name: str) -> None:
        """Drop the copy, because the other side refused it: it may have been rotated."""
        self._cache.pop(name, None)
