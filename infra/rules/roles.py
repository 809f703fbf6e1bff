"""Role assignments: narrow roles, at the entity itself, for identities that are named the same on every run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import items, of_kinds, value

_TOO_WIDE = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "090c5cfd-751d-490a-894a-3ce6f1109419": "Azure Service Bus Data Owner",
}
_ABOVE_ENTITIES = re.compile(r"^/subscriptions/[^/]+(/resourceGroups/[^/]+)?/?$", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def no_role_is_too_wide(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find assignments of roles that may do everything, and custom roles with wildcards."""
    for role in of_kinds(resources, "authorization:RoleAssignment"):
        name = _TOO_WIDE.get(str(value(role, "roleDefinitionId")).rpartition("/")[2])
        if name:
            yield error("role-too-wide", role, "roleDefinitionId", f"is {name}: assign what the steps need")
    for definition in of_kinds(resources, "authorization:RoleDefinition"):
        for index, permission in enumerate(items(definition, "permissions")):
            for kind in ("actions", "dataActions"):
                if any("*" in action for action in permission.get(kind) or ()):
                    text = "has a wildcard: name the actions"
                    yield error("role-too-wide", definition, f"permissions[{index}].{kind}", text)


def every_role_is_at_an_entity(resources: Sequence[Resource]) -> Iterator[Finding]:
    """
    Find assignments at a subscription or resource group, where they would reach what is added later.

    One exception is written down: the pipeline, which makes what is added later, by a role of this stack that names
    each action, under a condition that says which roles it may give.
    """
    own = {definition.id.lower() for definition in of_kinds(resources, "authorization:RoleDefinition")}
    for role in of_kinds(resources, "authorization:RoleAssignment"):
        scope = str(value(role, "scope"))
        if str(value(role, "roleDefinitionId")).lower() in own and value(role, "condition"):
            continue
        if _ABOVE_ENTITIES.match(scope) or not scope.startswith("/"):
            yield error("role-scope", role, "scope", "is above the entity: assign the role at the entity itself")


def every_assignment_is_deterministic(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find assignments whose name a provider would choose, or whose principal Azure would have to look up."""
    for role in of_kinds(resources, "authorization:RoleAssignment"):
        if not _UUID.fullmatch(str(value(role, "roleAssignmentName"))):
            yield error("role-name", role, "roleAssignmentName", "set a UUID that follows from who, what and where")
        if value(role, "principalType") not in ("ServicePrincipal", "Group"):
            yield error("role-principal", role, "principalType", "set it: a new identity may not be found yet")


RULES = (no_role_is_too_wide, every_role_is_at_an_entity, every_assignment_is_deterministic)
