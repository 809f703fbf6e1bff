"""Secrets from Key Vault, cached for minutes: a rotated secret is picked up without a restart (requirement G04)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from shared.errors import ConfigurationError, TransientError

_FRESH_SECONDS = 300.0


class KeyVaultSecrets:
    """The current version of each secret; a stale copy serves while Key Vault cannot be reached."""

    def __init__(self, client: SecretClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._cache: dict[str, tuple[float, str]] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """Return the secret; ConfigurationError `secret-missing`, TransientError when there is no copy to serve."""
        with self._lock:
            cached = self._cache.get(name)
            if cached and self._monotonic() - cached[0] < _FRESH_SECONDS:
                return cached[1]
            try:
                value = self._client.get_secret(name).value or ""
            except ResourceNotFoundError as error:
                raise ConfigurationError("secret-missing", name, "put the secret into Key Vault") from error
            except AzureError as error:
                if cached:
                    return cached[1]
                raise TransientError("key-vault-unavailable", text="the secret cannot be read") from error
            self._cache[name] = (self._monotonic(), value)
            return value

    def forget(self, name: str) -> None:
        """Drop the copy, because the other side refused it: it may have been rotated."""
        with self._lock:
            self._cache.pop(name, None)
