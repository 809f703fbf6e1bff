"""Policies of ours in Azure's language, on a handful of bodies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.policy.azure_policies import AzurePolicy, Outcome, outcome, read
from infra.policy.estate import Estate
from infra.schema.arm import ArmResource
from infra.schema.arm_types import ArmType

_GROUP = "/subscriptions/s/resourceGroups/g"
_VAULT = f"{_GROUP}/providers/Microsoft.KeyVault/vaults/v"
_SITE = f"{_GROUP}/providers/Microsoft.Web/sites/a"
_NET = f"{_GROUP}/providers/Microsoft.Network/virtualNetworks/n"


def _arm(path: str, identity: str, properties: dict[str, Any], **top: Any) -> ArmResource:
    return ArmResource(ArmType(path, "2024-01-01"), identity, {"properties": properties, **top})


ESTATE = Estate(
    [
        _arm("Microsoft.Resources/resourceGroups/{n}", _GROUP, {}, managedBy="/nobody"),
        _arm(
            "Microsoft.KeyVault/vaults/{n}",
            _VAULT,
            {"enablePurgeProtection": True, "size": 5, "rules": [{"id": "1", "on": True}, {"id": "2", "on": False}]},
            location="eastus2",
            sku={"name": "standard"},
        ),
        _arm(
            "Microsoft.Insights/diagnosticSettings/{n}",
            f"{_VAULT}/providers/Microsoft.Insights/diagnosticSettings/d",
            {"logs": [{"category": "audit", "enabled": True, "days": 30}]},
        ),
        _arm("Microsoft.Web/sites/{n}", _SITE, {"siteConfig": {"minTlsVersion": "1.2"}}, kind="functionapp,linux"),
        _arm("Microsoft.Network/virtualNetworks/{n}", _NET, {}),
        _arm(
            "Microsoft.Network/networkWatchers/{w}/flowLogs/{n}",
            f"{_GROUP}/providers/Microsoft.Network/networkWatchers/w/flowLogs/f",
            {"targetResourceId": _NET.upper()},
        ),
        _arm(
            "Microsoft.Network/privateEndpoints/{n}",
            f"{_GROUP}/providers/Microsoft.Network/privateEndpoints/e",
            {
                "privateLinkServiceConnections": [
                    {"properties": {"privateLinkServiceId": _VAULT, "groupIds": ["vault"]}}
                ]
            },
        ),
        _arm("Microsoft.Authorization/roleDefinitions/{n}", "/providers/r", {"permissions": []}),
    ]
)
_IS_VAULT = {"field": "type", "equals": "Microsoft.KeyVault/vaults"}
_CONNECTION = "Microsoft.KeyVault/vaults/privateEndpointConnections"
_RULES = "Microsoft.KeyVault/vaults/rules[*]"


def _outcome(*conditions: dict[str, Any], then: dict[str, Any] | None = None, **parameters: Any) -> Outcome:
    rule = {"if": {"allOf": list(conditions)}, "then": then or {"effect": "Audit"}}
    return outcome(AzurePolicy("id", rule, parameters), [ESTATE])


def _vault(path: str, operator: str, wanted: Any) -> dict[str, Any]:
    return {"field": f"Microsoft.KeyVault/vaults/{path}", operator: wanted}


@pytest.mark.parametrize(
    ("path", "operator", "wanted"),
    [
        ("enablePurgeProtection", "equals", "true"),
        ("enablepurgeprotection", "notEquals", False),
        ("sku.name", "equals", "STANDARD"),
        ("sku.name", "in", ["Standard", "premium"]),
        ("sku.name", "notIn", ["premium"]),
        ("sku.name", "contains", "AND"),
        ("sku.name", "notContains", "prem"),
        ("sku.name", "like", "stand*"),
        ("nothing", "exists", "false"),
        ("nothing", "exists", False),
        ("nothing", "notEquals", "x"),
        ("sku", "exists", True),
        ("size", "greater", 4),
        ("size", "greaterOrEquals", 5),
        ("size", "less", 6),
        ("size", "lessOrEquals", "5"),
        ("rules[*].id", "in", ["1", "2"]),
        ("privateEndpointConnections[*].privateLinkServiceConnectionState.status", "equals", "Approved"),
    ],
)
def test_a_comparison_that_holds_is_a_finding(path: str, operator: str, wanted: Any) -> None:
    assert _outcome(_IS_VAULT, _vault(path, operator, wanted)) is Outcome.EXEMPT


@pytest.mark.parametrize(
    ("path", "operator", "wanted"),
    [
        ("enablePurgeProtection", "equals", "false"),
        ("nothing", "exists", "true"),
        ("nothing", "equals", "x"),
        ("nothing", "greater", 1),
        ("nothing", "lessOrEquals", 1),
        ("size", "less", 5),
        ("rules[*].id", "equals", "1"),
        ("noRules[*].id", "exists", "true"),
        ("sku.name.deeper", "exists", "true"),
    ],
)
def test_a_comparison_that_does_not_hold_is_none(path: str, operator: str, wanted: Any) -> None:
    assert _outcome(_IS_VAULT, _vault(path, operator, wanted)) is Outcome.ENFORCED


@pytest.mark.parametrize(
    ("count", "operator", "wanted"),
    [
        ({"field": _RULES}, "equals", 2),
        ({"field": _RULES, "where": {"field": f"{_RULES}.on", "equals": "true"}}, "equals", 1),
        ({"field": _RULES, "where": {"field": "Microsoft.KeyVault/vaults/rules.on", "equals": True}}, "equals", 1),
        ({"field": _RULES, "where": {"value": f"[current('{_RULES}.id')]", "equals": "2"}}, "less", 2),
        ({"value": "[parameters('regions')]"}, "equals", 2),
        ({"field": "Microsoft.KeyVault/vaults/nothing[*]"}, "less", 1),
    ],
)
def test_elements_are_counted(count: dict[str, Any], operator: str, wanted: int) -> None:
    assert _outcome(_IS_VAULT, {"count": count, operator: wanted}, regions=["a", "b"]) is Outcome.EXEMPT


def test_not_and_any_are_as_they_say() -> None:
    never = _vault("size", "equals", 1)

    assert _outcome(_IS_VAULT, {"not": never}) is Outcome.EXEMPT
    assert _outcome(_IS_VAULT, {"anyOf": [never, _vault("size", "equals", 5)]}) is Outcome.EXEMPT
    assert _outcome(_IS_VAULT, {"anyOf": [never]}) is Outcome.ENFORCED


def _related(kind: str, condition: dict[str, Any], name: str | None = None) -> dict[str, Any]:
    details = {"type": kind, "existenceCondition": condition}
    return {"effect": "AuditIfNotExists", "details": {**details, "name": name} if name else details}


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        (
            "Microsoft.Insights/diagnosticSettings",
            {
                "count": {
                    "field": "Microsoft.Insights/diagnosticSettings/logs[*]",
                    "where": {"field": "Microsoft.Insights/diagnosticSettings/logs.enabled", "equals": "true"},
                },
                "greaterOrEquals": 1,
            },
        ),
        (
            _CONNECTION,
            {
                "field": f"{_CONNECTION}/privateLinkServiceConnectionState.status",
                "equals": "Approved",
            },
        ),
    ],
)
def test_what_must_exist_beside_a_resource_is_looked_for(kind: str, condition: dict[str, Any]) -> None:
    assert _outcome(_IS_VAULT, then=_related(kind, condition)) is Outcome.ENFORCED
    assert _outcome(_IS_VAULT, then=_related(kind, {"not": condition})) is Outcome.EXEMPT
    assert _outcome(_IS_VAULT, then=_related("Microsoft.KeyVault/vaults/keys", condition)) is Outcome.EXEMPT


def test_a_related_resource_may_be_asked_for_by_its_name() -> None:
    kind, anything = "Microsoft.Insights/diagnosticSettings", {"field": "name", "exists": "true"}

    assert _outcome(_IS_VAULT, then=_related(kind, anything, "d")) is Outcome.ENFORCED
    assert _outcome(_IS_VAULT, then=_related(kind, anything, "other")) is Outcome.EXEMPT


def test_the_configuration_of_a_site_is_its_own() -> None:
    site = {"field": "type", "equals": "Microsoft.Web/sites"}
    tls = {"field": "Microsoft.Web/sites/config/web.minTlsVersion", "equals": "1.2"}

    assert _outcome(site, then=_related("Microsoft.Web/sites/config", tls)) is Outcome.ENFORCED
    assert _outcome(site, then=_related("Microsoft.Web/sites/config", {"not": tls})) is Outcome.EXEMPT


def test_what_azure_adds_is_known() -> None:
    network = {"field": "type", "equals": "Microsoft.Network/virtualNetworks"}
    role = {"field": "type", "equals": "Microsoft.Authorization/roleDefinitions"}
    logs = {"count": {"field": "Microsoft.Network/virtualNetworks/flowLogs[*]"}, "equals": 1}
    custom = {"field": "Microsoft.Authorization/roleDefinitions/type", "equals": "CustomRole"}
    group = {"value": "[resourceGroup().managedBy]", "equals": "/nobody"}
    version = {"value": "[requestContext().apiVersion]", "greaterOrEquals": "2024-01-01"}

    assert {Outcome.EXEMPT} == {_outcome(network, logs), _outcome(role, custom), _outcome(_IS_VAULT, group, version)}


@pytest.mark.parametrize(
    ("condition", "then"),
    [
        ({"value": "[utcNow()]", "greater": "2020"}, None),
        ({"value": "[parameters('given by nobody')]", "equals": 1}, None),
        ({"field": "name", "matches": "v"}, None),
        (
            {"field": "name", "equals": "v"},
            _related("Microsoft.Security/assessments", {"field": "name", "equals": "x"}),
        ),
    ],
)
def test_what_only_azure_knows_is_not_guessed(condition: dict[str, Any], then: dict[str, Any] | None) -> None:
    assert _outcome(_IS_VAULT, condition, then=then) is Outcome.NOT_EVALUABLE


def test_what_lies_in_a_subnet_is_for_azure_to_say() -> None:
    network = {"field": "type", "equals": "Microsoft.Network/virtualNetworks"}
    addresses = {"count": {"field": "Microsoft.Network/virtualNetworks/subnets[*]"}, "greater": 0}

    assert _outcome(network, addresses) is Outcome.NOT_EVALUABLE


def test_a_policy_about_other_kinds_applies_to_nothing() -> None:
    site = {"field": "type", "in": ["Microsoft.Web/sites"]}

    assert _outcome({"field": "type", "equals": "Microsoft.DocumentDB/databaseAccounts"}) is Outcome.NOT_APPLICABLE
    assert _outcome(site, {"field": "kind", "notContains": "functionapp"}) is Outcome.NOT_APPLICABLE
    assert _outcome(site, {"field": "kind", "contains": "functionapp"}) is Outcome.EXEMPT
    assert _outcome({"anyOf": [_IS_VAULT, site]}, {"field": "location", "equals": "eastus2"}) is Outcome.EXEMPT


def test_definitions_are_read_with_the_defaults_of_their_parameters(tmp_path: Path) -> None:
    file = tmp_path / "policies.json"
    rows = {"one": {"rule": {"if": _IS_VAULT}, "defaults": {"effect": "Audit"}}, "two": {"rule": {"if": _IS_VAULT}}}
    file.write_text(json.dumps({"policies": rows}), encoding="utf-8")

    assert [
        AzurePolicy("one", {"if": _IS_VAULT}, {"effect": "Audit"}),
        AzurePolicy("two", {"if": _IS_VAULT}, {}),
    ] == read(file)
