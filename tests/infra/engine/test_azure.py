from __future__ import annotations

from typing import Any

import pytest

from infra.engine.azure import SUBSCRIPTION, UnknownQuestionError, answer, outputs, resource_id
from infra.engine.resources import Place

_GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g"


def _urn(token: str, name: str = "it") -> str:
    return Place("corridor", "dev").urn("", token, name)


@pytest.mark.parametrize(
    ("token", "inputs", "identity"),
    [
        ("azure-native:resources:ResourceGroup", {"resourceGroupName": "g"}, _GROUP),
        (
            "azure-native:storage:BlobContainer",
            {"resourceGroupName": "g", "accountName": "acc", "containerName": "con"},
            f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/acc/blobServices/default/containers/con",
        ),
        (
            "azure-native:authorization:RoleAssignment",
            {"scope": f"{_GROUP}/providers/A/b/c", "roleAssignmentName": "r"},
            f"{_GROUP}/providers/A/b/c/providers/Microsoft.Authorization/roleAssignments/r",
        ),
        (
            "azure-native:servicebus/v20240101:Queue",
            {"resourceGroupName": "g", "namespaceName": "n", "queueName": "q"},
            f"{_GROUP}/providers/Microsoft.ServiceBus/namespaces/n/queues/q",
        ),
        ("azure-native:made:Up", {"resourceGroupName": "g"}, f"{_GROUP}/providers/azure-native:made:Up/it"),
    ],
)
def test_an_id_has_the_shape_of_azures(token: str, inputs: dict[str, Any], identity: str) -> None:
    assert identity == resource_id(_urn(token), inputs)


def test_a_name_that_is_left_open_is_chosen_the_same_on_every_run() -> None:
    token = "azure-native:keyvault:Vault"

    chosen = resource_id(_urn(token), {"resourceGroupName": "g"})

    assert chosen == resource_id(_urn(token), {"resourceGroupName": "g"})
    assert chosen.rpartition("/")[2].startswith("it")
    assert chosen != resource_id(_urn(token, "other"), {"resourceGroupName": "g"})


def test_a_list_of_identities_comes_back_as_a_map_with_the_systems_own_principal() -> None:
    given = {"identity": {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": ["/a"]}}

    found = outputs(_urn("azure-native:web:WebApp"), "/sites/x", given)["identity"]

    assert {"/a": {}} == found["userAssignedIdentities"]
    assert 36 == len(found["principalId"])


@pytest.mark.parametrize(
    ("token", "key"),
    [
        ("keyvault:Vault", "properties"),
        ("storage:StorageAccount", "primaryEndpoints"),
        ("dbforpostgresql:Server", "fullyQualifiedDomainName"),
        ("servicebus:Namespace", "serviceBusEndpoint"),
        ("web:WebApp", "defaultHostName"),
        ("apimanagement:ApiManagementService", "gatewayUrl"),
        ("applicationinsights:Component", "connectionString"),
        ("eventgrid:Topic", "endpoint"),
        ("network:VirtualNetwork", "subnets"),
        ("network:PublicIPAddress", "ipAddress"),
        ("app:ManagedEnvironment", "defaultDomain"),
        ("operationalinsights:Workspace", "customerId"),
        ("managedidentity:UserAssignedIdentity", "principalId"),
    ],
)
def test_what_azure_computes_is_there_to_build_on(token: str, key: str) -> None:
    assert key in outputs(_urn(f"azure-native:{token}"), "/things/x", {})


def test_an_application_of_entra_has_ids() -> None:
    token = "azuread:index/application:Application"
    identity = resource_id(_urn(token), {})

    assert identity == outputs(_urn(token), identity, {})["objectId"]
    assert identity == outputs(_urn("azuread:index/servicePrincipal:ServicePrincipal"), identity, {})["objectId"]


def test_the_callers_identity_is_known_and_other_questions_are_not() -> None:
    assert SUBSCRIPTION == answer("azure-native:authorization:getClientConfig")["subscriptionId"]
    assert "tenantId" in answer("azuread:index/getClientConfig:getClientConfig")
    with pytest.raises(UnknownQuestionError, match="storage:listStorageAccountKeys"):
        answer("azure-native:storage:listStorageAccountKeys")
