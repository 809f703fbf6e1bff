"""Secrets are asked for rarely, picked up when they change, and served while the vault is away (G04)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from secrets import token_hex

import pytest
from azure.keyvault.secrets import KeyVaultSecret, SecretClient, SecretProperties

from shared.adapters.key_vault_secrets import KeyVaultSecrets
from shared.errors import ConfigurationError, TransientError
from tests.shared.adapters.parts import Seconds
from tests.shared.adapters.standins import Vault


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def secrets(secret_client: SecretClient, seconds: Seconds) -> KeyVaultSecrets:
    return KeyVaultSecrets(secret_client, monotonic=seconds)


@pytest.fixture
def name(secret_client: SecretClient) -> str:
    name = f"secret-{token_hex(4)}"
    secret_client.set_secret(name, "first")
    return name


@pytest.fixture
def stopped(vault: Vault) -> Iterator[Vault]:
    """A vault that a test stops; it runs again afterwards."""
    yield vault
    vault.stop()
    vault.start()


def test_a_secret_is_asked_for_once_in_five_minutes(
    secrets: KeyVaultSecrets, secret_client: SecretClient, name: str, seconds: Seconds
) -> None:
    read = [secrets.get(name)]
    secret_client.set_secret(name, "second")
    seconds.now += 299
    read.append(secrets.get(name))
    seconds.now += 2
    read.append(secrets.get(name))

    assert ["first", "first", "second"] == read


def test_a_forgotten_secret_is_asked_for_again(
    secrets: KeyVaultSecrets, secret_client: SecretClient, name: str
) -> None:
    secrets.get(name)
    secret_client.set_secret(name, "second")
    secrets.forget(name)
    secrets.forget("never-asked-for")

    assert "second" == secrets.get(name)


def test_a_secret_that_nobody_put_there_is_a_fault_of_the_configuration(secrets: KeyVaultSecrets) -> None:
    with pytest.raises(ConfigurationError, match="secret-missing: absent-secret"):
        secrets.get("absent-secret")


def test_a_stale_copy_serves_while_the_vault_is_down(
    secrets: KeyVaultSecrets, name: str, seconds: Seconds, stopped: Vault
) -> None:
    secrets.get(name)
    stopped.stop()
    seconds.now += 3600

    assert "first" == secrets.get(name)
    with pytest.raises(TransientError, match="key-vault-unavailable"):
        secrets.get("never-read-before")

    stopped.start()
    with stopped.client() as client:
        client.set_secret(name, "second")
    assert "first" == secrets.get(name)
    seconds.now += 16
    assert "second" == secrets.get(name)


class SlowVault:
    """A vault that answers one secret at once and keeps whoever asks for another waiting."""

    def __init__(self) -> None:
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def get_secret(self, name: str, **options: object) -> KeyVaultSecret:
        if name == "slow":
            self.asked.set()
            assert self.may_answer.wait(10)
        return KeyVaultSecret(SecretProperties(), name)


def test_a_slow_vault_holds_nobody_who_has_a_copy(seconds: Seconds) -> None:
    slow = SlowVault()
    secrets = KeyVaultSecrets(slow, monotonic=seconds)  # type: ignore[arg-type]
    secrets.get("known")
    seconds.now += 301
    waiting = threading.Thread(target=lambda: secrets.get("slow"))
    waiting.start()
    assert slow.asked.wait(10)

    assert "known" == secrets.get("known")

    slow.may_answer.set()
    waiting.join()


def test_many_readers_get_one_answer(secrets: KeyVaultSecrets, name: str) -> None:
    read: list[str] = []
    readers = [threading.Thread(target=lambda: read.append(secrets.get(name))) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()

    assert ["first"] * 8 == read
