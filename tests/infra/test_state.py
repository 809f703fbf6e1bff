from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from infra.components.database_server import ServerShape
from infra.components.place import Place
from infra.components.private_service import ZONES, PrivateAccess
from infra.components.private_storage import PrivateStorageArgs
from infra.components.storage_policies import Container, lifecycle
from infra.names import Names
from infra.rooms import archive_days
from shared.catalog.flows import FLOWS
from shared.catalog.model import DataClass
from tests.infra.recording import Stack

PLACE = Place(Names("corridor", "test"), "group", "subscription", "tenant", "eastus2")
ACCESS = PrivateAccess("subnet", dict.fromkeys(ZONES, "zone"))


def _archive(stack: Stack) -> dict[str, Any]:
    return dict(stack.of("storage:StorageAccount")["archive"]["inputs"])


def test_the_archive_is_written_once_for_as_long_as_the_longest_retention_of_a_flow_with_payloads(
    stack: Stack,
) -> None:
    longest = max(flow.retention.keep for flow in FLOWS if flow.data_class is not DataClass.NONE)
    (policy,) = (r["inputs"] for r in stack.of("storage:BlobContainerImmutabilityPolicy").values())
    floor = _archive(stack)["immutableStorageWithVersioning"]

    assert timedelta(days=archive_days()) == longest
    assert archive_days() == policy["immutabilityPeriodSinceCreationInDays"]
    assert floor["enabled"] is True
    assert archive_days() == floor["immutabilityPolicy"]["immutabilityPeriodSinceCreationInDays"]
    assert policy["allowProtectedAppendWrites"] is False


def test_write_once_is_for_good_in_prod_alone(runs: dict[str, Stack]) -> None:
    states = {
        name: _archive(runs[name])["immutableStorageWithVersioning"]["immutabilityPolicy"]["state"]
        for name in ("dev", "test", "integration", "staging", "prod")
    }

    assert {"prod"} == {name for name, state in states.items() if state == "Locked"}
    assert {"Locked", "Unlocked"} == set(states.values())


def test_what_is_past_its_retention_is_disposed_of_and_grows_cheaper_before(stack: Stack) -> None:
    (rule,) = stack.of("storage:ManagementPolicy")["archive"]["inputs"]["policy"]["rules"]
    actions = rule["definition"]["actions"]

    assert rule["definition"]["filters"]["prefixMatch"] == ["archive/"]
    assert archive_days() == actions["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
    assert archive_days() == actions["version"]["delete"]["daysAfterCreationGreaterThan"]
    assert actions["baseBlob"]["tierToCool"]["daysAfterModificationGreaterThan"] == 90


def test_what_is_deleted_by_mistake_can_be_had_back_for_a_month(stack: Stack) -> None:
    services = stack.of("storage:BlobServiceProperties")

    assert services.keys() == stack.of("storage:StorageAccount").keys()
    for service in (r["inputs"] for r in services.values()):
        assert service["deleteRetentionPolicy"] == {"enabled": True, "days": 30}
        assert service["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert services["archive"]["inputs"]["isVersioningEnabled"] is True


def test_every_account_is_encrypted_twice(stack: Stack) -> None:
    assert {True} == {
        r["inputs"]["encryption"]["requireInfrastructureEncryption"]
        for r in stack.of("storage:StorageAccount").values()
    }


def test_only_accounts_that_azure_writes_to_by_identity_let_trusted_services_in(stack: Stack) -> None:
    accounts = {name: r["inputs"]["networkRuleSet"] for name, r in stack.of("storage:StorageAccount").items()}

    assert {"Deny"} == {rules["defaultAction"] for rules in accounts.values()}
    assert {name for name, rules in accounts.items() if rules["bypass"] != "None"} <= {"flow-logs", "dead-letters"}


def test_a_container_that_grows_no_older_than_a_quarter_is_not_moved_to_cheaper_storage() -> None:
    rule: Any
    (rule,) = lifecycle([Container("short", 60), Container("endless")]).rules  # type: ignore[misc]

    assert rule.definition.actions.base_blob.tier_to_cool is None
    assert rule.definition.actions.base_blob.delete.days_after_modification_greater_than == 60


@pytest.mark.parametrize("days", [0, 146_001])
def test_write_once_without_an_end_or_beyond_azures_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match=f"vaulted: a write-once container keeps 1 to 146000 days, not {days}"):
        Container("vaulted", days, write_once=True)


def test_an_account_cannot_be_write_once_in_part() -> None:
    containers = (Container("kept", 10, write_once=True), Container("free"))

    with pytest.raises(ValueError, match="mixed: put write-once containers into an account of their own"):
        PrivateStorageArgs(PLACE, ACCESS, "mixed", containers, "Standard_LRS", {})


def test_the_database_knows_one_administrator_which_is_the_migrations_own_identity(stack: Stack) -> None:
    administrator = stack.one("dbforpostgresql:AdministratorsMicrosoftEntra")

    assert administrator["principalName"] == Names("corridor", stack.name).in_group("migrate")
    assert administrator["principalType"] == "ServicePrincipal"


def test_the_database_speaks_tls_alone_and_logs_no_value_of_a_statement(stack: Stack) -> None:
    parameters = {
        r["inputs"]["configurationName"]: r["inputs"]["value"]
        for r in stack.of("dbforpostgresql:Configuration").values()
    }

    assert parameters["require_secure_transport"] == "on"
    assert parameters["ssl_min_protocol_version"] == "TLSv1.2"
    assert parameters["log_parameter_max_length"] == parameters["log_parameter_max_length_on_error"] == "0"
    assert ("pgbouncer.enabled" in parameters) == (stack.name != "dev")
    assert parameters.get("pgbouncer.pool_mode", "transaction") == "transaction"


def test_the_standby_has_every_parameter_of_its_primary_from_the_start(runs: dict[str, Stack]) -> None:
    said: dict[str, dict[str, str]] = {}
    for each in runs["prod"].of("dbforpostgresql:Configuration").values():
        said.setdefault(each["inputs"]["serverName"], {})[each["inputs"]["configurationName"]] = each["inputs"][
            "value"
        ]

    primary, standby = sorted(said)
    assert standby == f"{primary}2"
    assert said[primary] == said[standby]


def test_the_databases_parameters_are_set_one_after_another(stack: Stack) -> None:
    parameters = stack.of("dbforpostgresql:Configuration").values()
    waiting = [r for r in parameters if any("dbforpostgresql:Configuration::" in d for d in r["dependencies"])]

    assert len(parameters) - len(stack.of("dbforpostgresql:Server")) == len(waiting)


def test_a_standby_needs_neither_a_second_zone_nor_a_backup_of_its_own() -> None:
    shape = ServerShape("Standard_D4ds_v5", "GeneralPurpose", 512, 35, zone_redundant=True, geo_redundant=True)

    standby = shape.as_standby_of("first")

    assert (standby.zone_redundant, standby.geo_redundant, standby.source_id) == (False, False, "first")
    assert standby.pooled
    assert not ServerShape("Standard_B2s", "Burstable", 32, 7, zone_redundant=False, geo_redundant=False).pooled


def test_records_of_prod_are_encrypted_with_a_key_of_ours_that_rotates(runs: dict[str, Stack]) -> None:
    prod = runs["prod"]
    key = prod.of("keyvault:Key")["key"]["inputs"]["properties"]
    server = prod.of("dbforpostgresql:Server")["state"]["inputs"]
    bus = prod.of("servicebus:Namespace")["bus"]["inputs"]

    assert key["kty"] == "RSA-HSM"
    assert key["rotationPolicy"]["lifetimeActions"][0]["trigger"] == {"timeAfterCreate": "P1Y"}
    assert _archive(prod)["encryption"]["keySource"] == "Microsoft.Keyvault"
    assert server["dataEncryption"]["primaryKeyURI"].endswith("-key.vault.azure.net/keys/records")
    assert server["dataEncryption"]["geoBackupKeyURI"].endswith("-key2.vault.azure.net/keys/records")
    assert bus["encryption"]["requireInfrastructureEncryption"] is True
    assert {} == runs["staging"].of("keyvault:Key")


def test_a_key_that_wraps_records_can_never_be_purged_and_waits_in_the_region_of_what_it_wraps(
    runs: dict[str, Stack],
) -> None:
    vaults = {name: r["inputs"] for name, r in runs["prod"].of("keyvault:Vault").items()}

    assert {True} == {vault["properties"]["enablePurgeProtection"] for vault in vaults.values()}
    assert {90} == {vault["properties"]["softDeleteRetentionInDays"] for vault in vaults.values()}
    assert ("eastus2", "centralus") == (vaults["key"]["location"], vaults["key2"]["location"])
    assert {"key": "AzureServices", "key2": "AzureServices", "vault": "None"} == {
        name: vault["properties"]["networkAcls"]["bypass"] for name, vault in vaults.items()
    }


def test_whatever_is_encrypted_waits_for_the_keys_grant(runs: dict[str, Stack]) -> None:
    prod = runs["prod"]
    encrypted = [
        prod.of("storage:StorageAccount")["archive"],
        prod.of("dbforpostgresql:Server")["state"],
        prod.of("servicebus:Namespace")["bus"],
    ]

    assert [] == [r["name"] for r in encrypted if not any("key-key-wrapper" in d for d in r["dependencies"])]
