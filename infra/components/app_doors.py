"""
Which doors of a function app are open, and to whom.

    always           the private endpoint: access restrictions do not concern what comes through it
    doors open       the deployment endpoint, until the code is there (tokens of Entra alone: passwords are off)
    hears facts      an exception, written here once: the app that Event Grid tells facts to is reachable by the
                     service tag AzureEventGrid and by nobody else, because Event Grid cannot use a private endpoint
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_azure_native import web

_EVENT_GRID = "AzureEventGrid"


@dataclass(frozen=True, slots=True)
class AppDoors:
    """The doors of one app: the private endpoint, and what is open besides."""

    open_for_deployment: bool = False
    hears_facts: bool = False

    @property
    def public(self) -> bool:
        """Whether anything but the private endpoint answers at all."""
        return self.open_for_deployment or self.hears_facts

    def restrictions(self) -> list[web.IpSecurityRestrictionArgs] | None:
        """Return who may come in by the public door of the app itself; all others are denied."""
        if not self.hears_facts:
            return None
        return [
            web.IpSecurityRestrictionArgs(
                name="event-grid",
                priority=100,
                action="Allow",
                tag=web.IpFilterTag.SERVICE_TAG,
                ip_address=_EVENT_GRID,
                description="Facts without patient data; the handshake and the key are checked by the host.",
            )
        ]

    def deployment_default(self) -> web.DefaultAction:
        """Return what the public door of the deployment endpoint does."""
        return web.DefaultAction.ALLOW if self.open_for_deployment else web.DefaultAction.DENY
