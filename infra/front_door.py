"""The front door, made from catalogue, partner files and dials: the gateway, its APIs, the door before it."""

from __future__ import annotations

from collections.abc import Mapping

from infra import access
from infra.address_plan import DOOR, GATEWAY, plan_addresses
from infra.apim.callers import Caller, callers
from infra.apim.surfaces import Surface, surfaces
from infra.app_roles import GATEWAY as GATEWAY_ROLE
from infra.components.function_tier import FunctionTier
from infra.components.gateway import Gateway, GatewayArgs
from infra.components.gateway_apis import GatewayApis, GatewayApisArgs
from infra.components.network.landing_zone import LandingZone
from infra.components.partner_door import PartnerDoor, PartnerDoorArgs
from infra.dials import Dials
from infra.partner_files import FOLDER, partner_files
from infra.regions import ZONES
from infra.release import PROBE
from infra.rooms import Rooms
from infra.tags import Tags
from shared.catalog.flows import FLOWS
from shared.catalog.model import Flow, Tier

_LINES = 10  # which address of the door's subnet hospitals' lines call


def make_gateway(dials: Dials, zone: LandingZone, rooms: Rooms, tags: Tags) -> Gateway:
    """Make the gateway without its APIs: the apps that answer them must know its identity first."""
    flows = _called_flows()
    gateway = Gateway(
        "gateway",
        GatewayArgs(
            place=rooms.place,
            entrance=zone.entrance,
            subnet_id=zone.subnet_ids[GATEWAY],
            network_ids=zone.network_ids,
            sku=dials.gateway_sku,
            units=dials.gateway_units,
            zones=ZONES if dials.zone_redundant else (),
            contact=flows[0].support,
            is_door=not dials.behind_waf,
            open_at_first=dials.doors_open,
            asks_certificates=dials.mutual_tls and not dials.behind_waf,
            audience=rooms.directory.client_id,
            tags=tags.of(flows),
        ),
    )
    # Without a role nobody gets a token for the API, not even the gateway.
    rooms.directory.give("gateway", GATEWAY_ROLE, gateway.principal_id)
    return gateway


def make_front_door(
    dials: Dials, zone: LandingZone, rooms: Rooms, gateway: Gateway, apps: Mapping[Tier, FunctionTier], tags: Tags
) -> str:
    """
    Make the APIs and who may call them, and the door before the gateway; return the URL that partners call.

    The door comes in the second phase: its certificate is put into the vault in the first.
    """
    # The release's own probe is inside the network, and posts to the app.
    outside = [partner for name, partner in partner_files().by_name.items() if name != PROBE]
    who = callers(outside, dials.environment, mutual_tls=dials.mutual_tls)
    GatewayApis(
        "gateway-apis",
        GatewayApisArgs(
            place=rooms.place,
            gateway=gateway,
            surfaces=_shown(),
            apps={tier: app.app_name for tier, app in apps.items()},
            callers=who,
            door=dials.behind_waf,
        ),
    )
    if not dials.behind_waf:
        return f"https://{gateway.host}"
    if not dials.doors_open:
        _make_door(dials, zone, rooms, gateway, who, tags)
    return f"https://{dials.door_host}"


def _make_door(
    dials: Dials, zone: LandingZone, rooms: Rooms, gateway: Gateway, who: tuple[Caller, ...], tags: Tags
) -> PartnerDoor:
    plan = plan_addresses(dials.address_space, dials.neighbours)
    return PartnerDoor(
        DOOR,
        PartnerDoorArgs(
            place=rooms.place,
            subnet_id=zone.subnet_ids[DOOR],
            private_address=str(plan.subnets[DOOR][_LINES]),
            host=dials.door_host,
            gateway_host=gateway.host,
            vault_id=rooms.vault.vault_id,
            vault_url=rooms.vault.url,
            authorities=_authorities(who) if dials.mutual_tls else {},
            zones=ZONES if dials.zone_redundant else (),
            workspace_id=zone.access.workspace_id,
            tags=tags.of(_called_flows()),
        ),
    )


def _authorities(who: tuple[Caller, ...]) -> dict[str, bytes]:
    """Return whose certificates the door trusts, each once; ValueError for a partner that has none beside its file."""
    found: dict[bytes, str] = {}
    for caller in who:
        file = FOLDER / caller.name / "authority.pem"
        if not file.is_file():
            raise ValueError(
                f"partners/{caller.name}/authority.pem: put the certificate there of whoever issues the partner's, "
                "or set corridor:mutualTls to false"
            )
        found.setdefault(file.read_bytes(), caller.name)
    return {name: text for text, name in found.items()}


def _shown() -> tuple[Surface, ...]:
    return surfaces(step for tier in Tier for step in access.steps_of(tier))


def _called_flows() -> tuple[Flow, ...]:
    called = {step.flow for surface in _shown() for step in surface.steps}
    return tuple(flow for flow in FLOWS if flow.name in called)
