from __future__ import annotations

import json

from infra.apim.surfaces import Audience, surfaces
from shared.catalog.index import steps
from shared.catalog.model import Queue, Route, Step, Tier

ASK = Step("ask", Tier.API, Route("GET", "things/{id}", role="message.send"), flow="sample")
ASK_LATER = Step("ask-later", Tier.API, Route("GET", "things/{id}", role="message.send", version="v2"), flow="sample")
LOOK = Step("look", Tier.API, Route("GET", "books", role="auditor"), flow="sample")
HEALTH = Step("health", Tier.API, Route("GET", "health", role=None), flow="sample")
WORK = Step("work", Tier.PROCESS, Queue("sample-work"), flow="sample")


def test_every_route_with_a_role_is_on_one_surface_and_health_on_none() -> None:
    shown = [step.function for surface in surfaces(steps()) for step in surface.steps]
    routes = [step for step in steps() if isinstance(step.inbound, Route)]

    assert sorted(step.function for step in routes if step.route.role) == sorted(shown)


def test_partners_and_staff_never_share_a_surface() -> None:
    found = {surface.name: surface.audience for surface in surfaces([ASK, LOOK, HEALTH, WORK])}

    assert {"api-v1": Audience.PARTNERS, "staff-api-v1": Audience.STAFF} == found


def test_a_new_version_is_a_surface_beside_the_old_one_on_the_same_path() -> None:
    assert [("api", "v1"), ("api", "v2")] == [(each.path, each.version) for each in surfaces([ASK, ASK_LATER])]


def test_a_surfaces_document_is_the_same_text_each_time_and_has_its_operations() -> None:
    (surface,) = surfaces([ASK])

    assert surface.document() == surface.document()
    assert "/things/{id}" in json.loads(surface.document())["paths"]
