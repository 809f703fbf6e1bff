from __future__ import annotations

import pytest

from infra.components.place import Place
from infra.components.private_service import DOORS, ZONES, PrivateAccess, PrivateServiceArgs
from infra.names import Names
from tests.infra.recording import Stack

PLACE = Place(Names("corridor", "test"), "group", "subscription", "tenant", "eastus2")
ACCESS = PrivateAccess("subnet", dict.fromkeys(ZONES, "zone"))

# The service behind each door, as its token names it.
_SERVICES = {
    "Gateway": "apimanagement:ApiManagementService",
    "azuremonitor": "monitor:PrivateLinkScope",
    "blob": "storage:StorageAccount",
    "namespace": "servicebus:Namespace",
    "postgresqlServer": "dbforpostgresql:Server",
    "registry": "containerregistry:Registry",
    "sites": "web:WebApp",
    "topic": "eventgrid:Topic",
    "vault": "keyvault:Vault",
}
# Where each kind of service keeps its name.
_NAMES = (
    "accountName",
    "namespaceName",
    "registryName",
    "scopeName",
    "serverName",
    "serviceName",
    "topicName",
    "vaultName",
    "name",
)


def test_every_service_has_a_private_endpoint(stack: Stack) -> None:
    reached: dict[str, set[str]] = {}
    for endpoint in stack.of("network:PrivateEndpoint").values():
        (connection,) = endpoint["inputs"]["privateLinkServiceConnections"]
        (door,) = connection["groupIds"]
        reached.setdefault(door, set()).add(connection["privateLinkServiceId"].rpartition("/")[2])

    names = {
        door: {next(r["inputs"][key] for key in _NAMES if key in r["inputs"]) for r in stack.of(kind).values()}
        for door, kind in _SERVICES.items()
        if stack.of(kind)
    }
    assert names == reached


def test_every_endpoint_has_its_names_in_every_zone_of_its_door(stack: Stack) -> None:
    groups = {
        name: {config["privateDnsZoneId"].rpartition("/")[2] for config in r["inputs"]["privateDnsZoneConfigs"]}
        for name, r in stack.of("network:PrivateDnsZoneGroup").items()
    }
    wanted = {
        name: set(DOORS[r["inputs"]["privateLinkServiceConnections"][0]["groupIds"][0]])
        for name, r in stack.of("network:PrivateEndpoint").items()
    }

    assert wanted == groups


def test_every_endpoint_stands_where_its_callers_may_reach_it(stack: Stack) -> None:
    others = {"Gateway": {"entrance"}, "sites": {"endpoints", "called"}}
    places: dict[str, set[str]] = {}
    for endpoint in stack.of("network:PrivateEndpoint").values():
        (door,) = endpoint["inputs"]["privateLinkServiceConnections"][0]["groupIds"]
        places.setdefault(door, set()).add(endpoint["inputs"]["subnet"]["id"].rpartition("/")[2])

    assert [] == [door for door, subnets in places.items() if not subnets <= others.get(door, {"endpoints"})]
    assert stack.of("network:Subnet")["endpoints"]["inputs"]["privateEndpointNetworkPolicies"] == "Enabled"


def test_a_door_without_known_zones_is_refused() -> None:
    with pytest.raises(ValueError, match="window: no private endpoint is known for it; add its zones to DOORS"):
        PrivateServiceArgs(PLACE, ACCESS, "id", "window", {})


@pytest.mark.parametrize(
    ("door", "sku"), [("namespace", "Standard"), ("Gateway", "Consumption"), ("Gateway", "BasicV2"), ("sites", "Y1")]
)
def test_a_sku_that_is_sold_without_private_endpoints_is_refused(door: str, sku: str) -> None:
    with pytest.raises(ValueError, match=f"{door}: SKU {sku} has no private endpoint; choose a larger one"):
        PrivateServiceArgs(PLACE, ACCESS, "id", door, {}, sku=sku)
