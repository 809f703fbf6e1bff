"""Names: within Azure's limits, and one resource per id."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import of_kinds, value
from infra.schema.arm_types import arm_type

# What Azure takes as a name, by kind; the first number of each says how short, the last how long.
_LIMITS = {
    "apimanagement:ApiManagementService": r"[A-Za-z](?=.{0,49}$)[A-Za-z0-9-]*[A-Za-z0-9]|[A-Za-z]",
    "dbforpostgresql:Server": r"[a-z0-9](?=.{2,62}$)[a-z0-9-]*[a-z0-9]",
    "eventgrid:Topic": r"[A-Za-z0-9-]{3,50}",
    "keyvault:Vault": r"[A-Za-z](?=.{2,23}$)(?!.*--)[A-Za-z0-9-]*[A-Za-z0-9]",
    "managedidentity:UserAssignedIdentity": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "network:PrivateEndpoint": r"[A-Za-z0-9](?=.{1,63}$)[A-Za-z0-9._-]*[A-Za-z0-9_]",
    "network:VirtualNetwork": r"[A-Za-z0-9](?=.{1,63}$)[A-Za-z0-9._-]*[A-Za-z0-9_]",
    "operationalinsights:Workspace": r"[A-Za-z0-9](?=.{3,62}$)[A-Za-z0-9-]*[A-Za-z0-9]",
    "resources:ResourceGroup": r"[\w().-]{0,89}[\w()-]",
    "servicebus:Namespace": r"[A-Za-z](?=.{5,49}$)[A-Za-z0-9-]*(?<!-sb)(?<!-mgmt)[A-Za-z0-9]",
    "servicebus:Queue": r"[A-Za-z0-9](?=.{0,259}$)([A-Za-z0-9._/-]*[A-Za-z0-9_])?",
    "servicebus:Subscription": r"[A-Za-z0-9](?=.{0,49}$)([A-Za-z0-9._-]*[A-Za-z0-9_])?",
    "servicebus:Topic": r"[A-Za-z0-9](?=.{0,259}$)([A-Za-z0-9._/-]*[A-Za-z0-9_])?",
    "storage:BlobContainer": r"[a-z0-9](?=.{2,62}$)(?!.*--)[a-z0-9-]*[a-z0-9]",
    "storage:StorageAccount": r"[a-z0-9]{3,24}",
    "web:AppServicePlan": r"[A-Za-z0-9-]{1,60}",
    "web:WebApp": r"[A-Za-z0-9](?=.{1,59}$)[A-Za-z0-9-]*[A-Za-z0-9]",
}


def names_are_within_limits(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find names that Azure would refuse."""
    for resource in of_kinds(resources, *_LIMITS):
        known = arm_type(resource.type)
        path = known.own_name if known else ""
        name = value(resource, path)
        if name is None:
            yield error("name", resource, path, "is not set: a name that a provider chooses differs on every stack")
        elif not re.fullmatch(_LIMITS[resource.kind], str(name)):
            yield error("name", resource, path, f"{name} ({len(str(name))} characters) is no name that Azure takes")


def every_id_is_one_resource(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find resources that would fight for one id in Azure."""
    counted = Counter(resource.id.lower() for resource in resources if resource.id)
    for resource in resources:
        if counted[resource.id.lower()] > 1:
            yield error("one-id", resource, "", "another resource of this stack has the same id in Azure")


RULES = (names_are_within_limits, every_id_is_one_resource)
