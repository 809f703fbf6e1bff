"""
What the pipeline may do in an environment's subscription: each action by its name, none by a wildcard.

    read, write   every type of resource that the program can register (infra/schema/arm-types.json)
    delete        the same, except what holds records or guards them: people delete those, in two steps
    besides       joining, linking, approving, and starting the jobs of a release

Payloads, rows, secrets and messages are in no action: the pipeline has no data plane at all.
"""

from __future__ import annotations

from infra.schema.arm_types import arm_type, tokens

_KEPT = frozenset(
    {
        "Microsoft.Authorization/locks",
        "Microsoft.Authorization/policyAssignments",
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "Microsoft.DBforPostgreSQL/flexibleServers/databases",
        "Microsoft.KeyVault/vaults",
        "Microsoft.KeyVault/vaults/keys",
        "Microsoft.KeyVault/vaults/secrets",
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Storage/storageAccounts",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies",
    }
)
# What Azure calls otherwise in actions than in templates.
_ACTION_NAMES = {"Microsoft.Resources/resourceGroups": "Microsoft.Resources/subscriptions/resourceGroups"}
# A secret's value is written through the same action as the secret.
_NOT_AT_ALL = frozenset({"Microsoft.KeyVault/vaults/secrets"})
_JOINED = (
    "Microsoft.App/managedEnvironments",
    "Microsoft.Network/ddosProtectionPlans",
    "Microsoft.Network/firewallPolicies",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/networkSecurityGroups",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/routeTables",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Network/virtualNetworks/subnets",
    "Microsoft.Web/serverfarms",
)
_APPROVED = (
    "Microsoft.ApiManagement/service",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.DBforPostgreSQL/flexibleServers",
    "Microsoft.EventGrid/topics",
    "Microsoft.Insights/privateLinkScopes",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ServiceBus/namespaces",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Web/sites",
)
_BESIDES = (
    "Microsoft.App/jobs/execution/read",
    "Microsoft.App/jobs/executions/read",
    "Microsoft.App/jobs/start/action",
    "Microsoft.ContainerRegistry/registries/importImage/action",
    "Microsoft.KeyVault/locations/deletedVaults/read",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "Microsoft.Network/virtualNetworks/peer/action",
    "Microsoft.Resources/subscriptions/providers/read",
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourcegroups/deployments/operationstatuses/read",
)


def pipeline_actions() -> tuple[str, ...]:
    """Return the actions of the pipeline's role, in alphabetical order."""
    found = set(_BESIDES)
    found |= {f"{joined}/join/action" for joined in _JOINED}
    found |= {f"{approved}/privateEndpointConnectionsApproval/action" for approved in _APPROVED}
    for name in sorted(_types() - _NOT_AT_ALL):
        verbs = ("read", "write") if name in _KEPT else ("read", "write", "delete")
        found |= {f"{_ACTION_NAMES.get(name, name)}/{verb}" for verb in verbs}
    return tuple(sorted(found))


def _types() -> set[str]:
    known = (arm_type(token) for token in tokens())
    return {each.name for each in known if each is not None}
