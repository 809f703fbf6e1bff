"""
What the gateway shows of the catalogue: one surface per tier, audience and version, each of them an API.

    partners   routes whose role is held by partners' clients: `ingest` takes messages, `api` says where they are
    staff      routes whose role is held by people: operators and those who look after the platform

A route without a role is the platform's own (health) and is not shown. A new route is on a surface without an edit
here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from infra.app_roles import PEOPLE
from shared.catalog.model import Route, Step, Tier
from shared.catalog.openapi import openapi_document


class Audience(StrEnum):
    """Who calls a surface."""

    PARTNERS = "partners"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Surface:
    """One API of the gateway: steps of one tier that one audience calls in one version."""

    tier: Tier
    audience: Audience
    version: str
    steps: tuple[Step, ...]

    @property
    def path(self) -> str:
        """The first segment of the URL at the gateway; the version is the second."""
        return self.tier.value if self.audience is Audience.PARTNERS else f"{self.audience}-{self.tier}"

    @property
    def name(self) -> str:
        """The API's id."""
        return f"{self.path}-{self.version}"

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of which a caller's token has one; the function asks for the one of its route."""
        return tuple(sorted({step.route.role for step in self.steps if step.route.role}))

    def document(self) -> str:
        """Return the OpenAPI document, the same text for the same catalogue."""
        title = f"Corridor {self.path}"
        return json.dumps(openapi_document(title, self.version, self.steps), sort_keys=True, separators=(",", ":"))


def surfaces(steps: Iterable[Step]) -> tuple[Surface, ...]:
    """Return the surfaces of these steps, in the order of their names."""
    found: dict[tuple[Tier, Audience, str], list[Step]] = {}
    for step in steps:
        route = step.inbound
        if isinstance(route, Route) and route.role is not None:
            audience = Audience.STAFF if route.role in PEOPLE else Audience.PARTNERS
            found.setdefault((step.tier, audience, route.version), []).append(step)
    shown = (Surface(*key, tuple(each)) for key, each in found.items())
    return tuple(sorted(shown, key=lambda surface: surface.name))
