from __future__ import annotations

from typing import Any

import pytest

from infra.cost.estimate import as_text, estimate
from infra.cost.meters import charges
from infra.cost.prices import price_table
from shared.catalog.flows import FLOWS
from tests.infra.recording import Estate
from tests.infra.rules.estate import resource


def test_every_kind_of_resource_has_a_price_or_is_known_to_have_none(estate: Estate) -> None:
    found = estimate(estate.examination.result.resources)

    assert {} == found.unknown
    assert found.usd > 0


def test_the_flows_pay_together_what_the_stack_costs(estate: Estate) -> None:
    found = estimate(estate.examination.result.resources)

    assert found.usd == pytest.approx(sum(found.by_flow.values()))
    assert {flow.name for flow in FLOWS} == found.by_flow.keys()


def test_production_costs_more_than_development(estates: dict[str, Estate]) -> None:
    dev, prod = (estimate(estates[name].examination.result.resources).usd for name in ("dev", "prod"))

    assert dev < prod


def test_a_cost_goes_to_the_flows_in_the_tags_by_the_number_of_their_steps() -> None:
    first, second = FLOWS[0], FLOWS[1]
    tags = {f"flow-{first.name}": "a", f"flow-{second.name}": "b"}

    found = estimate([resource("network:NatGateway", "nat", {"natGatewayName": "nat", "tags": tags})])

    total = len(first.steps) + len(second.steps)
    assert {first.name, second.name} == found.by_flow.keys()
    assert found.by_flow[first.name] == pytest.approx(33 * len(first.steps) / total)


def test_every_price_has_a_date_and_a_source_and_is_used_for_something() -> None:
    for price in price_table().prices.values():
        assert price.usd > 0
        assert price.date
        assert price.source


@pytest.mark.parametrize(
    ("kind", "inputs", "charged"),
    [
        ("servicebus:Namespace", {"sku": {"name": "Premium", "capacity": 4}}, {"service-bus-premium": 4}),
        ("servicebus:Namespace", {"sku": {"name": "Standard"}}, {"service-bus-standard": 1}),
        (
            "dbforpostgresql:Server",
            {
                "sku": {"name": "Standard_D4ds_v5"},
                "highAvailability": {"mode": "ZoneRedundant"},
                "storage": {"storageSizeGB": 128},
                "backup": {"geoRedundantBackup": "Enabled"},
            },
            {"postgresql-general": 8, "postgresql-storage-gb": 256, "backup-gb": 256},
        ),
        (
            "dbforpostgresql:Server",
            {"sku": {"name": "Standard_B2s"}},
            {"postgresql-burstable": 2, "postgresql-storage-gb": 32},
        ),
        (
            "apimanagement:ApiManagementService",
            {"sku": {"name": "StandardV2", "capacity": 2}},
            {"api-management-standard-v2": 2},
        ),
        ("apimanagement:ApiManagementService", {"sku": {"name": "PremiumV2"}}, {"api-management-premium": 1}),
        ("storage:StorageAccount", {"sku": {"name": "Standard_RAGZRS"}}, {"storage-gb-gzrs": 5}),
        ("operationalinsights:Workspace", {"workspaceCapping": {"dailyQuotaGb": 1}}, {"log-gb": 30}),
        ("operationalinsights:Workspace", {}, {"log-gb": 90}),
        ("network:AzureFirewall", {"sku": {"tier": "Premium"}}, {"firewall-premium": 1}),
        ("network:BastionHost", {"sku": {"name": "Developer"}}, {}),
        ("network:VirtualNetworkGateway", {"gatewayType": "ExpressRoute"}, {"express-route-gateway": 1}),
        ("monitor:MetricAlert", {"criteria": {"allOf": [{}, {}]}}, {"alert-metric": 2}),
        ("keyvault:Key", {"properties": {"kty": "RSA-HSM"}}, {"hsm-key": 1}),
        ("security:Pricing", {"pricingTier": "Free"}, {}),
        ("network:VirtualNetwork", {}, {}),
    ],
)  # fmt: skip
def test_a_resource_is_charged_for_what_it_says(kind: str, inputs: dict[str, Any], charged: dict[str, float]) -> None:
    found = dict(charges(resource(kind, "it", inputs)))

    assert charged == found
    assert found.keys() <= price_table().prices.keys()


def test_an_always_ready_instance_is_charged_by_its_memory() -> None:
    scale = {"instanceMemoryMB": 4096, "alwaysReady": [{"name": "http", "instanceCount": 2}]}
    app = resource("web:WebApp", "app", {"functionAppConfig": {"scaleAndConcurrency": scale}})

    assert 4 == dict(charges(app))["flex-always-ready"]


def test_the_table_says_what_it_rests_on_and_what_it_does_not_know() -> None:
    text = as_text("dev", estimate([resource("network:NatGateway", "nat", {}), resource("made:Up", "x", {})]))

    assert "list prices of 2026-11" in text
    assert "estimate" in text
    assert "No price known: made:Up (1)" in text
