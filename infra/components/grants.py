"""Who may do what to which entity: built-in roles, assigned at the entity itself and never above it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pulumi
from pulumi_azure_native import authorization

from infra.components.place import Place


class Role(StrEnum):
    """The built-in roles in use. Owner, Contributor and wildcards are not among them."""

    BUS_RECEIVER = "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0"
    BUS_SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
    BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
    BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    BLOB_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
    SECRETS_READER = "4633458b-17de-408a-b874-0445c86b69e6"
    KEY_WRAPPER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
    METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
    IMAGE_PULLER = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
    # Of Website Contributor, at one app, only publishing is used; Azure has no narrower role that its endpoint takes.
    CODE_PUBLISHER = "de139f84-1756-47ae-9be6-808fbbe84772"
    FACTS_SENDER = "d5a91429-5739-47e2-a06b-3470a27159e7"


@dataclass(frozen=True)
class Grant:
    """A role on one entity. `target` names the entity for people; `scope` is its resource id."""

    role: Role
    target: str
    scope: pulumi.Input[str]


def assign(
    grant: Grant, principal: str, principal_id: pulumi.Input[str], place: Place, parent: pulumi.Resource
) -> authorization.RoleAssignment:
    """Assign the role to the identity called `principal`."""
    role = grant.role.name.lower().replace("_", "-")
    definition = f"/providers/Microsoft.Authorization/roleDefinitions/{grant.role.value}"
    return authorization.RoleAssignment(
        f"{principal}-{role}-{grant.target}",
        role_assignment_name=place.names.role_assignment(principal, role, grant.target),
        role_definition_id=pulumi.Output.concat("/subscriptions/", place.subscription_id, definition),
        scope=grant.scope,
        principal_id=principal_id,
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        opts=in_place_of_the_old_one(parent),
    )


def in_place_of_the_old_one(parent: pulumi.Resource | None) -> pulumi.ResourceOptions:
    """Return the options of what cannot be changed and has a fixed name: the old one must go first."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=True)
