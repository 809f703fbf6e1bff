from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.engine.run import up
from infra.partner_files import partner_files
from infra.partner_links import Line, file_stores, lines
from tests.infra.engine.programs import program
from tests.infra.recording import as_stack
from tests.infra.test_dials_and_names import DIALS

ANYWHERE = "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/far/providers/"
STORE = f"{ANYWHERE}Microsoft.Storage/storageAccounts/countyregistrydev"
LINE, FILES = "harbor-hospital", "COUNTY_REGISTRY_URL"
TUNNEL = {"address": "9.9.9.9", "ranges": ["10.200.1.0/24"]}
STORED = {"COUNTY_REGISTRY_URL": "https://countyregistrydev.blob.core.windows.net/adt"}
_VPN = replace(DIALS, hospital_gateway="vpn")

_PROGRAM = """
from infra.components.network.lines import Lines, LinesArgs
from infra.components.place import Place
from infra.names import Names
from infra.partner_links import Line

place = Place(Names("corridor", "dev"), "network", "a-subscription", "a-tenant", "eastus2")
line = Line("harbor-hospital", address="9.9.9.9", ranges=("10.200.1.0/24",))
Lines("lines", LinesArgs(place, "/gateway", [line], {"application": "corridor"}))
"""


def test_a_line_is_what_the_dial_says_of_a_partner() -> None:
    found = lines(replace(_VPN, hospital_lines={LINE: TUNNEL}), partner_files())

    assert (Line("harbor-hospital", "9.9.9.9", ("10.200.1.0/24",)),) == found


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"nobody": TUNNEL}, "hospitalLines.nobody: set it to a partner that has a file"),
        ({LINE: {"circuit": "c"}}, "hospitalLines.harbor-hospital: set it to address and ranges"),
        ({LINE: {**TUNNEL, "address": "10.1.1.1"}}, "hospitalLines.harbor-hospital.address: set it to the"),
        ({LINE: {**TUNNEL, "address": "vpn"}}, "hospitalLines.harbor-hospital.address: set it to the"),
        ({LINE: {**TUNNEL, "ranges": []}}, "hospitalLines.harbor-hospital.ranges: set it to a list"),
        ({LINE: {**TUNNEL, "ranges": ["10.9.0.0/16"]}}, "hospitalLines.harbor-hospital.ranges: set it to "),
        ({LINE: {**TUNNEL, "ranges": ["ward 7"]}}, "hospitalLines.harbor-hospital.ranges: set it to ranges"),
        ({"harbor-ehr": TUNNEL, LINE: TUNNEL}, "hospitalLines.harbor-hospital.ranges: set it to ranges that"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_is_one_line_that_says_what_to_change(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=r"^corridor:") as refused:
        lines(replace(_VPN, hospital_lines=given), partner_files())

    assert str(refused.value).startswith(f"corridor:{complaint}")
    assert "\n" not in str(refused.value)


def test_a_line_needs_a_gateway_at_which_it_ends() -> None:
    with pytest.raises(ValueError, match="corridor:hospitalGateway: set it to vpn or expressroute"):
        lines(replace(DIALS, hospital_lines={LINE: TUNNEL}), partner_files())


def test_a_circuit_is_named_by_its_resource_id() -> None:
    dials = replace(DIALS, hospital_gateway="expressroute", hospital_lines={LINE: {"circuit": "harbor"}})

    with pytest.raises(ValueError, match=r"hospitalLines\.harbor-hospital\.circuit: set it to the resource id"):
        lines(dials, partner_files())


def test_a_tunnel_agrees_on_strong_keys_and_leaves_its_own_to_people(tmp_path: Path) -> None:
    stack = as_stack(up(program(tmp_path, _PROGRAM)))
    connection, far = (
        stack.one(f"network:{kind}") for kind in ("VirtualNetworkGatewayConnection", "LocalNetworkGateway")
    )
    (policy,) = connection["ipsecPolicies"]

    assert ("IPsec", "IKEv2") == (connection["connectionType"], connection["connectionProtocol"])
    assert {"AES256", "SHA384", "ECP384", "GCMAES256"} == {v for v in policy.values() if isinstance(v, str)}
    assert "sharedKey" not in connection
    assert ("9.9.9.9", ["10.200.1.0/24"]) == (
        far["gatewayIpAddress"], far["localNetworkAddressSpace"]["addressPrefixes"]
    )  # fmt: skip
    assert connection["localNetworkGateway2"]["id"].endswith("/localNetworkGateways/corridor-dev-harbor-hospital")


def test_a_store_of_files_is_the_container_in_the_address() -> None:
    dials = replace(DIALS, addresses=STORED, file_stores={FILES: STORE})

    assert {"county-registry": f"{STORE}/blobServices/default/containers/adt"} == file_stores(dials, partner_files())


@pytest.mark.parametrize(
    ("stores", "addresses", "complaint"),
    [
        ({"HARBOR_EHR_URL": STORE}, STORED, "fileStores.HARBOR_EHR_URL: set it to one of the settings"),
        ({FILES: "countyregistrydev"}, STORED, "fileStores.COUNTY_REGISTRY_URL: set it to the resource"),
        ({FILES: f"{STORE}x"}, STORED, "fileStores.COUNTY_REGISTRY_URL: set it to the account of"),
        ({FILES: STORE}, {}, "addresses.COUNTY_REGISTRY_URL: set it to the address"),
        (
            {FILES: STORE},
            {FILES: "https://countyregistrydev.blob.core.windows.net/"},
            "addresses.COUNTY_REGISTRY_URL: set it to https://<account>",
        ),
    ],
)  # fmt: skip
def test_a_store_that_is_none_is_one_line_that_says_what_to_change(
    stores: dict[str, str], addresses: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ValueError, match=r"^corridor:") as refused:
        file_stores(replace(DIALS, addresses=addresses, file_stores=stores), partner_files())

    assert str(refused.value).startswith(f"corridor:{complaint}")
