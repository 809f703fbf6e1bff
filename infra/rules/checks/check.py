"""
What a check is: a numbered, named rule with the ids under which others know it.

A check looks for itself, or it is held by a rule that exists for a wider reason: then it is the part of that rule
which is about its own kind of resource, so that nothing is found twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.engine.resources import STACK_TYPE, Resource
from infra.rules import Finding, Rule, Severity
from infra.rules.checks.exemptions import exemption
from infra.rules.production import PRODUCTION
from infra.rules.reading import of_kinds, value

# What rules of `infra.rules` go through one by one: a check that is about one of these looks at no other.
_SERVICES = {
    "apimanagement:ApiManagementService",
    "containerregistry:Registry",
    "dbforpostgresql:Server",
    "eventgrid:Topic",
    "keyvault:Vault",
    "servicebus:Namespace",
    "storage:StorageAccount",
    "web:AppServicePlan",
    "web:WebApp",
}


@dataclass(frozen=True)
class Check:
    """
    One check of the list of 78, or a part of one.

    `ids` are those of PSRule for Azure (AZR), of checkov (CKV) and the first eight digits of an Azure Policy
    definition; none where the check is ours alone. `find` gives findings whose rule is still to be named.
    """

    number: int
    name: str
    sentence: str
    ids: tuple[str, ...]
    find: Rule

    @property
    def is_held(self) -> bool:
        """Tell whether rules of `infra.rules` find all of it already."""
        return all(isinstance(part, Held) for part in _parts(self.find))

    @property
    def is_about_each(self) -> bool:
        """Tell whether it can be said of one resource alone."""
        return all(isinstance(part, Each) for part in _parts(self.find))

    def departures(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Find what departs from the check, exempt or not."""
        return self._named(self.find(resources))

    def findings(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Find what departs from the check and is not exempt."""
        return (found for found in self.departures(resources) if exemption(found) is None)

    def own_findings(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Find of these what no wider rule finds under a name of its own."""
        own = [part(resources) for part in _parts(self.find) if not isinstance(part, Held)]
        return (found for part in own for found in self._named(part) if exemption(found) is None)

    def _named(self, found: Iterable[Finding]) -> Iterator[Finding]:
        return (replace(each, rule=self.name) for each in found)


@dataclass(frozen=True)
class Each:
    """Every resource of `kind` has at `path` a value that `holds`; `wanted` says in words what to set."""

    kind: str
    path: str
    holds: Callable[[Any], bool]
    wanted: str

    def __call__(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Find resources of which it does not hold."""
        for resource in of_kinds(resources, self.kind):
            if not self.holds(value(resource, self.path)):
                yield departure(resource, self.path, f"set it to {self.wanted}")


@dataclass(frozen=True)
class Held:
    """
    What a wider rule finds under one of its names, of these kinds of service and below this path.

    No kind means any, no path anywhere.
    """

    rule: Rule
    name: str
    kinds: tuple[str, ...] = ()
    path: str = ""

    def __call__(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Find what the rule finds of it."""
        others = _SERVICES.difference(self.kinds) if self.kinds else set()
        narrowed = [resource for resource in resources if resource.kind not in others]
        for found in self.rule(narrowed):
            if found.rule == self.name and found.path.startswith(self.path):
                yield found


@dataclass(frozen=True)
class Every:
    """Several rules as one."""

    rules: tuple[Rule, ...]

    def __call__(self, resources: Sequence[Resource]) -> Iterator[Finding]:
        """Find whatever one of the rules finds."""
        return (found for rule in self.rules for found in rule(resources))


def equal(kind: str, path: str, wanted: Any) -> Each:
    """Return what finds resources whose value is not the one wanted."""
    text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    return Each(kind, path, lambda found: found is wanted if isinstance(wanted, bool) else found == wanted, text)


def every(*rules: Rule) -> Every:
    """Return what finds whatever one of the rules finds."""
    return Every(rules)


def departure(resource: Resource, path: str, text: str) -> Finding:
    """Return a finding whose rule is the check that finds it."""
    return Finding("", Severity.ERROR, resource.urn, path, text)


def missing(resources: Sequence[Resource], text: str) -> Iterator[Finding]:
    """Find something that no resource of the stack is."""
    stack = next((resource.urn for resource in resources if resource.type == STACK_TYPE), "")
    yield Finding("", Severity.ERROR, stack, "", text)


def in_production(resources: Sequence[Resource]) -> bool:
    """Tell whether the resources are those of production."""
    return any(resource.stack == PRODUCTION for resource in resources)


def _parts(rule: Rule) -> tuple[Rule, ...]:
    return rule.rules if isinstance(rule, Every) else (rule,)
