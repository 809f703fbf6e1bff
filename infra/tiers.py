"""The function apps, one per tier that a step uses, and what Event Grid tells them."""

from __future__ import annotations

from collections.abc import Mapping

from infra import access
from infra.components.app_doors import AppDoors
from infra.components.estate import Concern, Estate
from infra.components.events import Events, EventsArgs, FactOrigin, FactsDelivery
from infra.components.function_tier import FunctionTier, FunctionTierArgs
from infra.components.network.landing_zone import LandingZone
from infra.dials import Dials
from infra.partner_files import partner_files
from infra.partner_links import file_stores
from infra.rooms import Rooms
from infra.tags import Tags
from infra.wiring import address_settings, grants_for, settings_for
from shared.catalog.flows import FLOWS
from shared.catalog.model import DataClass, Facts, FactSource, Flow, Tier


def make_tiers(dials: Dials, zone: LandingZone, rooms: Rooms, tags: Tags) -> dict[Tier, FunctionTier]:
    """Make the app of every tier in use."""
    return {tier: _make_tier(tier, flows, dials, zone, rooms, tags) for tier, flows in access.tiers_in_use().items()}


def _make_tier(
    tier: Tier, flows: tuple[Flow, ...], dials: Dials, zone: LandingZone, rooms: Rooms, tags: Tags
) -> FunctionTier:
    return FunctionTier(
        tier.value,
        FunctionTierArgs(
            place=rooms.place,
            access=zone.access,
            entry=zone.called if access.answers_http(tier) else zone.access,
            subnet_id=zone.subnet_ids[tier],
            tier=tier,
            grants=grants_for(tier, rooms, file_stores(dials, partner_files())),
            settings=settings_for(tier, rooms, dials.addresses_of(address_settings())),
            tags=tags.of(flows),
            warm_steps=access.life_critical_steps_of(tier),
            scale=dials.scale_of(tier),
            doors=AppDoors(
                open_for_deployment=dials.doors_open,
                hears_facts=access.hears_facts(tier),
            ),
            health_path=access.health_path(tier),
            storage_sku=dials.host_storage_sku,
            zone_redundant=dials.zone_redundant,
        ),
    )


def make_events(
    dials: Dials, estate: Estate, zone: LandingZone, rooms: Rooms, apps: Mapping[Tier, FunctionTier], tags: Tags
) -> Events:
    """
    Make what Event Grid delivers.

    Facts begin once the doors are closed: Azure asks a function to answer before it takes a subscription for it, and
    while the doors are open the code is not there.
    """
    return Events(
        "events",
        EventsArgs(
            place=estate.places[Concern.PLATFORM],
            access=zone.access,
            drops={step: rooms.messaging.entity_ids[step.queue] for step in access.file_drops()},
            landing_id=rooms.landing.account_id if rooms.landing else None,
            facts=[] if dials.doors_open else _facts(estate, rooms, apps),
            dead_letter_sku=dials.host_storage_sku,
            tags=tags.of(FLOWS, DataClass.NONE),
        ),
    )


def _facts(estate: Estate, rooms: Rooms, apps: Mapping[Tier, FunctionTier]) -> list[FactsDelivery]:
    place = rooms.place
    origins = {
        FactSource.VAULT: FactOrigin(rooms.vault.vault_id, "Microsoft.KeyVault.vaults", place.location),
        FactSource.HEALTH: FactOrigin(
            estate.subscription_scope, "Microsoft.ResourceNotifications.HealthResources", "global"
        ),
    }
    listeners = [(step, step.inbound) for step in access.fact_listeners()]
    return [
        FactsDelivery(step, inbound.types, origins[inbound.source], apps[step.tier].app_id)
        for step, inbound in listeners
        if isinstance(inbound, Facts)
    ]
