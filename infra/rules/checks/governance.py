"""Roles and governance: checks 77 and 78."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding
from infra.rules.alerts import every_action_group_reaches_somebody
from infra.rules.checks.check import Check, Held, departure, every, in_production, missing
from infra.rules.private_doors import every_private_endpoint_has_its_dns, every_zone_is_linked
from infra.rules.production import production_protects_its_state
from infra.rules.reading import items, of_kinds, value
from infra.rules.roles import every_assignment_is_deterministic, every_role_is_at_an_entity, no_role_is_too_wide
from infra.rules.watching import every_flow_has_its_alerts
from infra.tags import REQUIRED_TAGS

_GROUP = "resources:ResourceGroup"
_REGIONS = "parameters.listOfAllowedLocations.value"
# The Defender plans without which production would not hear of an attack on what holds records.
_DEFENDED = {"AppServices", "KeyVaults", "OpenSourceRelationalDatabases", "StorageAccounts"}


def _without_tags(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if resource.custom and (resource.kind == _GROUP or value(resource, "tags") is not None):
            lacking = sorted(REQUIRED_TAGS - set(value(resource, "tags") or ()))
            if lacking:
                yield departure(resource, "tags", f"add {', '.join(lacking)}")


def _outside_their_regions(resources: Sequence[Resource]) -> Iterator[Finding]:
    policies = [
        items(each, _REGIONS)
        for each in of_kinds(resources, "authorization:PolicyAssignment")
        if value(each, _REGIONS)
    ]
    said = [region for regions in policies for region in regions]
    homes = [value(group, "location") for group in of_kinds(resources, _GROUP)]
    allowed = {_plain(region) for region in said or homes}
    for resource in resources:
        place = value(resource, "location") if resource.custom else None
        if place is not None and _plain(place) not in {"global", *allowed}:
            yield departure(resource, "location", f"is {place}: allowed are {', '.join(sorted(allowed))}")
    if in_production(resources) and not policies:
        yield from missing(resources, "no policy of allowed regions is assigned in production")


def _plain(region: str) -> str:
    return region.replace(" ", "").lower()


def _without_a_budget(resources: Sequence[Resource]) -> Iterator[Finding]:
    budgets = of_kinds(resources, "consumption:Budget")
    if not budgets:
        yield from missing(resources, "has no budget: nobody hears of what it costs")
    for budget in budgets:
        said = value(budget, "notifications") or {}
        if not any(each.get("enabled") and each.get("contactEmails") for each in said.values()):
            yield departure(budget, "notifications", "tells nobody: name a contact")


def _undefended(resources: Sequence[Resource]) -> Iterator[Finding]:
    plans = {value(each, "pricingName") for each in of_kinds(resources, "security:Pricing")
             if value(each, "pricingTier") == "Standard"}  # fmt: skip
    lacking = sorted(_DEFENDED - plans) if in_production(resources) else []
    if lacking:
        yield from missing(resources, f"Defender lacks {', '.join(lacking)} in production: see corridor:defenderPlans")


def _unlocked(resources: Sequence[Resource]) -> Iterator[Finding]:
    locks = of_kinds(resources, "authorization:ManagementLockByScope")
    if in_production(resources) and not any(value(each, "level") == "CanNotDelete" for each in locks):
        yield from missing(resources, "no lock keeps the records of production: set corridor:protectState")


CHECKS = (
    Check(77, "role-width", "no role may do everything", ("CKV_AZURE_39",),
          Held(no_role_is_too_wide, "role-too-wide")),
    Check(77, "role-place", "a role is assigned at the resource itself", ("AZR-000207",),
          Held(every_role_is_at_an_entity, "role-scope")),
    Check(77, "role-assignment", "an assignment says what its principal is, and has the same name on every run", (),
          every(Held(every_assignment_is_deterministic, "role-name"),
                Held(every_assignment_is_deterministic, "role-principal"))),
    Check(78, "tags", "a resource says whose it is, what it costs whom and what it may hold", ("AZR-000166",),
          _without_tags),
    Check(78, "regions", "nothing lies outside the allowed regions", ("AZR-000167",), _outside_their_regions),
    Check(78, "budget", "somebody hears of what a stack costs", (), _without_a_budget),
    Check(78, "health-alert", "somebody hears when Azure itself is unwell", ("AZR-000211",),
          every(Held(every_action_group_reaches_somebody, "action-group"),
                Held(every_flow_has_its_alerts, "service-health"))),
    Check(78, "defender", "Defender watches what holds records in production", ("AZR-000296", "AZR-000352"),
          _undefended),
    Check(78, "locks", "the records of production take two deliberate steps to delete", (),
          every(Held(production_protects_its_state, "production-protection"), _unlocked)),
    Check(78, "private-names", "the name of every private endpoint resolves in hub and spoke", (),
          every(Held(every_private_endpoint_has_its_dns, "private-dns"),
                Held(every_zone_is_linked, "private-dns-link"))),
)  # fmt: skip
