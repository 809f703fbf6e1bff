from __future__ import annotations

from pathlib import Path

import pytest

from infra.engine.stacks import UnknownStackError, program_of, stack_names


def _project(folder: Path, config: str) -> Path:
    (folder / "Pulumi.yaml").write_text("name: corridor\n")
    (folder / "Pulumi.dev.yaml").write_text(config)
    return folder


def test_a_stacks_configuration_is_what_pulumi_would_hand_to_the_program(tmp_path: Path) -> None:
    named = "'corridor:size': 2, 'corridor:on': true, short: a, 'azure-native:location': x, 'corridor:of': {a: 1}"
    text = f"config: {{{named}}}"

    program = program_of("dev", {"size": "3"}, folder=_project(tmp_path, text))

    assert {
        "corridor:size": "3",
        "corridor:on": "true",
        "corridor:short": "a",
        "azure-native:location": "x",
        "corridor:of": '{"a": 1}',
    } == program.config


def test_a_stack_without_a_file_is_answered_with_those_that_have_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownStackError, match="nosuch: no such stack; there are dev"):
        program_of("nosuch", folder=_project(tmp_path, ""))


def test_an_encrypted_value_is_refused_because_a_stack_file_holds_no_secret(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Pulumi\.dev\.yaml: corridor:key is encrypted"):
        program_of("dev", folder=_project(tmp_path, "config:\n  corridor:key:\n    secure: v1:abc\n"))


def test_production_is_among_the_stacks() -> None:
    assert {"dev", "prod"} <= set(stack_names())
