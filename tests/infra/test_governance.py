from __future__ import annotations

from tests.infra.recording import Stack


def test_resources_are_grouped_by_concern(stack: Stack) -> None:
    groups = {name: r["inputs"]["resourceGroupName"] for name, r in stack.of("resources:ResourceGroup").items()}

    def group_of(kind: str) -> set[str]:
        found = {r["inputs"]["resourceGroupName"] for r in stack.of(kind).values()}
        return {name for name, group in groups.items() if group in found}

    assert {"network", "platform", "state", "observe"} == groups.keys()
    assert {"network"} == group_of("network:VirtualNetwork")
    assert {"platform"} == group_of("servicebus:Namespace") == group_of("web:WebApp")
    assert {"state"} == group_of("dbforpostgresql:Server") == group_of("keyvault:Vault")


def test_the_hipaa_initiative_and_the_allowed_regions_hold_for_the_subscription(runs: dict[str, Stack]) -> None:
    def assignments(stack: str) -> dict[str, tuple[str, str]]:
        return {
            name: (r["inputs"]["policyDefinitionId"].rpartition("/")[2], r["inputs"]["enforcementMode"])
            for name, r in runs[stack].of("authorization:PolicyAssignment").items()
        }

    assert ("a169a624-5599-4385-a696-c8d643089fab", "Default") == assignments("prod")["hitrust-hipaa"]
    assert {"DoNotEnforce"} == {mode for _, mode in assignments("test").values()}
    assert {} == assignments("dev")


def test_a_resource_may_be_in_the_region_in_its_pair_and_nowhere_else(runs: dict[str, Stack]) -> None:
    assigned = runs["prod"].of("authorization:PolicyAssignment")["allowed-regions"]["inputs"]
    placed = {r["inputs"]["location"].lower() for r in runs["prod"].resources if "location" in r["inputs"]}

    allowed = assigned["parameters"]["listOfAllowedLocations"]["value"]

    assert ["eastus2", "centralus", "global"] == allowed
    assert placed <= set(allowed)


def test_somebody_hears_when_money_runs_out(stack: Stack) -> None:
    budget = stack.one("consumption:Budget")
    notices = {(n["threshold"], n["thresholdType"]) for n in budget["notifications"].values()}

    assert {(80, "Actual"), (100, "Forecasted")} == notices
    assert all(n["contactEmails"] and n["enabled"] for n in budget["notifications"].values())


def test_defender_watches_what_the_dial_names(runs: dict[str, Stack]) -> None:
    plans = {name: r["inputs"] for name, r in runs["prod"].of("security:Pricing").items()}

    assert {"Standard"} == {plan["pricingTier"] for plan in plans.values()}
    assert plans["StorageAccounts"]["subPlan"] == "DefenderForStorageV2"
    assert {"KeyVaults", "StorageAccounts"} == runs["staging"].of("security:Pricing").keys()
    assert {} == runs["dev"].of("security:Pricing")
