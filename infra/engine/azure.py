"""
What Azure would answer: ids in the shape of Azure Resource Manager, and the outputs that programs build on.

Everything follows from the inputs, so that the same program gets the same answers on every run. A type that
is not listed here gets its inputs back with its name and id.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.engine.resources import name_of, type_of
from infra.engine.wire import revealed
from infra.schema.arm_types import ArmType, arm_type

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
_CALLER = "00000000-0000-0000-0000-000000000003"
# An address that no network of a stack can have (RFC 3927).
_LINK_LOCAL = "169.254.0.1"
_SCOPES = ("scope", "resourceUri", "scopeId")

Values = dict[str, Any]


class UnknownQuestionError(Exception):
    """The program asks Azure for something that follows from no input."""


def answer(token: str) -> Values:
    """Return what a provider function returns; UnknownQuestionError if it would need the real Azure."""
    if token == "azure-native:authorization:getClientConfig":  # noqa: S105 - a function's name
        return {"clientId": _CALLER, "objectId": _CALLER, "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
    if token == "azuread:index/getClientConfig:getClientConfig":  # noqa: S105 - a function's name
        return {"clientId": _CALLER, "objectId": _CALLER, "tenantId": TENANT, "id": _CALLER}
    raise UnknownQuestionError(f"{token}: the program asks Azure for something that no preview can answer")


def resource_id(urn: str, inputs: Mapping[str, Any]) -> str:
    """Return the id that the resource gets: an ARM path, or a UUID where the provider is not azure-native."""
    token, values = type_of(urn), revealed(inputs)
    known = arm_type(token)
    if known is None:
        return (
            f"{_group(values)}/providers/{token}/{name_of(urn)}" if token.startswith("azure-native:") else _uuid(urn)
        )
    if known.name == "Microsoft.Resources/resourceGroups":
        return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{_own_name(known, urn, values)}"
    scope = next((values[key].rstrip("/") for key in _SCOPES if _is_scope(values.get(key))), _group(values))
    path = re.sub(r"\{(\w+)\}", lambda found: _segment(found[1], known, urn, values), known.path)
    return f"{scope}/providers/{path}"


def outputs(urn: str, identity: str, inputs: Mapping[str, Any]) -> Values:
    """Return the outputs of the resource with the id `identity`: its inputs, and what Azure adds."""
    found = dict(inputs)
    found.setdefault("name", identity.rpartition("/")[2])
    if isinstance(found.get("identity"), Mapping):
        found["identity"] = _identity(found["identity"], identity)
    computed = _COMPUTED.get(type_of(urn).removeprefix("azure-native:"))
    return found | (computed(found, identity) if computed else {})


def planned(inputs: Mapping[str, Any]) -> Values:
    """Return the outputs that a preview can know of a resource that does not exist yet."""
    found = dict(inputs)
    found.pop("identity", None)  # a list of identities goes in and a map comes out: nothing to pass through
    return found


def _identity(value: Mapping[str, Any], identity: str) -> Values:
    found = dict(value)
    assigned = found.get("userAssignedIdentities")
    if isinstance(assigned, list):
        found["userAssignedIdentities"] = {each: {} for each in assigned}
    if "SystemAssigned" in str(found.get("type")):
        found |= {"principalId": _uuid(identity), "tenantId": TENANT}
    return found


def _group(values: Mapping[str, Any]) -> str:
    group = values.get("resourceGroupName")
    return f"/subscriptions/{SUBSCRIPTION}" + (f"/resourceGroups/{group}" if group else "")


def _is_scope(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/")


def _segment(parameter: str, known: ArmType, urn: str, values: Mapping[str, Any]) -> str:
    return _own_name(known, urn, values) if parameter == known.own_name else str(values.get(parameter, parameter))


def _own_name(known: ArmType, urn: str, values: Mapping[str, Any]) -> str:
    given = values.get(known.own_name)
    # Where a program leaves the name open, the provider adds random characters: here, ones that stay the same.
    return str(given) if given else name_of(urn) + _uuid(urn)[:8]


def _uuid(text: str) -> str:
    return str(uuid5(NAMESPACE_URL, text))


def _principal(_: Values, identity: str) -> Values:
    return {"principalId": _uuid(identity), "clientId": _uuid(f"{identity}#client"), "tenantId": TENANT}


def _vault(values: Values, _: str) -> Values:
    return {"properties": {**values.get("properties", {}), "vaultUri": f"https://{values['name']}.vault.azure.net/"}}


def _storage(values: Values, _: str) -> Values:
    services = ("blob", "dfs", "file", "queue", "table", "web")
    return {"primaryEndpoints": {each: f"https://{values['name']}.{each}.core.windows.net/" for each in services}}


def _server(values: Values, _: str) -> Values:
    return {"fullyQualifiedDomainName": f"{values['name']}.postgres.database.azure.com"}


def _bus(values: Values, _: str) -> Values:
    return {"serviceBusEndpoint": f"https://{values['name']}.servicebus.windows.net:443/"}


def _site(values: Values, identity: str) -> Values:
    host = f"{values['name']}.azurewebsites.net"
    return {"defaultHostName": host, "hostNames": [host], "customDomainVerificationId": _uuid(identity)}


def _gateway(values: Values, _: str) -> Values:
    name = values["name"]
    return {
        "gatewayUrl": f"https://{name}.azure-api.net",
        "privateIPAddresses": [_LINK_LOCAL] if values.get("virtualNetworkType") == "Internal" else [],
        "developerPortalUrl": f"https://{name}.developer.azure-api.net",
        "managementApiUrl": f"https://{name}.management.azure-api.net",
    }


def _insights(_: Values, identity: str) -> Values:
    key = _uuid(identity)
    place = "https://eastus2-3.in.applicationinsights.azure.com/"
    return {
        "instrumentationKey": key,
        "appId": _uuid(f"{identity}#app"),
        "connectionString": f"InstrumentationKey={key};IngestionEndpoint={place}",
    }


def _topic(values: Values, _: str) -> Values:
    return {"endpoint": f"https://{values['name']}.eastus2-1.eventgrid.azure.net/api/events"}


def _network(values: Values, identity: str) -> Values:
    subnets = values.get("subnets") or []
    return {"subnets": [{**subnet, "id": f"{identity}/subnets/{subnet.get('name')}"} for subnet in subnets]}


def _address(_: Values, identity: str) -> Values:
    # TEST-NET-3 of RFC 5737: an address that can belong to nobody.
    return {"ipAddress": f"203.0.113.{int(_uuid(identity)[:2], 16) % 254 + 1}"}


def _environment(values: Values, identity: str) -> Values:
    return {"defaultDomain": f"{values['name']}.eastus2.azurecontainerapps.io"} | _address(values, identity)


def _application(_: Values, identity: str) -> Values:
    return {
        "clientId": _uuid(f"{identity}#client"),
        "applicationId": _uuid(f"{identity}#client"),
        "objectId": identity,
    }


_COMPUTED: Mapping[str, Callable[[Values, str], Values]] = {
    "apimanagement:ApiManagementService": _gateway,
    "app:ManagedEnvironment": _environment,
    "applicationinsights:Component": _insights,
    "dbforpostgresql:Server": _server,
    "eventgrid:Topic": _topic,
    "keyvault:Vault": _vault,
    "managedidentity:UserAssignedIdentity": _principal,
    "network:PublicIPAddress": _address,
    "network:VirtualNetwork": _network,
    "operationalinsights:Workspace": lambda _, identity: {"customerId": _uuid(identity)},
    "servicebus:Namespace": _bus,
    "storage:StorageAccount": _storage,
    "web:WebApp": _site,
    "azuread:index/application:Application": _application,
    "azuread:index/servicePrincipal:ServicePrincipal": lambda _, identity: {"objectId": identity},
}
