from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.engine.run import ProgramError, Run, preview, up
from infra.engine.state import State, read_state, write_state
from infra.engine.steps import Change
from infra.engine.wire import UNKNOWN, Secret
from infra.preview.as_json import as_json
from tests.infra.engine.programs import program


def _fates(run: Run) -> dict[str, Change]:
    return {step.urn.rpartition("::")[2]: step.change for step in run.steps if "servicebus" in step.urn}


def test_a_preview_answers_with_unknowns_and_an_up_with_ids(tmp_path: Path) -> None:
    written = program(
        tmp_path,
        """
        who = managedidentity.UserAssignedIdentity("who", resource_name_="who", resource_group_name="group")
        queue("told", user_metadata=who.principal_id)
        """,
    )

    planned, built = preview(written), up(written)

    before, after = (next(each for each in run.resources if each.name == "told") for run in (planned, built))
    assert (UNKNOWN, "") == (before.inputs["userMetadata"], before.id)
    assert 36 == len(after.inputs["userMetadata"])
    assert after.id.endswith("/resourceGroups/group/providers/Microsoft.ServiceBus/namespaces/bus/queues/told")


def test_a_stack_in_its_state_is_the_same_and_an_edit_is_what_it_is(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "queue('kept')\nqueue('edited', max_delivery_count=3)\nqueue('gone')")).state

    edited = preview(
        program(tmp_path / "2", "queue('kept')\nqueue('edited', max_delivery_count=4)\nqueue('new')"), state
    )

    assert {
        "kept": Change.SAME,
        "edited": Change.UPDATE,
        "new": Change.CREATE,
        "gone": Change.DELETE,
    } == _fates(edited)
    assert [("maxDeliveryCount",)] == [step.paths for step in edited.steps if step.change is Change.UPDATE]


def test_another_name_in_azure_is_a_replacement(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "queue('a', 'before')")).state

    renamed = preview(program(tmp_path / "2", "queue('a', 'after')"), state)

    assert {"a": Change.REPLACE} == _fates(renamed)
    assert [("queueName",)] == [step.fixed for step in renamed.steps if step.fixed]


def test_a_flow_that_is_renamed_loses_its_queue_unless_an_alias_keeps_it(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "queue('old-process', 'fixed')")).state
    alias = "ResourceOptions(aliases=[pulumi.Alias(name='old-process')])"

    bare = preview(program(tmp_path / "2", "queue('new-process', 'fixed')"), state)
    kept = preview(program(tmp_path / "3", f"queue('new-process', 'fixed', {alias})"), state)

    assert {"new-process": Change.CREATE, "old-process": Change.DELETE} == _fates(bare)
    assert {"new-process": Change.SAME} == _fates(kept)


def test_a_component_that_is_renamed_by_an_alias_takes_its_children_with_it(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "Room('old')")).state

    renamed = preview(
        program(tmp_path / "2", "Room('new', opts=ResourceOptions(aliases=[pulumi.Alias(name='old')]))"), state
    )

    assert {"new-queue": Change.SAME} == _fates(renamed)
    assert [] == [step for step in renamed.steps if step.change is Change.DELETE]


def test_what_the_program_ignores_is_no_change_and_what_it_retains_is_left_to_azure(tmp_path: Path) -> None:
    ignoring = "ResourceOptions(ignore_changes=['maxDeliveryCount'])"
    retained = "queue('b', opts=ResourceOptions(retain_on_delete=True))"
    first = program(tmp_path / "1", f"queue('a', opts={ignoring}, max_delivery_count=3)\n{retained}")
    state = up(first).state

    later = preview(program(tmp_path / "2", f"queue('a', opts={ignoring}, max_delivery_count=9)"), state)

    assert {"a": Change.SAME, "b": Change.FORGET} == _fates(later)


def test_a_protected_resource_is_known_as_guarded(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "queue('a', opts=ResourceOptions(protect=True))")).state

    gone = preview(program(tmp_path / "2", ""), state)

    assert [True] == [step.guarded for step in gone.steps if step.change is Change.DELETE]


def test_one_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"servicebus:Queue a: registered twice"):
        preview(program(tmp_path, "queue('a')\nqueue('a')"))


def test_a_wrong_dial_is_one_line_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as refused:
        preview(program(tmp_path, "raise ValueError('corridor:size: set it to 1 or 2')"))

    assert "corridor:size: set it to 1 or 2" == str(refused.value)


def test_a_missing_dial_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"Missing required configuration variable 'corridor:size'"):
        preview(program(tmp_path, "pulumi.Config().require('size')"))


def test_a_mistake_in_the_program_is_one_line_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"^ZeroDivisionError: division by zero \(__main__\.py:\d+\)$"):
        preview(program(tmp_path, "1 / 0"))


def test_a_question_that_only_azure_can_answer_is_refused(tmp_path: Path) -> None:
    asks = """
    from pulumi_azure_native import storage
    storage.list_storage_account_keys(account_name="a", resource_group_name="b")
    """

    with pytest.raises(ProgramError, match=r"listStorageAccountKeys: the program asks Azure for something"):
        preview(program(tmp_path, asks))


def test_a_secret_is_passed_on_and_neither_shown_nor_kept(tmp_path: Path) -> None:
    written = program(tmp_path / "1", "queue('a', user_metadata=pulumi.Output.secret('correct horse'))")

    built = up(written)
    write_state(built.state, tmp_path / "state.json")

    assert Secret("correct horse") == next(each for each in built.resources if each.name == "a").inputs["userMetadata"]
    assert "[secret]" in json.dumps(as_json(built.resources))
    for text in (json.dumps(as_json(built.resources)), (tmp_path / "state.json").read_text(), repr(built)):
        assert "correct horse" not in text
    assert {"a": Change.SAME} == _fates(preview(written, read_state(tmp_path / "state.json")))


def test_another_secret_is_a_change(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "queue('a', user_metadata=pulumi.Output.secret('one'))")).state

    changed = preview(program(tmp_path / "2", "queue('a', user_metadata=pulumi.Output.secret('two'))"), state)

    assert {"a": Change.UPDATE} == _fates(changed)


def test_what_another_stack_exports_comes_from_its_state(tmp_path: Path) -> None:
    reads = "other = pulumi.StackReference('organization/hub/dev')\nqueue('a', user_metadata=other.get_output('zone'))"
    hub = State(exports={"zone": "private.example"})

    built = up(program(tmp_path, reads, references={"organization/hub/dev": hub}))

    assert ["private.example"] == [each.inputs["userMetadata"] for each in built.resources if each.name == "a"]
    with pytest.raises(ProgramError, match="organization/hub/dev: the program refers to a stack whose state"):
        preview(program(tmp_path, reads))


def test_the_stack_exports_what_the_program_says(tmp_path: Path) -> None:
    assert {"answer": 42} == up(program(tmp_path, "pulumi.export('answer', 42)")).exports
