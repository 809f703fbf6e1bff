"""Each of the 78 checks holds for every stack, and catches what is seeded for it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from infra.engine.resources import Resource
from infra.rules import Severity
from infra.rules.checks import CHECKS, RULES
from infra.rules.checks.check import Check
from infra.rules.checks.exemptions import EXEMPTIONS, Exemption, exemption
from tests.infra.recording import Estate
from tests.infra.rules.violations import VIOLATIONS, Violation

_NAMED = {check.name: check for check in CHECKS}
# What is exempt everywhere is caught all the same, where the exemption does not reach.
_EXEMPT_EVERYWHERE = {"app-client-certificate"}


@pytest.fixture(scope="module")
def production(estates: dict[str, Estate]) -> Sequence[Resource]:
    return estates["prod"].examination.result.resources


def test_every_number_from_1_to_78_is_checked_and_every_name_is_one_checks() -> None:
    assert list(range(1, 79)) == sorted({check.number for check in CHECKS})
    assert len(CHECKS) == len(_NAMED)


def test_every_check_has_a_violation_of_its_own() -> None:
    assert _NAMED.keys() == VIOLATIONS.keys()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_holds_for_every_stack(check: Check, estates: dict[str, Estate]) -> None:
    found = {name: list(check.findings(estate.examination.result.resources)) for name, estate in estates.items()}

    assert {} == {name: findings for name, findings in found.items() if findings}


@pytest.mark.parametrize(
    ("name", "violation"),
    [
        pytest.param(name, violation, id=f"{name}-{number}")
        for name, seeded in VIOLATIONS.items()
        for number, violation in enumerate(seeded)
    ],
)
def test_a_check_catches_what_is_seeded_for_it(
    name: str, violation: Violation, production: Sequence[Resource]
) -> None:
    check = _NAMED[name]
    catch = check.departures if name in _EXEMPT_EVERYWHERE else check.findings

    found = list(catch(violation.seed(production)))

    assert {(name, Severity.ERROR)} == {(each.rule, each.severity) for each in found}


@pytest.mark.parametrize("each", EXEMPTIONS, ids=lambda each: f"{each.check}-{each.resource}")
def test_an_exemption_is_needed_by_some_stack(each: Exemption, estates: dict[str, Estate]) -> None:
    check = _NAMED[each.check]
    stacks = (estate.examination.result.resources for estate in estates.values())

    assert any(exemption(found) is each for resources in stacks for found in check.departures(resources))


def test_an_exemption_below_production_does_not_reach_production(production: Sequence[Resource]) -> None:
    bare = [each for each in production if each.kind != "network:FlowLog"]

    assert {"hub", "spoke"} == {found.urn.rpartition("::")[2] for found in _NAMED["flow-logs"].findings(bare)}


def test_what_a_wider_rule_holds_is_not_found_twice(production: Sequence[Resource]) -> None:
    held = [check for check in CHECKS if check.is_held]
    (seeded,) = VIOLATIONS["vault-public"]
    open_vault = seeded.seed(production)

    assert len(held) + len(RULES) == len(CHECKS)
    assert [] == [found for rule in RULES for found in rule(open_vault)]


def test_nothing_is_locked_for_good_before_the_code_is_there(production: Sequence[Resource]) -> None:
    unlocked = VIOLATIONS["storage-write-once"][-1].seed(production)
    opened = [_said(each, "open") if not each.parent else each for each in unlocked]

    assert [] == list(_NAMED["storage-write-once"].findings(opened))


def _said(each: Resource, doors: str) -> Resource:
    return Resource(each.urn, each.type, each.name, each.custom, each.inputs, outputs={"publicDoors": doors})
