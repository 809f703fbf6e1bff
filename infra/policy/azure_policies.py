"""
Azure's built-in policies on a stack: which of them apply, and which find something.

The definitions are not part of Corridor. `read` takes a file as the folder `azure-policy` beside the checkout has it:
under `policies`, by id, the `rule` as Azure publishes it and the `defaults` of its parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from infra.policy.conditions import Asked, holds
from infra.policy.estate import Estate
from infra.policy.expressions import NotEvaluableError

_SCOPING = ("kind", "name", "type")


class Outcome(StrEnum):
    """What a policy comes to, over all stacks."""

    ENFORCED = "enforced"
    EXEMPT = "exempt"
    NOT_APPLICABLE = "not-applicable"
    NOT_EVALUABLE = "not-evaluable"


@dataclass(frozen=True)
class AzurePolicy:
    """One definition: `id` is its GUID, `rule` its `if` and `then`."""

    id: str
    rule: Mapping[str, Any]
    parameters: Mapping[str, Any]

    def applies(self, asked: Asked) -> bool:
        """Tell whether the resource is of the type, kind and name that the policy is about."""
        return _is_about(self.rule["if"], asked)

    def finds(self, asked: Asked) -> bool:
        """Tell whether the policy finds fault with the resource; NotEvaluableError if that cannot be known."""
        if not holds(self.rule["if"], asked):
            return False
        details = self.rule["then"].get("details")
        if not isinstance(details, Mapping) or not details.get("type"):
            return True
        said = {key.lower(): value for key, value in details.items()}
        condition = said.get("existencecondition", {"allOf": []})
        related = asked.estate.related(asked.resource, said["type"], said.get("name"))
        return not any(holds(condition, Asked(each, asked.estate, asked.parameters)) for each in related)


def read(file: Path) -> list[AzurePolicy]:
    """Return the definitions of a file."""
    rows = json.loads(file.read_text(encoding="utf-8"))["policies"]
    return [AzurePolicy(identity, row["rule"], row.get("defaults") or {}) for identity, row in rows.items()]


def outcome(policy: AzurePolicy, estates: Iterable[Estate]) -> Outcome:
    """Return what a policy comes to."""
    try:
        concerned = [asked for estate in estates for asked in _asked(policy, estate)]
        if any(policy.finds(asked) for asked in concerned):
            return Outcome.EXEMPT
    except NotEvaluableError:
        return Outcome.NOT_EVALUABLE
    return Outcome.ENFORCED if concerned else Outcome.NOT_APPLICABLE


def _asked(policy: AzurePolicy, estate: Estate) -> Iterator[Asked]:
    for kind in sorted(set(_types(policy.rule["if"]))):
        for resource in estate.of(kind):
            asked = Asked(resource, estate, policy.parameters)
            if policy.applies(asked):
                yield asked


def _types(condition: Mapping[str, Any]) -> Iterator[str]:
    said = {key.lower(): value for key, value in condition.items()}
    if str(said.get("field")).lower() == "type":
        named = said.get("equals") or said.get("in") or ()
        yield from ([named.lower()] if isinstance(named, str) else (each.lower() for each in named))
    for each in (*said.get("allof", ()), *said.get("anyof", ())):
        yield from _types(each)


def _is_about(condition: Mapping[str, Any], asked: Asked) -> bool:
    said = {key.lower(): value for key, value in condition.items()}
    if "allof" in said:
        return all(_is_about(each, asked) for each in said["allof"])
    if "anyof" in said:
        return any(_is_about(each, asked) for each in said["anyof"])
    return str(said.get("field")).lower() not in _SCOPING or holds(condition, asked)
