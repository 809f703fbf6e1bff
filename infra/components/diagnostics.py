"""Where a resource's logs and metrics go: to the workspace, once there is one."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import monitor


def observe(
    name: str,
    resource_id: pulumi.Input[str],
    workspace_id: pulumi.Input[str] | None,
    parent: pulumi.Resource,
    logs: Sequence[str] = ("allLogs",),
    *,
    metrics: bool = True,
) -> None:
    """Send the category groups `logs` of a resource, and its metrics, to the workspace; without one, do nothing."""
    if workspace_id is None:
        return
    monitor.DiagnosticSetting(
        f"{name}-diagnostics",
        name="corridor",
        resource_uri=resource_id,
        workspace_id=workspace_id,
        logs=[monitor.DiagnosticsLogSettingsArgs(category_group=group, enabled=True) for group in logs],
        metrics=[monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)] if metrics else None,
        opts=pulumi.ResourceOptions(parent=parent),
    )
