"""Whom an alert reaches: mailboxes and webhooks from the dials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from infra.components.place import Place

_SHORT_NAME = "corridor"  # what a text message shows: twelve characters at the most


@dataclass(frozen=True)
class RespondersArgs:
    """Where alerts go. `webhooks` maps a name to an address that holds no secret."""

    place: Place
    emails: Sequence[str]
    webhooks: Mapping[str, str]
    tags: Mapping[str, str]


class Responders(pulumi.ComponentResource):
    """One action group, which every alert names."""

    group_id: pulumi.Output[str]

    def __init__(self, name: str, args: RespondersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Responders", name, None, opts)
        self.group_id = monitor.ActionGroup(
            name,
            action_group_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location="Global",
            group_short_name=_SHORT_NAME,
            enabled=True,
            email_receivers=[
                monitor.MicrosoftCommonEmailReceiverArgs(
                    name=f"email-{number}", email_address=address, use_common_alert_schema=True
                )
                for number, address in enumerate(args.emails, 1)
            ],
            webhook_receivers=[
                monitor.WebhookReceiverArgs(name=each, service_uri=url, use_common_alert_schema=True)
                for each, url in sorted(args.webhooks.items())
            ],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        ).id
        self.register_outputs({"groupId": self.group_id})
