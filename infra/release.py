"""What a release needs: who may call, where its image lies, and the jobs that bring it into the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from infra import access
from infra.address_plan import RUNNER
from infra.app_roles import GATEWAY, app_roles, route_roles
from infra.components.database import Database
from infra.components.directory import Directory, DirectoryArgs
from infra.components.estate import Concern, Estate
from infra.components.function_tier import FunctionTier
from infra.components.grants import Grant, Role, assign
from infra.components.jobs import Job, Jobs, JobsArgs
from infra.components.network.landing_zone import LandingZone
from infra.components.pipeline import Pipeline, PipelineArgs
from infra.components.place import Place
from infra.components.registry import Registry, RegistryArgs
from infra.dials import Dials
from infra.pipeline_actions import pipeline_actions
from infra.regions import NONE
from infra.rooms import Rooms
from infra.tags import Tags
from infra.wiring import database_url, senders
from shared.catalog.flows import FLOWS
from shared.catalog.index import steps
from shared.catalog.model import DataClass, Tier

# The partner as which a release tries itself out; its file is partners/corridor-probe.yaml.
PROBE = "corridor-probe"


@dataclass(frozen=True)
class Release:
    """The jobs by name, where their image is put, and what the pipeline logs in as, if a repository may release."""

    jobs: Jobs
    registry: Registry
    pipeline: Pipeline | None


def make_directory(estate: Estate) -> Directory:
    """Make the API's registration, its roles, and the client of each partner that sends."""
    place, sending = estate.places[Concern.PLATFORM], senders()
    clients = [name for name in sending if name != PROBE]
    return Directory("directory", DirectoryArgs(place, app_roles(steps(), sending), route_roles(steps()), clients))


def make_release(
    dials: Dials, estate: Estate, zone: LandingZone, rooms: Rooms, apps: Mapping[Tier, FunctionTier], tags: Tags
) -> Release:
    """Make the registry, the jobs with their identities, and the pipeline's own."""
    place, plain = estate.places[Concern.PLATFORM], tags.of(FLOWS, DataClass.NONE)
    registry = Registry("images", RegistryArgs(place, zone.access, dials.zone_redundant, plain))
    deployer, prober = (_identity(name, place, plain, registry) for name in ("deploy", "smoke"))
    for tier, app in apps.items():
        grant = Grant(Role.CODE_PUBLISHER, tier.value, app.app_id)
        assign(grant, "deploy", deployer.principal_id, place, registry)
    rooms.directory.admit("smoke", prober.principal_id, PROBE)
    rooms.directory.give("smoke", GATEWAY, prober.principal_id)
    pullers = {
        "migrate": rooms.database.migrator_principal_id,
        "deploy": deployer.principal_id,
        "smoke": prober.principal_id,
    }
    for name, principal_id in pullers.items():
        assign(Grant(Role.IMAGE_PULLER, "images", registry.registry_id), name, principal_id, place, registry)
    jobs = [_migrate(rooms.database, apps), _deploy(deployer, apps), _smoke(prober, apps, rooms.directory)]
    made = Jobs(
        "jobs",
        JobsArgs(place, zone.access, zone.subnet_ids[RUNNER], registry.host, jobs, dials.zone_redundant, plain),
    )
    return Release(made, registry, _pipeline(dials, place, plain))


def commands(release: Release, place: Place) -> dict[str, pulumi.Output[str]]:
    """Return what an operator types to start each job; the pipeline does it for every release."""
    return {
        name: pulumi.Output.concat(
            "az containerapp job start --resource-group ", place.resource_group, " --name ", job
        )
        for name, job in release.jobs.job_names.items()
    }


def _identity(
    name: str, place: Place, tags: Mapping[str, str], parent: pulumi.Resource
) -> managedidentity.UserAssignedIdentity:
    return managedidentity.UserAssignedIdentity(
        name,
        resource_name_=place.names.in_group(name),
        resource_group_name=place.resource_group,
        location=place.location,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _migrate(database: Database, apps: Mapping[Tier, FunctionTier]) -> Job:
    principals = [
        {"tier": tier.value, "name": app.app_name, "objectId": app.principal_id} for tier, app in apps.items()
    ]
    return Job(
        name="migrate",
        identity_id=database.migrator_id,
        client_id=database.migrator_client_id,
        command=("python", "-m", "migrations"),
        settings={
            # Past the pooler: a migration is one long transaction, and holds a lock of its session.
            "CORRIDOR_DATABASE_URL": database_url(database, database.migrator_name, pooled=False),
            "CORRIDOR_PRINCIPALS": pulumi.Output.json_dumps(principals),
        },
        minutes=30,
    )


def _deploy(identity: managedidentity.UserAssignedIdentity, apps: Mapping[Tier, FunctionTier]) -> Job:
    targets = [
        {"tier": tier.value, "app": app.app_name, "health": access.health_path(tier)} for tier, app in apps.items()
    ]
    return Job(
        name="deploy",
        identity_id=identity.id,
        client_id=identity.client_id,
        command=("python", "-m", "release.publish"),
        settings={"CORRIDOR_APPS": pulumi.Output.json_dumps(targets)},
        minutes=60,
    )


def _smoke(
    identity: managedidentity.UserAssignedIdentity, apps: Mapping[Tier, FunctionTier], directory: Directory
) -> Job:
    return Job(
        name="smoke",
        identity_id=identity.id,
        client_id=identity.client_id,
        command=("python", "-m", "release.smoke"),
        settings={
            "CORRIDOR_API_URL": pulumi.Output.concat("https://", apps[Tier.INGEST].app_name, ".azurewebsites.net"),
            "CORRIDOR_STATUS_URL": pulumi.Output.concat("https://", apps[Tier.API].app_name, ".azurewebsites.net"),
            "CORRIDOR_SCOPE": directory.scope,
            "CORRIDOR_PROBE": PROBE,
        },
        minutes=10,
    )


def _pipeline(dials: Dials, place: Place, tags: Mapping[str, str]) -> Pipeline | None:
    if dials.pipeline_repository == NONE:
        return None
    return Pipeline(
        "pipeline", PipelineArgs(place, dials.pipeline_repository, dials.environment, pipeline_actions(), tags)
    )
