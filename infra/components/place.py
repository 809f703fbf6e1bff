"""Where an environment's resources go, and what every component needs to name them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.names import Names


@dataclass(frozen=True)
class Place:
    """One resource group of an environment: the names, the region, and the subscription and tenant that hold it."""

    names: Names
    resource_group: pulumi.Input[str]
    subscription_id: pulumi.Input[str]
    tenant_id: pulumi.Input[str]
    location: str
