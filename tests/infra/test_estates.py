from __future__ import annotations

from collections import Counter

import pytest

from infra.engine.run import preview
from infra.engine.stacks import program_of
from infra.engine.steps import Change
from infra.engine.wire import UNKNOWN, leaves
from infra.rules import Finding, Severity
from infra.schema.arm_types import arm_type
from tests.infra.recording import AZURE_TYPES, Estate


def _of(estate: Estate, prefix: str) -> list[Finding]:
    return [finding for finding in estate.examination.findings if finding.rule.startswith(prefix)]


def test_a_first_preview_creates_everything_and_says_what_it_cannot_know(estate: Estate) -> None:
    plan = estate.examination.plan

    assert {Change.CREATE} == {step.change for step in plan.steps}
    assert any(leaf == UNKNOWN for each in plan.resources for _, leaf in leaves(dict(each.inputs)))


def test_a_preview_shows_every_resource_that_an_up_registers(estate: Estate) -> None:
    planned, built = estate.examination.plan.resources, estate.examination.result.resources

    assert {each.urn for each in planned} == {each.urn for each in built}


def test_after_an_up_nothing_is_unknown_and_everything_has_an_id(estate: Estate) -> None:
    built = estate.examination.result.resources

    assert [] == [(each.urn, p) for each in built for p, leaf in leaves(dict(each.inputs)) if leaf == UNKNOWN]
    assert [] == [each.urn for each in built if each.custom and not each.id]


def test_a_second_preview_changes_nothing(estate: Estate) -> None:
    assert [] == [step for step in estate.again.steps if step.change is not Change.SAME]


def test_no_resource_departs_from_azures_schemas(estate: Estate) -> None:
    assert [] == [f for f in _of(estate, "schema-") if f.severity is not Severity.NOTE]


def test_every_type_is_listed_with_its_path_in_azure(estate: Estate) -> None:
    ours = {each.type for each in estate.examination.result.resources if each.type.startswith("azure-native:")}

    assert set() == {token for token in ours if arm_type(token) is None}


@pytest.mark.skipif(not AZURE_TYPES.exists(), reason="needs ../shared/azure-types beside the checkout")
def test_every_resource_is_checked_where_azures_types_are_at_hand(estate: Estate) -> None:
    schema = estate.examination.schema

    assert [] == [note.text for note in schema.findings if note.rule == "schema-unchecked"]
    assert 0 == schema.unchecked


def test_no_rule_finds_an_error(estate: Estate) -> None:
    assert [] == [finding for finding in estate.examination.findings if finding.severity is Severity.ERROR]


def test_an_edited_dial_changes_what_it_is_for_and_nothing_else(estates: dict[str, Estate]) -> None:
    state = estates["dev"].examination.result.state

    edited = preview(program_of("dev", {"maximumInstances": "60"}), state)

    changed = [step for step in edited.steps if step.change is not Change.SAME]
    assert {Change.UPDATE} == {step.change for step in changed}
    assert {"functionAppConfig.scaleAndConcurrency.maximumInstanceCount"} == {p for s in changed for p in s.paths}


def test_another_prefix_is_a_replacement_and_prod_refuses_it(estates: dict[str, Estate]) -> None:
    state = estates["prod"].examination.result.state

    moved = preview(program_of("prod", {"prefix": "moved"}), state)

    fates = Counter(step.change for step in moved.steps if step.guarded)
    assert fates[Change.REPLACE] > 0
    assert {"serverName"} <= {path for step in moved.steps for path in step.fixed}
