"""What the platform says about itself is one task, however often it is said, and holds names alone."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from functions.operations.platform_facts import Fact, note_expiry, note_health
from shared.ports import Ports

EXPIRY = Fact(
    "/vaults/corridor",
    "e-1",
    "Microsoft.KeyVault.SecretNearExpiry",
    {"ObjectName": "harbor-ehr-client-secret", "VaultName": "corridor", "EXP": 1, "Id": "https://elsewhere"},
)


def health(state: object, name: str = "corridorlanding") -> Fact:
    return Fact(
        "/subscriptions/s",
        "h-1",
        "Microsoft.ResourceNotifications.HealthResources.AvailabilityStatusChanged",
        {
            "resourceInfo": {
                "name": name,
                "type": "Microsoft.Storage/storageAccounts",
                "properties": {"availabilityState": state, "summary": "free text that is not kept"},
            }
        },
    )


def tasks(ledger_url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute("select kind, owner_queue, explanation from task").fetchall()


def test_a_secret_that_ends_soon_is_one_task_of_operations(ports: Ports, ledger_url: str) -> None:
    assert [True, False] == [note_expiry(EXPIRY, ports), note_expiry(EXPIRY, ports)]

    told = {"type": EXPIRY.type, "object": "harbor-ehr-client-secret", "vault": "corridor"}
    assert [("platform-fact", "integration-operations", told)] == tasks(ledger_url)


def test_another_event_about_the_same_secret_is_another_task(ports: Ports, ledger_url: str) -> None:
    note_expiry(EXPIRY, ports)
    note_expiry(replace(EXPIRY, id="e-2"), ports)

    assert 2 == len(tasks(ledger_url))


def test_a_service_that_is_not_well_is_a_task_without_its_free_text(ports: Ports, ledger_url: str) -> None:
    assert note_health(health("Unavailable"), ports)

    ((_, _, explanation),) = tasks(ledger_url)
    assert isinstance(explanation, dict)
    assert ("corridorlanding", "Unavailable") == (explanation["resource"], explanation["state"])
    assert "free text" not in str(explanation)


def test_a_service_that_is_well_again_is_nobodys_task(ports: Ports, ledger_url: str) -> None:
    assert not note_health(health("Available"), ports)
    assert [] == tasks(ledger_url)


@pytest.mark.parametrize("name", ["a name with blanks", "x" * 300, "semi;colon"], ids=["blanks", "long", "sign"])
def test_what_is_no_name_is_not_kept(ports: Ports, ledger_url: str, name: str) -> None:
    note_health(health(7, name), ports)

    ((_, _, explanation),) = tasks(ledger_url)
    assert isinstance(explanation, dict)
    assert ("", "") == (explanation["resource"], explanation["state"])


def test_an_event_without_its_data_is_a_task_all_the_same(ports: Ports, ledger_url: str) -> None:
    assert note_health(replace(health("x"), data={"resourceInfo": None}), ports)
    assert 1 == len(tasks(ledger_url))


def test_a_fact_that_nobody_asked_for_opens_no_task(ports: Ports, ledger_url: str) -> None:
    assert not note_expiry(replace(EXPIRY, type="Microsoft.KeyVault.SecretNewVersionCreated"), ports)
    assert [] == tasks(ledger_url)
