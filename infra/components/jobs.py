"""
The one-shot jobs of a release: what must be done inside the network, started from outside by Azure's own control.

    migrate   the database's migrations, the tiers' roles, and who may log in as them
    deploy    the code, to one function app after another
    smoke     one synthetic message as a partner would send it, which must be accepted

Each has an identity of its own, which is all that it may do. Which image runs is the pipeline's to say, release by
release: here stands one that does nothing, because the first release is not there yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import app

from infra.components.diagnostics import observe
from infra.components.place import Place
from infra.components.private_service import PrivateAccess

# Microsoft's own sample job: it prints a line and ends.
_NO_RELEASE = "mcr.microsoft.com/k8se/quickstart-jobs:latest"
_PROFILE = "Consumption"
_SIZE = app.ContainerResourcesArgs(cpu=1, memory="2Gi")


@dataclass(frozen=True)
class Job:
    """One job: the identity that it runs as, what it starts, and what it is told. `minutes` bound one attempt."""

    name: str
    identity_id: pulumi.Input[str]
    client_id: pulumi.Input[str]
    command: Sequence[str]
    settings: Mapping[str, pulumi.Input[str]]
    minutes: int


@dataclass(frozen=True)
class JobsArgs:
    """The subnet of the jobs, the registry that their image comes from, and the jobs; `access` says who watches."""

    place: Place
    access: PrivateAccess
    subnet_id: pulumi.Input[str]
    registry_host: pulumi.Input[str]
    jobs: Sequence[Job]
    zone_redundant: bool
    tags: Mapping[str, str]


class Jobs(pulumi.ComponentResource):
    """A place for containers inside the network that nobody can call, and the jobs that are started there."""

    job_names: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: JobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Jobs", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        environment = self._environment(name)
        observe(name, environment.id, args.access.workspace_id, self)
        self.job_names = {job.name: self._job(job, environment.id).name for job in args.jobs}
        self.register_outputs({"jobNames": self.job_names})

    def _environment(self, name: str) -> app.ManagedEnvironment:
        args = self._args
        return app.ManagedEnvironment(
            name,
            environment_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            vnet_configuration=app.VnetConfigurationArgs(infrastructure_subnet_id=args.subnet_id, internal=True),
            public_network_access=app.PublicNetworkAccess.DISABLED,
            workload_profiles=[app.WorkloadProfileArgs(name=_PROFILE, workload_profile_type=_PROFILE)],
            # By the diagnostic setting, not by the workspace's key.
            app_logs_configuration=app.AppLogsConfigurationArgs(destination="azure-monitor"),
            zone_redundant=args.zone_redundant,
            tags=args.tags,
            opts=self._options,
        )

    def _job(self, job: Job, environment_id: pulumi.Input[str]) -> app.Job:
        args = self._args
        return app.Job(
            job.name,
            job_name=args.place.names.function_app(job.name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            environment_id=environment_id,
            workload_profile_name=_PROFILE,
            identity=app.ManagedServiceIdentityArgs(
                type=app.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[job.identity_id]
            ),
            configuration=app.JobConfigurationArgs(
                trigger_type=app.TriggerType.MANUAL,
                manual_trigger_config=app.JobConfigurationManualTriggerConfigArgs(
                    parallelism=1, replica_completion_count=1
                ),
                replica_timeout=job.minutes * 60,
                # A job that failed says why, and a person decides: none of them is tried again by itself.
                replica_retry_limit=0,
                registries=[app.RegistryCredentialsArgs(server=args.registry_host, identity=job.identity_id)],
            ),
            template=app.JobTemplateArgs(containers=[self._container(job)]),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["template.containers[0].image"]),
        )

    def _container(self, job: Job) -> app.ContainerArgs:
        settings = {"AZURE_CLIENT_ID": job.client_id, **job.settings}
        return app.ContainerArgs(
            name=job.name,
            image=_NO_RELEASE,
            command=list(job.command),
            env=[app.EnvironmentVarArgs(name=name, value=settings[name]) for name in sorted(settings)],
            resources=_SIZE,
        )
