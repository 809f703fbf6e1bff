from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.dials import Dials, Scale, dial_names
from infra.dials_page import STACKS, render_page, stack_file
from infra.names import Names
from infra.regions import has_zones, pair_of
from infra.tags import strictest
from shared.catalog.model import DataClass

ROOT = Path(__file__).parents[2]

DIALS = Dials(
    environment="test",
    location="eastus2",
    prefix="corridor",
    paired_region="none",
    standby=False,
    zone_redundant=False,
    address_space="10.40.0.0/20",
    neighbours=("10.200.0.0/16",),
    firewall="none",
    hospital_gateway="none",
    hospital_lines={},
    ddos_protection=False,
    flow_log_days=30,
    partner_door="gateway",
    pipeline_repository="corridor-health/corridor",
    public_doors="closed",
    mutual_tls=False,
    door_host="none",
    gateway_sku="StandardV2",
    gateway_units=1,
    addresses={"LAB_URL": "https://lab.example"},
    file_stores={},
    messaging_units=1,
    instance_memory=2048,
    maximum_instances=40,
    always_ready=0,
    tiers={},
    database_size="Standard_D2ds_v5",
    database_storage=64,
    backup_days=7,
    protect_state=True,
    lock_records=False,
    customer_managed_keys=False,
    log_retention_days=30,
    log_daily_gb=1,
    private_monitoring=False,
    alert_emails=("operations@corridor.example",),
    alert_webhooks={},
    cost_centre="integration",
    monthly_budget=1000,
    budget_start="2026-12-01",
    budget_contacts=("costs@corridor.example",),
    policy="audit",
    defender_plans=(),
)
PROD = replace(
    DIALS,
    environment="prod",
    paired_region="centralus",
    zone_redundant=True,
    lock_records=True,
    mutual_tls=True,
    backup_days=35,
    private_monitoring=True,
    log_daily_gb=0,
    policy="enforce",
    defender_plans=("KeyVaults",),
    always_ready=1,
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
        ({"database_storage": 16}, "corridor:databaseStorage: set it to a number from 32 to 32767 GB"),
        ({"backup_days": 36}, "corridor:backupDays: set it to a number from 7 to 35"),
        ({"flow_log_days": -1}, "corridor:flowLogDays: set it to a number from 0 to 365"),
        ({"firewall": "off"}, "corridor:firewall: set it to one of none, basic, standard, premium"),
        ({"public_doors": "ajar"}, "corridor:publicDoors: set it to one of open, closed"),
        ({"hospital_gateway": "fax"}, "corridor:hospitalGateway: set it to one of none, vpn, expressroute"),
        ({"log_retention_days": 29}, "corridor:logRetentionDays: set it to a number from 30 to 730"),
        ({"log_daily_gb": -1}, "corridor:logDailyGb: set it to a number of GB, or 0 for no cap"),
        ({"alert_emails": ()}, "corridor:alertEmails: set it to at least one e-mail address"),
        (
            {"alert_webhooks": {"pager": "https://pager.example/hook?code=secret"}},
            "corridor:alertWebhooks.pager: set it to an https address without a query",
        ),
        ({"monthly_budget": 0}, "corridor:monthlyBudget: set it to more than 0 USD"),
        ({"budget_contacts": ()}, "corridor:budgetContacts: set it to at least one e-mail address"),
        ({"cost_centre": " "}, "corridor:costCentre: set it to the name or number of whoever pays"),
        (
            {"budget_start": "2026-12-24"},
            "corridor:budgetStart: set it to the first day of a month, for instance 2026-12-01, in quotes",
        ),
        (
            {"defender_plans": ("Toasters",)},
            "corridor:defenderPlans.Toasters: set it to plans among Api, AppServices, Arm, KeyVaults, "
            "OpenSourceRelationalDatabases, StorageAccounts",
        ),
        ({"partner_door": "waf"}, "corridor:doorHost: set it to a host name where partnerDoor is waf, else none"),
        (
            {"door_host": "partners.corridor.example"},
            "corridor:doorHost: set it to a host name where partnerDoor is waf, else none",
        ),
        (
            {"gateway_sku": "BasicV2"},
            "corridor:gatewaySku: set it to one of Developer, StandardV2, Premium",
        ),
        (
            {"gateway_sku": "Developer", "gateway_units": 2},
            "corridor:gatewayUnits: set it to a number from 1 to 1 for Developer",
        ),
        (
            {"gateway_sku": "Premium", "zone_redundant": True},
            "corridor:gatewayUnits: set it to 3 or more: a Premium gateway has a unit per zone",
        ),
        (
            {"location": "atlantis"},
            "azure-native:location: set it to a region that infra/regions.py knows, not atlantis",
        ),
    ],
)
def test_a_dial_that_azure_would_refuse_is_refused_in_one_line(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"(corridor|azure-native):") as refused:
        replace(DIALS, **change)  # type: ignore[arg-type]

    assert complaint == str(refused.value)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"database_size": "Standard_B2s", "zone_redundant": True},
            "corridor:databaseSize: set it to not burstable where zoneRedundant is true",
        ),
        (
            {"database_size": "Standard_B2s", "paired_region": "centralus", "standby": True},
            "corridor:databaseSize: set it to not burstable where standby is true",
        ),
        ({"standby": True}, "corridor:standby: set it to false where pairedRegion is none"),
        ({"paired_region": "westus"}, "corridor:pairedRegion: set it to none or centralus, the pair of eastus2"),
        (
            {"location": "westus", "zone_redundant": True},
            "corridor:zoneRedundant: set it to false: westus has no availability zones",
        ),
        (
            {"lock_records": True, "protect_state": False},
            "corridor:lockRecords: set it to false where protectState is false",
        ),
        (
            {"customer_managed_keys": True, "protect_state": False},
            "corridor:customerManagedKeys: set it to false where protectState is false: "
            "a purged key is a lost archive",
        ),
        (
            {"policy": "enforce", "flow_log_days": 0},
            "corridor:flowLogDays: set it to more than 0 where policy is enforce",
        ),
    ],
)
def test_dials_that_contradict_one_another_are_refused(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match="corridor:") as refused:
        replace(DIALS, **change)  # type: ignore[arg-type]

    assert complaint == str(refused.value)


@pytest.mark.parametrize(
    ("change", "dial"),
    [
        ({"protect_state": False, "lock_records": False}, "protectState"),
        ({"lock_records": False}, "lockRecords"),
        ({"zone_redundant": False}, "zoneRedundant"),
        ({"paired_region": "none"}, "pairedRegion"),
        ({"database_size": "Standard_B2s", "zone_redundant": False}, "zoneRedundant"),
        ({"backup_days": 14}, "backupDays"),
        ({"flow_log_days": 0, "policy": "audit"}, "flowLogDays"),
        ({"private_monitoring": False}, "privateMonitoring"),
        ({"log_daily_gb": 5}, "logDailyGb"),
        ({"policy": "audit"}, "policy"),
        ({"defender_plans": ()}, "defenderPlans"),
        ({"always_ready": 0}, "alwaysReady"),
        ({"mutual_tls": False}, "mutualTls"),
        ({"gateway_sku": "Developer"}, "gatewaySku"),
    ],
)
def test_production_never_takes_the_dials_of_development(change: dict[str, object], dial: str) -> None:
    with pytest.raises(ValueError, match=rf"^corridor:{dial}: set it to .* in prod$"):
        replace(PROD, **change)  # type: ignore[arg-type]


def test_an_address_that_a_partner_file_wants_and_no_dial_gives_is_named() -> None:
    with pytest.raises(ValueError, match=r"corridor:addresses\.EHR_URL: set it to the address") as refused:
        DIALS.addresses_of({"LAB_URL", "EHR_URL"})

    assert "LAB_URL" not in str(refused.value)
    assert {"LAB_URL": "https://lab.example"} == DIALS.addresses_of({"LAB_URL"})


def test_a_tier_may_scale_differently_from_the_others() -> None:
    dials = replace(DIALS, tiers={"deliver": {"maximumInstances": 400, "alwaysReady": 3}})

    assert Scale(3, 400, 2048) == dials.scale_of("deliver")
    assert Scale(0, 40, 2048) == dials.scale_of("ingest")


@pytest.mark.parametrize(
    ("tiers", "complaint"),
    [
        ({"delivery": {}}, "corridor:tiers.delivery: set it to one of the tiers ingest, process, batch, deliver, "),
        ({"deliver": {"speed": 9}}, "corridor:tiers.deliver.speed: set it to one of alwaysReady, maximumInstances, "),
        ({"deliver": {"instanceMemory": 1}}, "corridor:tiers.deliver.instanceMemory: set it to 512, 2048 or 4096"),
        ({"deliver": {"maximumInstances": 1}}, "corridor:tiers.deliver.maximumInstances: set it to a number from 40"),
        ({"deliver": {"alwaysReady": -1}}, "corridor:tiers.deliver.alwaysReady: set it to a number up to"),
    ],
)
def test_a_tier_or_a_setting_that_does_not_exist_is_named(tiers: dict[str, dict[str, int]], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"corridor:tiers") as refused:
        replace(DIALS, tiers=tiers)

    assert str(refused.value).startswith(complaint)


@pytest.mark.parametrize(
    ("zones", "paired", "records", "hosts"),
    [
        (False, "none", "Standard_LRS", "Standard_LRS"),
        (True, "none", "Standard_ZRS", "Standard_ZRS"),
        (False, "centralus", "Standard_GRS", "Standard_LRS"),
        (True, "centralus", "Standard_GZRS", "Standard_ZRS"),
    ],
)
def test_records_are_replicated_as_far_as_the_dials_say_and_host_storage_never_across_regions(
    zones: bool, paired: str, records: str, hosts: str
) -> None:
    dials = replace(DIALS, zone_redundant=zones, paired_region=paired)

    assert (records, hosts) == (dials.storage_sku, dials.host_storage_sku)


def test_records_are_locked_for_good_only_once_the_doors_are_closed() -> None:
    assert PROD.records_locked
    assert not replace(PROD, public_doors="open").records_locked
    assert not DIALS.records_locked


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_sets_every_dial_and_nothing_else(stack: str) -> None:
    written = {key.removeprefix("corridor:") for key in stack_file(stack)} - {"azure-native:location"}

    assert set(dial_names()) == written


def test_the_page_of_dials_is_the_dials() -> None:
    page = (ROOT / "docs" / "dials.md").read_text(encoding="utf-8")

    assert render_page() == page, "run: python -m infra.dials_page > docs/dials.md"


def test_the_ranges_of_the_five_stacks_can_be_joined() -> None:
    spaces = [stack_file(stack)["corridor:addressSpace"] for stack in STACKS]

    assert len(spaces) == len(set(spaces))


def test_pairs_lead_to_regions_that_are_known() -> None:
    assert "centralus" == pair_of("eastus2")
    assert "eastus2" == pair_of("centralus")
    assert "none" == pair_of("italynorth")
    assert has_zones("italynorth")
    assert not has_zones("westus")
    assert not has_zones("atlantis")


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_gives_names_that_azure_takes(stack: str) -> None:
    names = Names("corridor", stack)
    accounts = [names.storage_account(purpose) for purpose in ("workflow", "archive", "landing", "events", "flows")]
    unique = [names.resource(purpose) for purpose in ("vault", "state2", "facts", "hints", "key2", "bus2", "api")]

    assert all(3 <= len(name) <= 24 and name.isalnum() for name in accounts)
    assert all(len(name) <= 24 and not name.endswith("-") for name in unique)


def test_a_long_stack_is_shortened_always_to_the_same_and_never_to_that_of_another() -> None:
    shortened = {Names("corridor", stack).short for stack in ("integration", "integration2", "integrated", "inte")}

    assert 4 == len(shortened)
    assert Names("corridor", "integration").short == Names("other", "integration").short
    assert "staging" == Names("corridor", "staging").short
    assert Names("corridor", "integration").resource("vault").startswith("corridor-inte")


def test_a_name_that_is_too_long_says_what_to_shorten() -> None:
    with pytest.raises(ValueError, match=r"shorten corridor:prefix or the stack"):
        Names("corridors9", "integration").resource("vault2")


@pytest.mark.parametrize("prefix", ["", "a", "Corridor", "1st", "with-hyphen", "eleventoolong"])
def test_a_prefix_that_fits_no_storage_account_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="corridor:prefix"):
        Names(prefix, "dev")


@pytest.mark.parametrize("stack", ["Dev", "-dev", "dev-", "de--v", "dev_1", ""])
def test_a_stack_that_fits_no_name_is_refused(stack: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters, digits and single hyphens"):
        Names("corridor", stack)


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
