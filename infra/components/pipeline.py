"""
The pipeline's identity: it proves itself by the token of a workflow run, and has no secret that could leak.

GitHub signs which repository and which gated environment a run belongs to; Entra takes that and no other. What the
identity may do is a role of this stack, at the stack's own subscription, and the only roles it can give are those
of the program, to identities of services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, managedidentity

from infra.components.grants import Role, in_place_of_the_old_one
from infra.components.place import Place

_ISSUER = "https://token.actions.githubusercontent.com"
_AUDIENCE = "api://AzureADTokenExchange"
_NAME = "pipeline"
_WRITE = "Microsoft.Authorization/roleAssignments/write"
_DELETE = "Microsoft.Authorization/roleAssignments/delete"


@dataclass(frozen=True)
class PipelineArgs:
    """The repository (`owner/name`), the gated environment whose runs are taken, and what they may do."""

    place: Place
    repository: str
    environment: str
    actions: Sequence[str]
    tags: Mapping[str, str]


class Pipeline(pulumi.ComponentResource):
    """`client_id` is what a workflow logs in as."""

    client_id: pulumi.Output[str]

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Pipeline", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._scope = pulumi.Output.concat("/subscriptions/", args.place.subscription_id)
        identity = self._identity()
        self.client_id = identity.client_id
        self._trust(identity)
        self._assign(identity, self._role())
        self.register_outputs({"clientId": self.client_id})

    def _identity(self) -> managedidentity.UserAssignedIdentity:
        args = self._args
        return managedidentity.UserAssignedIdentity(
            _NAME,
            resource_name_=args.place.names.in_group(_NAME),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=self._options,
        )

    def _trust(self, identity: managedidentity.UserAssignedIdentity) -> None:
        args = self._args
        managedidentity.FederatedIdentityCredential(
            _NAME,
            federated_identity_credential_resource_name="github",
            resource_name_=identity.name,
            resource_group_name=args.place.resource_group,
            issuer=_ISSUER,
            subject=f"repo:{args.repository}:environment:{args.environment}",
            audiences=[_AUDIENCE],
            opts=self._options,
        )

    def _role(self) -> authorization.RoleDefinition:
        args = self._args
        return authorization.RoleDefinition(
            _NAME,
            role_definition_id=args.place.names.role_assignment(_NAME, "definition", "subscription"),
            role_name=args.place.names.in_group(_NAME),
            description="Builds and releases Corridor; deletes nothing that holds records and reads no data.",
            role_type="CustomRole",
            scope=self._scope,
            assignable_scopes=[self._scope],
            permissions=[authorization.PermissionArgs(actions=list(args.actions))],
            opts=self._options,
        )

    def _assign(
        self, identity: managedidentity.UserAssignedIdentity, definition: authorization.RoleDefinition
    ) -> None:
        authorization.RoleAssignment(
            _NAME,
            role_assignment_name=self._args.place.names.role_assignment(_NAME, _NAME, "subscription"),
            role_definition_id=definition.id,
            scope=self._scope,
            principal_id=identity.principal_id,
            principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
            condition=condition(Role),
            condition_version="2.0",
            opts=in_place_of_the_old_one(self),
        )


def condition(roles: type[Role]) -> str:
    """Return the condition under which roles may be given and taken: these alone, to identities of services alone."""
    ids = ", ".join(sorted(role.value for role in roles))
    parts = (_of(_WRITE, "@Request", ids), _of(_DELETE, "@Resource", ids))
    return " AND ".join(parts)


def _of(action: str, attributes: str, ids: str) -> str:
    place = f"{attributes}[Microsoft.Authorization/roleAssignments"
    return (
        f"((!(ActionMatches{{'{action}'}})) OR "
        f"({place}:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{ids}}} "
        f"AND {place}:PrincipalType] StringEqualsIgnoreCase 'ServicePrincipal'))"
    )
