"""The networks of an environment, made from its dials: what everything else is put into."""

from __future__ import annotations

from infra import access
from infra.address_plan import plan_addresses
from infra.components.estate import Concern, Estate
from infra.components.flow_logs import FlowLogs, FlowLogsArgs
from infra.components.gateway import INJECTED_SKUS
from infra.components.governance import Governance, GovernanceArgs
from infra.components.network.landing_zone import LandingZone, LandingZoneArgs
from infra.components.observability.log_store import LogStore
from infra.dials import Dials
from infra.partner_files import partner_files
from infra.partner_links import lines
from infra.regions import NONE, ZONES
from infra.security_rules import FrontDoor
from infra.tags import Tags
from infra.wiring import address_settings
from shared.catalog.flows import FLOWS
from shared.catalog.model import DataClass


def make_landing_zone(dials: Dials, estate: Estate, logs: LogStore, tags: Tags) -> LandingZone:
    """Make hub, spoke, private names and, where the dial asks, flow logs."""
    place = estate.places[Concern.NETWORK]
    network_tags = tags.of(FLOWS, DataClass.NONE)
    zone = LandingZone(
        "landing-zone",
        LandingZoneArgs(
            place=place,
            plan=plan_addresses(dials.address_space, dials.neighbours),
            tiers=[tier.value for tier in access.tiers_in_use()],
            neighbours=dials.neighbours,
            destinations=list(dials.addresses_of(address_settings()).values()),
            firewall=dials.firewall,
            hospital_gateway=dials.hospital_gateway,
            hospital_lines=lines(dials, partner_files()),
            front=FrontDoor(dials.behind_waf, dials.gateway_sku in INJECTED_SKUS),
            ddos_protection=dials.ddos_protection,
            zones=ZONES if dials.zone_redundant else (),
            tags=network_tags,
            workspace_id=logs.workspace_id,
        ),
    )
    if dials.flow_log_days:
        days, sku = dials.flow_log_days, dials.host_storage_sku
        FlowLogs("flow-logs", FlowLogsArgs(place, zone.access, zone.network_ids, days, sku, network_tags))
    return zone


def make_governance(dials: Dials, estate: Estate) -> Governance:
    """Make what holds for the whole subscription."""
    return Governance(
        "governance",
        GovernanceArgs(
            place=estate.places[Concern.OBSERVE],
            regions=[region for region in (dials.location, dials.paired_region) if region != NONE],
            policy=dials.policy,
            monthly_budget=dials.monthly_budget,
            budget_start=dials.budget_start,
            budget_contacts=dials.budget_contacts,
            defender_plans=dials.defender_plans,
        ),
    )
