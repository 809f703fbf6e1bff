"""One dashboard of the portal per audience, on the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import portal

from infra.components.place import Place
from infra.dashboards import LOGS_PART, Tile, tiles
from infra.queries import AUDIENCES
from infra.workbooks import title_of


@dataclass(frozen=True)
class DashboardsArgs:
    """Where the dashboards stand, and the workspace that they ask."""

    place: Place
    workspace_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Dashboards(pulumi.ComponentResource):
    """Dashboards that the program writes; who may read them may read the workspace, or sees empty tiles."""

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Dashboards", name, None, opts)
        for audience in AUDIENCES:
            parts = [_part(tile, args.workspace_id) for tile in tiles(audience)]
            portal.Dashboard(
                audience,
                dashboard_name=args.place.names.in_group(audience),
                resource_group_name=args.place.resource_group,
                location=args.place.location,
                properties=portal.DashboardPropertiesWithProvisioningStateArgs(
                    lenses=[portal.DashboardLensArgs(order=0, parts=parts)]
                ),
                # The portal shows this tag as the dashboard's name.
                tags={**args.tags, "hidden-title": title_of(audience)},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _part(tile: Tile, workspace_id: pulumi.Input[str]) -> portal.DashboardPartsArgs:
    scope = {"name": "Scope", "value": {"resourceIds": [workspace_id]}}
    return portal.DashboardPartsArgs(
        position=portal.DashboardPartsPositionArgs(x=tile.x, y=tile.y, col_span=tile.width, row_span=tile.height),
        metadata=portal.DashboardPartMetadataArgs(type=LOGS_PART, inputs=[scope, *tile.settings], settings={}),
    )
