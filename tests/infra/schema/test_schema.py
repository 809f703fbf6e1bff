"""A real body passes, and each thing that can be wrong with one is found: by every authority at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.engine.wire import UNKNOWN, Secret
from infra.rules import Severity
from infra.schema.arm import as_template
from infra.schema.arm_types import arm_type, tokens
from infra.schema.azure_sdk import shape_of
from infra.schema.azure_types import AzureTypes
from infra.schema.check import flaws
from infra.schema.shapes import Choice, Flag, Items, Number, Property, Record, Text
from infra.schema.verdict import Authority, as_arm, authorities, judge
from tests.infra.recording import AZURE_TYPES
from tests.infra.rules.estate import changed, resource

BUS = resource(
    "servicebus:Queue",
    "queue",
    {"queueName": "q", "namespaceName": "n", "lockDuration": "PT1M", "maxDeliveryCount": 10, "requiresSession": False},
)
STORE = resource(
    "storage:StorageAccount",
    "store",
    {
        "accountName": "store",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "enableHttpsTrafficOnly": True,
        "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "203.0.113.1"}]},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": ["/an/identity"]},
        "encryption": {"encryptionIdentity": {"encryptionUserAssignedIdentity": "/an/identity"}},
    },
)
EVENTS = resource(
    "eventgrid:SystemTopicEventSubscription",
    "events",
    {
        "systemTopicName": "t",
        "eventSubscriptionName": "e",
        "destination": {"endpointType": "ServiceBusQueue", "resourceId": "/a/queue"},
        "retryPolicy": {"maxDeliveryAttempts": 30},
    },
)
SOUND = [BUS, STORE, EVENTS]

_AUTHORITIES = [
    pytest.param(authorities()[0], id="azure-mgmt"),
    pytest.param(
        AzureTypes(AZURE_TYPES).shape_of,
        id="azure-types",
        marks=pytest.mark.skipif(not AZURE_TYPES.exists(), reason="needs ../shared/azure-types beside the checkout"),
    ),
]


@pytest.fixture(params=_AUTHORITIES)
def authority(request: pytest.FixtureRequest) -> Authority:
    found: Authority = request.param
    return found


def test_what_is_right_passes(authority: Authority) -> None:
    verdict = judge(SOUND, [authority])

    assert ((), 3, 0) == (verdict.findings, verdict.checked, verdict.unchecked)


@pytest.mark.parametrize(
    ("name", "path", "value", "code", "place"),
    [
        ("queue", "maxDeliveryCuont", 3, "schema-unknown-property", "maxDeliveryCuont"),
        ("queue", "maxDeliveryCount", "ten", "schema-type", "properties.maxDeliveryCount"),
        ("queue", "requiresSession", "yes", "schema-type", "properties.requiresSession"),
        ("queue", "messageCount", 3, "schema-read-only", "properties.messageCount"),
        ("store", "sku", None, "schema-missing-property", "sku"),
        ("store", "sku", "Standard_LRS", "schema-type", "sku"),
        ("store", "networkRuleSet.ipRules", {}, "schema-type", "properties.networkAcls.ipRules"),
        ("store", "networkRuleSet.defaultAction", "Refuse", "schema-value", "properties.networkAcls.defaultAction"),
        ("events", "destination.endpointType", "Pigeon", "schema-value", "properties.destination.endpointType"),
    ],
)
def test_what_is_wrong_is_found_where_it_is(
    authority: Authority, name: str, path: str, value: Any, code: str, place: str
) -> None:
    findings = judge(changed(SOUND, name, path, value), [authority]).findings

    assert (code, place) in {(finding.rule, finding.path) for finding in findings}
    assert {Severity.ERROR} == {finding.severity for finding in findings}


@pytest.mark.parametrize(
    ("kind", "inputs", "wrong"),
    [
        ("app:Job", {"environmentId": "/e", "configuration": {"replicaTimeout": 1}}, "triggerType"),
        ("app:ManagedEnvironment", {"zoneRedundant": "yes"}, "zoneRedundant"),
        ("applicationinsights:Component", {"kind": "web", "applicationType": "pigeon"}, "Application_Type"),
        ("authorization:RoleAssignment", {"principalId": "p"}, "roleDefinitionId"),
        ("authorization:RoleDefinition", {"permissions": {"actions": []}}, "permissions"),
        ("containerregistry:Registry", {"sku": {"name": "Premium"}, "zoneRedundancy": "Perhaps"}, "zoneRedundancy"),
        ("monitor:DiagnosticSetting", {"logs": "all"}, "logs"),
        ("monitor:MetricAlert", {"severity": 1, "enabled": "no"}, "enabled"),
    ],
)
def test_kinds_whose_package_holds_many_versions_are_checked_in_theirs(
    kind: str, inputs: dict[str, Any], wrong: str
) -> None:
    verdict = judge([resource(kind, "it", inputs)], authorities())

    assert (1, 0) == (verdict.checked, verdict.unchecked)
    assert wrong in {finding.path.rpartition(".")[2] for finding in verdict.findings}


def test_a_misspelt_property_is_answered_with_the_nearest() -> None:
    (finding,) = judge(changed([BUS], "queue", "maxDeliveryCuont", 3), authorities()).findings

    assert "no such property; is maxDeliveryCount meant?" == finding.text


def test_what_is_unknown_or_secret_is_not_judged(authority: Authority) -> None:
    unknown = changed([BUS], "queue", "maxDeliveryCount", UNKNOWN)

    assert () == judge(changed(unknown, "queue", "lockDuration", Secret(3)), [authority]).findings


def test_a_type_that_no_authority_knows_is_noted_once() -> None:
    strange = [resource("made:Up", name, {}) for name in ("a", "b")]

    verdict = judge(strange, authorities())

    assert [(Severity.NOTE, "schema-unchecked")] == [(each.severity, each.rule) for each in verdict.findings]
    assert "made:Up (2)" in verdict.findings[0].text
    assert 2 == verdict.unchecked


def test_a_body_is_put_back_where_azure_has_it() -> None:
    (rendered,) = as_arm([STORE], authorities())

    assert {
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"/an/identity": {}}},
        "properties": {
            "supportsHttpsTrafficOnly": True,
            "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.1"}]},
            "encryption": {"identity": {"userAssignedIdentity": "/an/identity"}},
        },
    } == rendered.body


def test_a_variant_has_its_own_properties_below_its_discriminator() -> None:
    (rendered,) = as_arm([EVENTS], authorities())

    destination = rendered.body["properties"]["destination"]
    assert {"endpointType": "ServiceBusQueue", "properties": {"resourceId": "/a/queue"}} == destination


def test_a_type_without_a_schema_is_rendered_by_what_every_resource_has() -> None:
    group = resource("managedidentity:UserAssignedIdentity", "who", {"resourceName": "who", "tags": {}, "extra": 1})

    (rendered,) = as_arm([group], authorities())

    assert {"tags": {}, "properties": {"extra": 1}} == rendered.body


def test_a_template_names_type_version_and_resource() -> None:
    entry = as_template(as_arm([BUS], authorities()))["resources"][0]

    assert ("Microsoft.ServiceBus/namespaces/queues", "2026-01-01", "q") == (
        entry["type"],
        entry["apiVersion"],
        entry["name"],
    )


def test_a_token_that_names_a_version_is_that_versions_type() -> None:
    default, explicit = arm_type("azure-native:servicebus:Queue"), arm_type("azure-native:servicebus/v20240101:Queue")

    assert default is not None
    assert explicit is not None
    assert ("2026-01-01", "2024-01-01") == (default.version, explicit.version)
    assert (default.path, "") == (explicit.path, explicit.model)


@pytest.mark.parametrize("token", [token for token in tokens() if (kind := arm_type(token)) and kind.model])
def test_every_model_that_the_table_names_has_a_shape(token: str) -> None:
    kind = arm_type(token)

    assert kind is not None
    shape = shape_of(kind)
    assert shape is not None
    assert shape.properties


def test_ranges_lengths_and_patterns_are_checked() -> None:
    shape = Record(
        lambda: {
            "number": Property(Number(1, 3, whole=True)),
            "text": Property(Text(2, 3, "^[a-z]+$")),
            "odd": Property(Text(pattern="(?<bad")),
            "list": Property(Items(Flag(), 1, 2)),
            "open": Property(Choice(("a",), open=True)),
        }
    )

    assert [] == flaws(shape, {"number": 2, "text": "ab", "odd": "x", "list": [True], "open": "a"})
    assert ["schema-range"] * 3 == [f.code for f in flaws(shape, {"number": 4, "text": "a", "list": []})]
    assert ["schema-type"] * 2 == [f.code for f in flaws(shape, {"number": 1.5, "list": [1]})]
    assert ["schema-pattern"] == [f.code for f in flaws(shape, {"text": "AB"})]
    assert [("schema-value", False)] == [(f.code, f.certain) for f in flaws(shape, {"open": "b"})]


def test_a_part_that_an_extension_of_the_portal_brings_is_not_judged_by_the_portals_own(tmp_path: Path) -> None:
    own, others = "Extension/HubsExtension/PartType/MarkdownPart", "Extension/Sample/PartType/LogsPart"
    nodes = [
        {"k": "res", "b": 1},
        {"k": "o", "p": {"properties": [2, 0], "location": [4, 0]}},
        {"k": "o", "p": {"metadata": [3, 0]}},
        {"k": "d", "d": "type", "p": {}, "e": {own: 5}},
        {"k": "s"},
        {"k": "o", "p": {"type": [4, 1]}},
    ]
    (tmp_path / "Microsoft.Portal.json").write_text(
        json.dumps({"Microsoft.Portal/dashboards@2022-12-01-preview": nodes})
    )
    kind = arm_type("azure-native:portal:Dashboard")
    assert kind is not None
    shape = AzureTypes(tmp_path).shape_of(kind)
    assert shape is not None

    assert [] == list(flaws(shape, {"properties": {"metadata": {"type": others, "inputs": []}}}))
    assert ["properties.metadat"] == [
        flaw.path for flaw in flaws(shape, {"properties": {"metadat": {}}}) if flaw.code == "schema-unknown-property"
    ]
