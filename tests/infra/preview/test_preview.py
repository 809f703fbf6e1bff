from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.engine.run import up
from infra.preview.__main__ import main
from infra.preview.as_json import as_json
from infra.preview.examination import Examination, examine
from infra.preview.text import as_text
from tests.infra.engine.programs import program
from tests.infra.recording import Estate

_KEYS = {"urn", "type", "name", "custom", "inputs", "parent", "dependencies", "protect", "id"}


def _rules(examination: Examination) -> set[str]:
    return {finding.rule for finding in examination.findings}


def test_the_json_has_one_object_per_registered_resource(estate: Estate) -> None:
    built = estate.examination.result.resources
    objects = as_json(built)

    assert [each.urn for each in built] == [each["urn"] for each in objects]
    assert {frozenset(_KEYS)} == {frozenset(each) for each in objects}
    assert {each["parent"] for each in objects} - {""} <= {each["urn"] for each in objects}
    assert json.loads(json.dumps(objects)) == objects


def test_the_report_names_every_resource_and_counts_them_by_type(estate: Estate) -> None:
    text = as_text(estate.examination)

    assert all(each.name in text for each in estate.examination.plan.resources if each.parent)
    assert max(len(line) for line in text.splitlines()) <= 119
    assert "to create" in text
    assert "Findings: 0 errors" in text


def test_a_resource_registered_inside_an_apply_is_found(tmp_path: Path) -> None:
    hidden = """
    who = managedidentity.UserAssignedIdentity("who", resource_name_="who", resource_group_name="group")
    who.principal_id.apply(lambda it: queue("hidden", it[:8]))
    """

    examination = examine(program(tmp_path, hidden))

    assert "unplanned" in _rules(examination)
    assert not examination.clean


def test_what_is_protected_and_would_go_is_found(tmp_path: Path) -> None:
    guarded = (
        "queue('a', 'before', opts=ResourceOptions(protect=True))\nqueue('b', opts=ResourceOptions(protect=True))"
    )
    state = up(program(tmp_path / "1", guarded)).state

    examination = examine(program(tmp_path / "2", "queue('a', 'after', opts=ResourceOptions(protect=True))"), state)

    texts = [finding.text for finding in examination.findings if finding.rule == "protected"]
    assert ["would be deleted", "would be replaced (queueName"] == [
        wanted
        for wanted in ("would be deleted", "would be replaced (queueName")
        if any(wanted in text for text in texts)
    ]


def test_the_report_says_what_changes_and_why_it_is_a_replacement(tmp_path: Path) -> None:
    state = up(program(tmp_path / "1", "queue('a', 'before')\nqueue('b', max_delivery_count=3)\nqueue('c')")).state
    alias = "opts=ResourceOptions(aliases=[pulumi.Alias(name='c')])"
    edit = f"queue('a', 'after')\nqueue('b', max_delivery_count=4)\nqueue('d', 'c', {alias})"

    text = as_text(examine(program(tmp_path / "2", edit), state))

    assert "± replace servicebus:Queue a\n      queueName cannot be changed in place" in text
    assert "~ update servicebus:Queue b\n      maxDeliveryCount" in text
    assert "same servicebus:Queue d (was servicebus:Queue c)" in text


def test_a_preview_writes_its_files_prints_the_cost_and_is_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--json", str(tmp_path / "all.json"), "--save", str(tmp_path / "state.json")]

    code = main(["--stack", "dev", "--cost", *files])

    printed = capsys.readouterr().out
    assert 0 == code, printed
    assert "in all" in printed
    assert "By flow" in printed
    assert _KEYS == set(json.loads((tmp_path / "all.json").read_text())[0])
    assert {"version", "salt", "resources", "exports"} == set(json.loads((tmp_path / "state.json").read_text()))


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["--stack", "nosuch"], 2, "nosuch: no such stack; there are dev"),
        (["--stack", "dev", "--state", "/nowhere"], 2, "/nowhere: not a state"),
        (["--stack", "dev", "--config", "novalue"], 2, "novalue: write it as NAME=VALUE"),
        (["--stack", "dev", "--config", "databaseSize=M8"], 1, "corridor: corridor:databaseSize: set it to"),
    ],
)
def test_what_cannot_be_previewed_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, complaint: str
) -> None:
    assert code == main(arguments)

    said = capsys.readouterr()
    assert complaint in said.err
    assert 1 == len(said.err.splitlines())
    assert "" == said.out
