"""Corridor in Azure: composes one environment from the catalogue and the stack's dials."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, resources

from infra import access
from infra.components.database import Database, DatabaseArgs
from infra.components.function_tier import FunctionTier, FunctionTierArgs
from infra.components.messaging import Messaging, MessagingArgs
from infra.components.place import Place
from infra.components.private_storage import PrivateStorage, PrivateStorageArgs
from infra.components.vault import Vault, VaultArgs
from infra.dials import read_dials
from infra.names import Names
from infra.tags import tags_for
from infra.wiring import ARCHIVE, Rooms, address_settings, grants_for, settings_for
from shared.catalog.flows import FLOWS
from shared.catalog.index import queues, subscriptions, topics
from shared.catalog.model import DataClass

dials = read_dials()
addresses = dials.addresses_of(address_settings())
names = Names(dials.prefix, dials.environment)
tags = tags_for(dials.environment, FLOWS)
hint_tags = tags_for(dials.environment, FLOWS, DataClass.NONE)

client = authorization.get_client_config_output()
group = resources.ResourceGroup("corridor", resource_group_name=names.resource("platform"), tags=tags)
place = Place(names, group.name, client.subscription_id, client.tenant_id)

rooms = Rooms(
    place=place,
    messaging=Messaging(
        "messaging",
        MessagingArgs(place, queues(), topics(), subscriptions(), dials.messaging_units, hint_tags),
    ),
    vault=Vault("vault", VaultArgs(place, tags, dials.protect_state)),
    archive=PrivateStorage(
        "archive",
        PrivateStorageArgs(place, "archive", (ARCHIVE,), dials.storage_sku, tags, protect=dials.protect_state),
    ),
    database=Database(
        "state",
        DatabaseArgs(
            place=place,
            size=dials.database_size,
            tier=dials.database_tier,
            zone_redundant=dials.zone_redundant,
            geo_redundant=dials.geo_redundant,
            protect=dials.protect_state,
            tags=tags,
        ),
    ),
)

apps = {
    tier.value: FunctionTier(
        tier.value,
        FunctionTierArgs(
            place=place,
            tier=tier,
            grants=grants_for(tier, rooms),
            settings=settings_for(tier, rooms, addresses),
            warm_steps=access.life_critical_steps_of(tier),
            always_ready=dials.always_ready,
            maximum_instances=dials.maximum_instances,
            instance_memory=dials.instance_memory,
            storage_sku=dials.host_storage_sku,
            zone_redundant=dials.zone_redundant,
            tags=tags_for(dials.environment, flows),
        ),
    ).app_name
    for tier, flows in access.tiers_in_use().items()
}

pulumi.export("serviceBus", rooms.messaging.host)
pulumi.export("database", rooms.database.host)
pulumi.export("vault", rooms.vault.url)
pulumi.export("archive", rooms.archive.url_of(ARCHIVE))
pulumi.export("functionApps", apps)
