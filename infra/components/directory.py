"""
The API's registration in Entra and who may call it.

Tokens are for this application alone and carry its roles; nobody gets a token without a role. Each partner that
sends has a client of its own with the roles of its surface and the one that says for whom it speaks. Credentials of
clients are not made here: a certificate is uploaded by whoever onboards the partner, and no state ever holds one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azuread as azuread

from infra.app_roles import PARTNER, AppRole
from infra.components.place import Place

_V2 = 2
_ONE_TENANT = "AzureADMyOrg"


@dataclass(frozen=True)
class DirectoryArgs:
    """The roles of the API, those that each partner's client has, and the partners that send."""

    place: Place
    roles: Sequence[AppRole]
    client_roles: Sequence[str]
    senders: Sequence[str]


class Directory(pulumi.ComponentResource):
    """`client_id` is the audience of every token; `scope` is what a client asks for."""

    client_id: pulumi.Output[str]
    scope: pulumi.Output[str]

    def __init__(self, name: str, args: DirectoryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Directory", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        api = self._api()
        self.client_id = api.client_id
        self.scope = pulumi.Output.concat(api.client_id, "/.default")
        self._api_object = azuread.ServicePrincipal(
            "api",
            client_id=api.client_id,
            app_role_assignment_required=True,
            opts=self._options,
        )
        for sender in args.senders:
            self._client(sender)
        self.register_outputs({"clientId": self.client_id})

    def admit(self, name: str, principal_id: pulumi.Input[str], sender: str) -> None:
        """Let an identity that has no registration of its own speak for a partner."""
        for value in (*self._args.client_roles, f"{PARTNER}{sender}"):
            self._assign(f"{name}-{value}", value, principal_id)

    def give(self, name: str, role: str, principal_id: pulumi.Input[str]) -> None:
        """Give an identity that has no registration of its own one role."""
        self._assign(f"{name}-{role}", role, principal_id)

    def _api(self) -> azuread.Application:
        args = self._args
        return azuread.Application(
            "api",
            display_name=args.place.names.in_group("api"),
            sign_in_audience=_ONE_TENANT,
            # Entra takes such a name without a verified domain, because it carries the tenant.
            identifier_uris=[
                pulumi.Output.concat("api://", args.place.tenant_id, "/", args.place.names.in_group("api"))
            ],
            # Version 2: issuer and audience are what the product's settings say.
            api=azuread.ApplicationApiArgs(requested_access_token_version=_V2),
            app_roles=[self._app_role(role) for role in args.roles],
            prevent_duplicate_names=True,
            opts=self._options,
        )

    def _app_role(self, role: AppRole) -> azuread.ApplicationAppRoleArgs:
        return azuread.ApplicationAppRoleArgs(
            id=self._args.place.names.app_role(role.value),
            value=role.value,
            display_name=role.value,
            description=role.meaning,
            allowed_member_types=["User" if role.for_people else "Application"],
            enabled=True,
        )

    def _client(self, sender: str) -> None:
        client = azuread.Application(
            sender,
            display_name=self._args.place.names.in_group(sender),
            sign_in_audience=_ONE_TENANT,
            prevent_duplicate_names=True,
            opts=self._options,
        )
        principal = azuread.ServicePrincipal(sender, client_id=client.client_id, opts=self._options)
        self.admit(sender, principal.object_id, sender)

    def _assign(self, name: str, value: str, principal_id: pulumi.Input[str]) -> None:
        azuread.AppRoleAssignment(
            name,
            app_role_id=self._args.place.names.app_role(value),
            principal_object_id=principal_id,
            resource_object_id=self._api_object.object_id,
            opts=self._options,
        )
