"""The plugins as the command line starts them, and the real command line where this machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from infra.standin.__main__ import install, main
from infra.standin.language import providers
from tests.infra.engine.programs import program

PULUMI = shutil.which("pulumi")
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def test_each_plugin_lies_where_the_command_line_looks_for_it(tmp_path: Path) -> None:
    written = install(tmp_path)

    assert f"resource-azuread-v{providers()['azuread']}/pulumi-resource-azuread" in {
        f"{file.parent.name}/{file.name}" for file in written
    }
    assert {"pulumi-language-python", "pulumi-resource-azure-native", "pulumi-resource-azuread"} <= {
        file.name for file in written
    }
    assert all(os.access(file, os.X_OK) for file in written)


def test_a_plugin_says_its_port_and_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    plugin = next(file for file in install(tmp_path) if file.name == "pulumi-resource-azuread")
    command = ["/bin/sh", "-c", '"$0" 127.0.0.1:1 & read -r _', str(plugin)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        port = engine.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = provider_pb2_grpc.ResourceProviderStub(channel).GetPluginInfo(empty_pb2.Empty())
        said, _ = engine.communicate("\n", timeout=30)  # the pipe closes when the plugin, too, is gone

    assert (providers()["azuread"], "") == (info.version, said)


def test_a_language_host_started_by_hand_without_a_word_is_told_how_to_start_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert 2 == main([])
    assert "infra.standin install HOME" in capsys.readouterr().err


@pytest.fixture
def pulumi(tmp_path: Path) -> Command:
    """The real command line with our plugins, its state in a folder of the test."""
    if PULUMI is None:
        pytest.skip("no pulumi on the PATH; docs/infra-preview.md says how the real command line is run")
    main(["install", str(tmp_path / "home")])
    (tmp_path / "state").mkdir()
    (tmp_path / "program").mkdir()
    environ = {
        **os.environ,
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "nothing secret",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [PULUMI, "--non-interactive", "--color", "never", *arguments]
        return subprocess.run(
            command, cwd=tmp_path / "program", env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def test_the_real_engine_builds_a_program_and_then_finds_nothing_to_change(pulumi: Command, tmp_path: Path) -> None:
    program(tmp_path / "program", "pulumi.export('id', queue('intake').id)")
    (tmp_path / "program" / "Pulumi.yaml").write_text("name: corridor\nruntime: python\n", encoding="utf-8")

    steps = [
        pulumi("stack", "init", "dev"),
        pulumi("preview"),
        pulumi("up", "--yes", "--skip-preview"),
        pulumi("preview", "--expect-no-changes"),
    ]
    exported = pulumi("stack", "output", "id")

    assert [0, 0, 0, 0] == [each.returncode for each in steps], [each.stdout + each.stderr for each in steps]
    assert exported.stdout.strip().endswith("/providers/Microsoft.ServiceBus/namespaces/bus/queues/intake")


def test_the_real_engine_stops_at_what_azures_schema_does_not_allow(pulumi: Command, tmp_path: Path) -> None:
    program(tmp_path / "program", "queue('intake', max_delivery_count='ten')")
    (tmp_path / "program" / "Pulumi.yaml").write_text("name: corridor\nruntime: python\n", encoding="utf-8")

    pulumi("stack", "init", "dev")
    refused = pulumi("preview")

    assert 0 != refused.returncode
    assert "schema-type" in refused.stdout + refused.stderr
