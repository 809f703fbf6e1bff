from __future__ import annotations

from dataclasses import replace

import pytest

from infra.dials import Dials
from infra.names import Names
from infra.tags import strictest
from shared.catalog.model import DataClass

DIALS = Dials(
    environment="test",
    prefix="corridor",
    messaging_units=1,
    database_size="Standard_D2ds_v5",
    instance_memory=2048,
    maximum_instances=40,
    always_ready=0,
    zone_redundant=False,
    geo_redundant=False,
    protect_state=False,
    addresses={"LAB_URL": "https://lab.example"},
)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"messaging_units": 3}, "corridor:messagingUnits: set it to 1, 2, 4, 8 or 16"),
        ({"instance_memory": 1024}, "corridor:instanceMemory: set it to 512, 2048 or 4096 MB"),
        ({"maximum_instances": 39}, "corridor:maximumInstances: set it to a number from 40 to 1000"),
        ({"always_ready": 41}, "corridor:alwaysReady: set it to a number up to maximumInstances"),
        ({"addresses": {"A_URL": "http://a.example"}}, "corridor:addresses.A_URL: set it to an https address"),
        ({"database_size": "M8"}, "corridor:databaseSize: set it to a Standard_B, Standard_D or Standard_E size"),
        (
            {"database_size": "Standard_B2s", "zone_redundant": True},
            "corridor:databaseSize: set it to not burstable where zoneRedundant is true",
        ),
    ],
)
def test_a_dial_that_azure_would_refuse_is_refused_in_one_line(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match="corridor:") as refused:
        replace(DIALS, **change)  # type: ignore[arg-type]

    assert complaint == str(refused.value)


def test_an_address_that_a_partner_file_wants_and_no_dial_gives_is_named() -> None:
    with pytest.raises(ValueError, match=r"corridor:addresses\.EHR_URL: set it to the address") as refused:
        DIALS.addresses_of({"LAB_URL", "EHR_URL"})

    assert "LAB_URL" not in str(refused.value)
    assert {"LAB_URL": "https://lab.example"} == DIALS.addresses_of({"LAB_URL"})


@pytest.mark.parametrize(
    ("zones", "regions", "records", "hosts"),
    [
        (False, False, "Standard_LRS", "Standard_LRS"),
        (True, False, "Standard_ZRS", "Standard_ZRS"),
        (False, True, "Standard_GRS", "Standard_LRS"),
        (True, True, "Standard_GZRS", "Standard_ZRS"),
    ],
)
def test_records_are_replicated_as_far_as_the_dials_say_and_host_storage_never_across_regions(
    zones: bool, regions: bool, records: str, hosts: str
) -> None:
    dials = replace(DIALS, zone_redundant=zones, geo_redundant=regions)

    assert (records, hosts) == (dials.storage_sku, dials.host_storage_sku)


def test_the_longest_stack_name_still_gives_names_that_azure_takes() -> None:
    names = Names("corridor", "integration")

    assert "corridorinteworkflow" == names.storage_account("workflow")
    assert "corridor-integration-bus" == names.resource("bus")


def test_a_name_that_is_too_long_says_what_to_shorten() -> None:
    with pytest.raises(ValueError, match=r"shorten corridor:prefix or the stack"):
        Names("corridor", "integration").resource("vault")


@pytest.mark.parametrize("prefix", ["", "a", "Corridor", "1st", "with-hyphen", "eleventoolong"])
def test_a_prefix_that_fits_no_storage_account_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="corridor:prefix"):
        Names(prefix, "dev")


def test_an_assignments_name_depends_on_the_environment_the_tier_the_role_and_the_entity() -> None:
    dev, prod = Names("corridor", "dev"), Names("corridor", "prod")
    combinations = [
        names.role_assignment(tier, role, entity)
        for names in (dev, prod)
        for tier in ("ingest", "process")
        for role in ("send", "receive")
        for entity in ("one", "two")
    ]

    assert len(combinations) == len(set(combinations))
    assert dev.role_assignment("ingest", "send", "one") == dev.role_assignment("ingest", "send", "one")


def test_the_strictest_data_class_speaks_for_all() -> None:
    assert DataClass.PHI == strictest([DataClass.NONE, DataClass.PHI, DataClass.PSEUDONYMOUS])
    assert DataClass.PSEUDONYMOUS == strictest([DataClass.NONE, DataClass.PSEUDONYMOUS])
    assert DataClass.NONE == strictest([])
