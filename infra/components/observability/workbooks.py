"""One workbook per audience, on the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

import pulumi
from pulumi_azure_native import applicationinsights

from infra.components.place import Place
from infra.queries import AUDIENCES
from infra.workbooks import title_of, workbook


@dataclass(frozen=True)
class WorkbooksArgs:
    """Where the workbooks stand, and the workspace that they ask."""

    place: Place
    workspace_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Workbooks(pulumi.ComponentResource):
    """Workbooks that the program writes: who changes one in the portal saves a copy of their own."""

    def __init__(self, name: str, args: WorkbooksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Workbooks", name, None, opts)
        for audience in AUDIENCES:
            applicationinsights.Workbook(
                audience,
                resource_name_=str(uuid5(NAMESPACE_URL, args.place.names.in_group(audience))),  # Azure wants a UUID
                resource_group_name=args.place.resource_group,
                location=args.place.location,
                kind=applicationinsights.WorkbookSharedTypeKind.SHARED,
                category="workbook",
                display_name=title_of(audience),
                serialized_data=workbook(audience),
                source_id=args.workspace_id,
                version="Notebook/1.0",
                tags=args.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
