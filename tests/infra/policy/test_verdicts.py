"""Our verdicts on Azure's built-in policies hold for every stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.checks_page import render_page
from infra.policy.azure_policies import Outcome, outcome, read
from infra.policy.estate import Estate as PolicyEstate
from infra.policy.verdicts import VERDICTS, Verdict
from infra.schema.verdict import as_arm, authorities
from tests.infra.recording import AZURE_TYPES, Estate

_ROOT = Path(__file__).parents[3]
_DEFINITIONS = _ROOT.parent / "shared" / "azure-policy" / "azure-policy-subset.json"
_BY_ID = {verdict.id: verdict for verdict in VERDICTS}


def test_a_policy_that_is_not_enforced_has_its_reason() -> None:
    assert [] == [each.id for each in VERDICTS if bool(each.reason) is (each.outcome is Outcome.ENFORCED)]
    assert len(_BY_ID) == len(VERDICTS)
    assert [] == [each.id for each in VERDICTS if not each.about]


@pytest.mark.skipif(not _DEFINITIONS.exists(), reason="needs ../shared/azure-policy beside the checkout")
def test_every_verdict_is_what_the_stacks_come_to(estates: dict[str, Estate]) -> None:
    wanted = authorities(AZURE_TYPES if AZURE_TYPES.exists() else None)
    stacks = [PolicyEstate(as_arm(each.examination.result.resources, wanted)) for each in estates.values()]
    asked = [
        replace(policy, parameters={**policy.parameters, **_BY_ID[policy.id].parameters})
        for policy in read(_DEFINITIONS)
    ]

    found = {policy.id: outcome(policy, stacks) for policy in asked}

    assert _BY_ID.keys() == found.keys()
    assert {} == {each.id: found[each.id] for each in VERDICTS if not each.agrees_with(found[each.id])}


def test_where_flows_decide_a_policy_may_be_enforced_too() -> None:
    decided = Verdict("id", Outcome.EXEMPT, "doors", "the exception", when="a flow hears facts")
    exempt = Verdict("id", Outcome.EXEMPT, "doors", "always")

    assert decided.agrees_with(Outcome.EXEMPT)
    assert decided.agrees_with(Outcome.ENFORCED)
    assert not decided.agrees_with(Outcome.NOT_EVALUABLE)
    assert not exempt.agrees_with(Outcome.ENFORCED)


def test_the_page_of_checks_is_made_from_the_checks() -> None:
    page = (_ROOT / "docs/infra-checks.md").read_text(encoding="utf-8")

    assert render_page() == page
