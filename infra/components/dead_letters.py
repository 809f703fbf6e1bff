"""Where Event Grid puts what it could not deliver, and how long it tries."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import eventgrid

from infra.components.grants import Grant, Role, assign
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from infra.components.private_storage import PrivateStorage, PrivateStorageArgs
from infra.components.storage_policies import Container

_CONTAINER = "dead-letters"
_KEEP_DAYS = 30
_ATTEMPTS, _MINUTES = 30, 1440  # Azure's most: a day


def retry_policy() -> eventgrid.RetryPolicyArgs:
    """Return how long Event Grid tries before it gives up."""
    return eventgrid.RetryPolicyArgs(max_delivery_attempts=_ATTEMPTS, event_time_to_live_in_minutes=_MINUTES)


class DeadLetters(pulumi.ComponentResource):
    """A container into which the identities that are granted it, and they alone, bury undelivered events."""

    def __init__(
        self,
        name: str,
        place: Place,
        access: PrivateAccess,
        sku: str,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("corridor:components:DeadLetters", name, None, opts)
        self._place = place
        kept = (Container(_CONTAINER, _KEEP_DAYS),)
        self._storage = PrivateStorage(
            name,
            PrivateStorageArgs(place, access, "events", kept, sku, tags, trusted=True),
            pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def grant(self, principal: str, principal_id: pulumi.Input[str]) -> pulumi.Resource:
        """Let the identity called `principal` write here."""
        container = self._storage.container_ids[_CONTAINER]
        return assign(Grant(Role.BLOB_CONTRIBUTOR, _CONTAINER, container), principal, principal_id, self._place, self)

    def destination(self) -> eventgrid.DeadLetterWithResourceIdentityArgs:
        """Return what a subscription says to bury its events here by its topic's own identity."""
        return eventgrid.DeadLetterWithResourceIdentityArgs(
            identity=eventgrid.EventSubscriptionIdentityArgs(
                type=eventgrid.EventSubscriptionIdentityType.SYSTEM_ASSIGNED
            ),
            dead_letter_destination=eventgrid.StorageBlobDeadLetterDestinationArgs(
                endpoint_type="StorageBlob",
                resource_id=self._storage.account_id,
                blob_container_name=_CONTAINER,
            ),
        )
