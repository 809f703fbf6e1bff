"""
Where everything that is observed goes: one workspace, and Application Insights on top of it.

Neither takes a key: who sends telemetry proves itself by its identity (role Monitoring Metrics Publisher), who asks
has a role of Entra. A key of ours for the logs needs a dedicated cluster of Log Analytics (100 GB a day at the least)
and is therefore not a dial: logs hold no patient data (invariant 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import applicationinsights, monitor, operationalinsights

from infra.components.diagnostics import observe
from infra.components.place import Place

_NO_CAP = -1.0
# What Azure writes down about the subscription itself: who made, changed and removed what.
_ACTIVITIES = (
    "Administrative",
    "Alert",
    "Autoscale",
    "Policy",
    "Recommendation",
    "ResourceHealth",
    "Security",
    "ServiceHealth",
)


@dataclass(frozen=True)
class LogStoreArgs:
    """How long logs are kept, how many GB a day are taken (0: no cap), and whether by private endpoints alone."""

    place: Place
    retention_days: int
    daily_gb: int
    private: bool
    tags: Mapping[str, str]


class LogStore(pulumi.ComponentResource):
    """`workspace_id` for diagnostics, alerts and workbooks; `telemetry_id` and `connection_string` for the apps."""

    workspace_id: pulumi.Output[str]
    telemetry_id: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    def __init__(self, name: str, args: LogStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:LogStore", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._door = "Disabled" if args.private else "Enabled"
        self.workspace_id = self._workspace().id
        observe("logs", self.workspace_id, self.workspace_id, self, logs=("audit",))
        telemetry = self._telemetry()
        self.telemetry_id, self.connection_string = telemetry.id, telemetry.connection_string
        self._activities()
        self.register_outputs({"workspaceId": self.workspace_id})

    def _workspace(self) -> operationalinsights.Workspace:
        args = self._args
        return operationalinsights.Workspace(
            "logs",
            workspace_name=args.place.names.in_group("logs"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=args.retention_days,
            workspace_capping=operationalinsights.WorkspaceCappingArgs(
                daily_quota_gb=float(args.daily_gb) if args.daily_gb else _NO_CAP
            ),
            features=operationalinsights.WorkspaceFeaturesArgs(
                disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
            ),
            public_network_access_for_ingestion=self._door,
            public_network_access_for_query=self._door,
            tags=args.tags,
            opts=self._options,
        )

    def _telemetry(self) -> applicationinsights.Component:
        args = self._args
        return applicationinsights.Component(
            "telemetry",
            resource_name_=args.place.names.in_group("telemetry"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            kind="web",
            application_type=applicationinsights.ApplicationType.WEB,
            ingestion_mode=applicationinsights.IngestionMode.LOG_ANALYTICS,
            workspace_resource_id=self.workspace_id,
            disable_local_auth=True,
            disable_ip_masking=False,
            public_network_access_for_ingestion=self._door,
            public_network_access_for_query=self._door,
            tags=args.tags,
            opts=self._options,
        )

    def _activities(self) -> None:
        monitor.SubscriptionDiagnosticSetting(
            "activities",
            name=self._args.place.names.in_group("activities"),
            workspace_id=self.workspace_id,
            logs=[monitor.SubscriptionLogSettingsArgs(category=each, enabled=True) for each in _ACTIVITIES],
            opts=self._options,
        )
