"""The catalogue and the landing zone say the same, both ways (invariant 9): entities, rules, tiers, schedules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.components.messaging import iso_8601
from infra.engine.resources import Resource
from infra.rules import Finding, Severity, error
from infra.rules.reading import app_settings, items, of_kinds, value
from shared.catalog.index import flows_of_tier, queues, steps, subscriptions, topics
from shared.catalog.model import Queue, Schedule, Tier

_DEFAULT_RULE = "$Default"

Declared = dict[tuple[str, ...], dict[str, object]]

_ENTITY_PATHS = {
    "servicebus:Queue": ("queueName",),
    "servicebus:Topic": ("topicName",),
    "servicebus:Subscription": ("topicName", "subscriptionName"),
    "servicebus:Rule": ("topicName", "subscriptionName", "ruleName"),
}


def the_bus_has_what_the_catalogue_declares(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find entities that only one side knows, and those on which the two differ."""
    for kind, declared in _declared().items():
        registered = {_key(resource): resource for resource in of_kinds(resources, kind)}
        for key in sorted(declared.keys() - registered.keys()):
            text = f"the catalogue declares {kind} {'/'.join(key)}, and the program does not register it"
            yield Finding("catalogue", Severity.ERROR, _stack_urn(resources), "", text)
        for key in sorted(registered.keys() - declared.keys()):
            yield error("catalogue", registered[key], "", "is not in the catalogue: declare it there")
        for key in sorted(registered.keys() & declared.keys()):
            for path, wanted in declared[key].items():
                found = value(registered[key], path)
                if found != wanted:
                    yield error("catalogue", registered[key], path, f"is {found}, the catalogue says {wanted}")


def every_tier_has_its_app(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find tiers without an app, apps without a tier, and schedules of a tier that has no app to wake."""
    wanted = {tier.value for tier in Tier if flows_of_tier(tier)}
    apps = {app_settings(app).get("CORRIDOR_TIER", ""): app for app in of_kinds(resources, "web:WebApp")}
    for tier in sorted(wanted - apps.keys()):
        scheduled = [step.function for step in steps() if step.tier == tier and isinstance(step.inbound, Schedule)]
        text = f"no app runs the tier {tier}" + (f"; never woken: {', '.join(scheduled)}" if scheduled else "")
        yield Finding("catalogue", Severity.ERROR, _stack_urn(resources), "", text)
    for tier in sorted(apps.keys() - wanted):
        yield error("catalogue", apps[tier], "siteConfig.appSettings.CORRIDOR_TIER", f"{tier or 'nothing'} is no tier")


def warm_groups_are_functions(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find groups that are kept warm and are no function of the catalogue."""
    known = {f"function:{step.function}" for step in steps()} | {"http", "blob", "durable"}
    path = "functionAppConfig.scaleAndConcurrency.alwaysReady"
    for app in of_kinds(resources, "web:WebApp"):
        for group in items(app, path):
            if group.get("name") not in known:
                yield error("catalogue", app, path, f"{group.get('name')} is no function of the catalogue")


def _declared() -> dict[str, Declared]:
    rules: Declared = {
        (each.topic.name, each.name, _DEFAULT_RULE): {"sqlFilter.sqlExpression": each.sql_filter}
        for each in subscriptions()
    }
    return {
        "servicebus:Queue": {(name,): wanted for each in queues() for name, wanted in queue_rows(each)},
        "servicebus:Topic": {
            (each.name,): {"defaultMessageTimeToLive": iso_8601(each.time_to_live)} for each in topics()
        },
        "servicebus:Subscription": {
            (each.topic.name, each.name): {
                "lockDuration": iso_8601(each.lock),
                "maxDeliveryCount": each.max_deliveries,
            }
            for each in subscriptions()
        },
        "servicebus:Rule": rules,
    }


def queue_rows(queue: Queue) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the queue's name and those that it had before: these stay, and forward to it."""
    wanted: dict[str, object] = {
        "lockDuration": iso_8601(queue.lock),
        "maxDeliveryCount": queue.max_deliveries,
        "defaultMessageTimeToLive": iso_8601(queue.time_to_live),
    }
    yield queue.name, wanted | {"forwardTo": None}
    for old in queue.formerly:
        yield old, wanted | {"forwardTo": queue.name}


def _key(resource: Resource) -> tuple[str, ...]:
    return tuple(str(value(resource, path)) for path in _ENTITY_PATHS[resource.kind])


def _stack_urn(resources: Sequence[Resource]) -> str:
    return next((resource.urn for resource in resources if not resource.parent), "")


RULES = (the_bus_has_what_the_catalogue_declares, every_tier_has_its_app, warm_groups_are_functions)
