"""The language host, asked over Pulumi's own protocol, with our own engine's monitor in the real one's place."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, resource_pb2_grpc

from infra.engine.monitor import Monitor
from infra.engine.state import State
from infra.standin.language import Language, providers
from infra.standin.serving import started
from tests.infra.engine.programs import program

POLICY = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

PolicyPack("sample", policies=[
    ResourceValidationPolicy("nothing", "Says nothing.", lambda args, report: None, EnforcementLevel.MANDATORY),
])
"""


class Engine(engine_pb2_grpc.EngineServicer):
    """Keeps what a program says went wrong."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        return empty_pb2.Empty()

    def SetRootResource(  # noqa: N802
        self, request: engine_pb2.SetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.SetRootResourceResponse:
        return engine_pb2.SetRootResourceResponse()


@pytest.fixture
def host() -> Iterator[Any]:
    server, port = started(
        lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Language("127.0.0.1:1"), server)
    )
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel)
    server.stop(None).wait()


def run(host: Any, folder: Path, body: str) -> tuple[Any, Monitor, Engine]:
    """Run a program as an `up`; its setting `corridor:greeting` says hello."""
    written = program(folder, body)
    monitor, engine = Monitor(written.place, State(), {}, dry_run=False), Engine()

    def add(server: grpc.Server) -> None:
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
        engine_pb2_grpc.add_EngineServicer_to_server(engine, server)

    server, port = started(add)
    address = f"127.0.0.1:{port}"
    host.Handshake(language_pb2.LanguageHandshakeRequest(engine_address=address))
    answer = host.Run(
        language_pb2.RunRequest(
            project=written.place.project,
            stack=written.place.stack,
            organization="organization",
            config={"corridor:greeting": "hello"},
            parallel=4,
            monitor_address=address,
            info=language_pb2.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point="."),
        )
    )
    server.stop(None).wait()
    return answer, monitor, engine


def test_a_program_runs_with_its_configuration_and_registers_with_the_engine(host: Any, tmp_path: Path) -> None:
    body = """
    queue("intake")
    pulumi.export("said", pulumi.Config("corridor").require("greeting"))
    """
    answer, monitor, engine = run(host, tmp_path, body)

    assert ("", False, []) == (answer.error, answer.bail, engine.errors)
    assert "hello" == monitor.exports["said"]
    assert ["intake"] == [each.name for each in monitor.resources.values() if each.custom]


def test_a_program_that_fails_says_so_once_with_its_place(host: Any, tmp_path: Path) -> None:
    answer, _, engine = run(host, tmp_path, "raise KeyError('nothing')")

    assert answer.bail
    assert ["KeyError: 'nothing' (__main__.py"] == [each.rpartition(":")[0] for each in engine.errors]


def test_the_providers_are_those_that_the_installed_packages_ask_for(host: Any) -> None:
    answer = host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest())

    assert {"azure-native", "azuread"} <= set(providers())
    assert {name: f"v{version}" for name, version in providers().items()} == {
        each.name: each.version for each in answer.packages
    }


def test_a_host_says_what_it_is_and_asks_and_installs_nothing(host: Any) -> None:
    dependencies = host.GetProgramDependencies(language_pb2.GetProgramDependenciesRequest()).dependencies

    assert version("pulumi") == host.GetPluginInfo(empty_pb2.Empty()).version
    assert host.About(language_pb2.AboutRequest()).version.startswith("3.")
    assert "pulumi" in {each.name for each in dependencies}
    assert not host.RuntimeOptionsPrompts(language_pb2.RuntimeOptionsRequest()).prompts
    assert [] == list(host.InstallDependencies(language_pb2.InstallDependenciesRequest()))
    assert empty_pb2.Empty() == host.Cancel(empty_pb2.Empty())


def test_a_policy_pack_runs_until_the_engine_lets_go_of_it(host: Any, tmp_path: Path) -> None:
    (tmp_path / "PulumiPolicy.yaml").write_text("runtime: python\ndescription: A sample.\n", encoding="utf-8")
    (tmp_path / "__main__.py").write_text(POLICY, encoding="utf-8")
    info = language_pb2.ProgramInfo(root_directory=str(tmp_path), program_directory=str(tmp_path), entry_point=".")
    said = host.RunPlugin(
        language_pb2.RunPluginRequest(kind="analyzer", pwd=str(tmp_path), args=["127.0.0.1:1"], info=info)
    )
    port = next(each.stdout for each in said if each.stdout)
    said.cancel()

    assert port.strip().isdigit()


def test_a_policy_pack_that_fails_ends_with_its_exit_code(host: Any, tmp_path: Path) -> None:
    info = language_pb2.ProgramInfo(program_directory=str(tmp_path / "missing"))
    said = list(
        host.RunPlugin(
            language_pb2.RunPluginRequest(kind="analyzer", pwd=str(tmp_path), args=["127.0.0.1:1"], info=info)
        )
    )

    assert 0 != said[-1].exitcode
    assert any(each.stderr for each in said)


def test_a_plugin_of_another_kind_is_refused(host: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        next(host.RunPlugin(language_pb2.RunPluginRequest(kind="resource")))

    assert grpc.StatusCode.UNIMPLEMENTED == refused.value.code()
