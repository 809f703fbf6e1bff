from __future__ import annotations

from pathlib import Path

import pytest

from infra.engine.run import up
from infra.engine.stacks import program_of
from tests.infra.recording import Stack, as_stack

_PROGRAM = """
import pulumi
from infra.components.diagnostics import observe

parent = pulumi.ComponentResource("corridor:components:Sample", "parent")
observe("watched", "/watched/id", "/workspace/id", parent, logs=("audit",))
observe("unwatched", "/unwatched/id", None, parent)
observe("silent", "/silent/id", "/workspace/id", parent, metrics=False)
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("project")
    _write(folder, {"Pulumi.yaml": "name: sample\nruntime: python\n", "Pulumi.dev.yaml": "config: {}\n"})
    _write(folder, {"__main__.py": _PROGRAM})
    return as_stack(up(program_of("dev", folder=folder)))


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_a_resources_logs_and_metrics_go_to_the_workspace(sample: Stack) -> None:
    setting = sample.of("monitor:DiagnosticSetting")["watched-diagnostics"]["inputs"]

    assert (setting["resourceUri"], setting["workspaceId"]) == ("/watched/id", "/workspace/id")
    assert [("audit", True)] == [(log["categoryGroup"], log["enabled"]) for log in setting["logs"]]
    assert [("AllMetrics", True)] == [(metric["category"], metric["enabled"]) for metric in setting["metrics"]]


def test_without_a_workspace_nothing_is_sent_anywhere(sample: Stack) -> None:
    assert {"watched-diagnostics", "silent-diagnostics"} == set(sample.of("monitor:DiagnosticSetting"))


def test_what_has_no_metrics_sends_its_logs_alone(sample: Stack) -> None:
    setting = sample.of("monitor:DiagnosticSetting")["silent-diagnostics"]["inputs"]

    assert "metrics" not in setting
    assert ["allLogs"] == [log["categoryGroup"] for log in setting["logs"]]
