"""Corridor in Azure: composes one environment from the catalogue, the partner files and the stack's dials."""

from __future__ import annotations

import pulumi

from infra.components.estate import Estate, EstateArgs
from infra.dials import read_dials
from infra.landing import make_governance, make_landing_zone
from infra.names import Names
from infra.rooms import ARCHIVE, make_rooms
from infra.tags import Tags
from infra.tiers import make_events, make_tiers
from infra.watching import make_log_store, make_watch
from shared.catalog.flows import FLOWS

dials = read_dials()
names = Names(dials.prefix, dials.environment)
tags = Tags(dials.environment, dials.cost_centre)

estate = Estate("estate", EstateArgs(names, dials.location, tags.of(FLOWS), dials.protect_state))
logs = make_log_store(dials, estate, tags)
zone = make_landing_zone(dials, estate, logs, tags)
rooms = make_rooms(dials, estate, zone.access, logs, tags)
apps = make_tiers(dials, zone, rooms, tags)
make_events(dials, estate, zone, rooms, apps, tags)
make_watch(dials, estate, zone, rooms, tags)
make_governance(dials, estate)

pulumi.export("serviceBus", rooms.messaging.host)
pulumi.export("database", rooms.database.host)
pulumi.export("migrator", rooms.database.migrator_name)
pulumi.export("vault", rooms.vault.url)
pulumi.export("archive", rooms.archive.url_of(ARCHIVE))
pulumi.export("facts", rooms.facts.endpoint)
pulumi.export("functionApps", {tier.value: app.app_name for tier, app in apps.items()})
