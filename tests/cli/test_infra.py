from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cli.commands.infra import arguments, command


def test_the_options_reach_the_preview_as_they_were_given() -> None:
    given = {"stack": "dev", "json": Path("a b.json"), "cost": True, "state": None, "config": ("a=1", "b=2")}

    assert ["--stack", "dev", "--json", "a b.json", "--cost", "--config", "a=1", "--config", "b=2"] == arguments(given)


def test_a_preview_without_a_stack_is_wrong_usage() -> None:
    result = CliRunner().invoke(command, ["preview"])

    assert 2 == result.exit_code
    assert "--stack" in result.output
