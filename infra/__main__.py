"""Corridor in Azure: composes one environment from the catalogue, the partner files and the stack's dials."""

from __future__ import annotations

import pulumi

from infra.components.estate import Estate, EstateArgs
from infra.dials import read_dials
from infra.front_door import make_front_door, make_gateway
from infra.landing import make_governance, make_landing_zone
from infra.names import Names
from infra.release import commands, make_directory, make_release
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
rooms = make_rooms(dials, estate, zone.access, logs, make_directory(estate), tags)
gateway = make_gateway(dials, zone, rooms, tags)
apps = make_tiers(dials, zone, rooms, tags)
entry = make_front_door(dials, zone, rooms, gateway, apps, tags)
make_events(dials, estate, zone, rooms, apps, tags)
make_watch(dials, estate, zone, rooms, tags)
release = make_release(dials, estate, zone, rooms, apps, tags)
make_governance(dials, estate)

pulumi.export("gateway", entry)
pulumi.export("serviceBus", rooms.messaging.host)
pulumi.export("database", rooms.database.host)
pulumi.export("migrator", rooms.database.migrator_name)
pulumi.export("vault", rooms.vault.url)
pulumi.export("archive", rooms.archive.url_of(ARCHIVE))
pulumi.export("facts", rooms.facts.endpoint)
pulumi.export("publicDoors", dials.public_doors)
pulumi.export("audience", rooms.directory.client_id)
pulumi.export("images", release.registry.host)
pulumi.export("group", rooms.place.resource_group)
pulumi.export("jobs", release.jobs.job_names)
pulumi.export("commands", commands(release, rooms.place))
pulumi.export("pipeline", release.pipeline.client_id if release.pipeline else None)
pulumi.export("functionApps", {tier.value: app.app_name for tier, app in apps.items()})
