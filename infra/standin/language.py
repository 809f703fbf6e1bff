"""
A Pulumi language host for Python: runs a program or a policy pack with the interpreter that runs this host.

It does of `pulumi-language-python` what `preview`, `up` and `--policy-pack` need. It installs nothing: the packages
are those of its own interpreter, whatever `virtualenv` the project names.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import distributions, version
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

_ROOT = Path(__file__).parents[2]
_PLUGIN_FILE = "pulumi-plugin.json"


class Language(language_pb2_grpc.LanguageRuntimeServicer):
    """The service `pulumirpc.LanguageRuntime`, for the engine at the given address."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(  # noqa: N802 - the protocol's
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Take note of the engine's address."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802 - the protocol's
        """Say the version of Pulumi's SDK."""
        return plugin_pb2.PluginInfo(version=version("pulumi"))

    def GetRequiredPackages(  # noqa: N802 - the protocol's
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Return the provider of each installed SDK package, in the version that the package asks for."""
        packages = [
            plugin_pb2.PackageDependency(name=name, kind="resource", version=f"v{asked}")
            for name, asked in sorted(providers().items())
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetProgramDependencies(  # noqa: N802 - the protocol's
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """Return the installed distributions."""
        found = sorted({(each.metadata["Name"], each.version) for each in distributions()})
        rows = [language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        return language_pb2.GetProgramDependenciesResponse(dependencies=rows)

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:  # noqa: N802 - the protocol's
        """Say which interpreter runs programs."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def RuntimeOptionsPrompts(  # noqa: N802 - the protocol's
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        """Ask nothing."""
        return language_pb2.RuntimeOptionsResponse()

    def InstallDependencies(  # noqa: N802 - the protocol's
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Install nothing: what is needed is there."""
        return iter(())

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:  # noqa: N802 - the protocol's
        """Run the program to its end; `bail` says that it failed and has said why itself."""
        info = request.info
        environ = {
            **_environ(),
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        place = (request.project, request.stack, request.organization, info.root_directory)
        purpose = "preview" if request.dryRun else "up"
        program = str(Path(info.program_directory, info.entry_point))
        arguments = (request.monitor_address, self._engine, *place, purpose, str(request.parallel), program)
        finished = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "infra.standin.program", *arguments],
            env=environ,
            cwd=request.pwd or info.program_directory,
            check=False,
        )
        return language_pb2.RunResponse(bail=finished.returncode != 0)

    def RunPlugin(  # noqa: N802 - the protocol's
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack until the engine lets go of it; UNIMPLEMENTED for plugins of other kinds."""
        if request.kind != "analyzer":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{request.kind}: only policy packs are run")
        environ = {**dict(each.split("=", 1) for each in request.env), **_environ()}
        folder = request.info.program_directory
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and Pulumi's module
            [sys.executable, "-u", "-m", "pulumi.policy", *request.args, folder],
            env=environ,
            cwd=request.pwd or folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(lambda: _end(process))
        yield from _passed_on(process)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802 - the protocol's
        """Leave a program that runs to the signal that the engine sends it."""
        return empty_pb2.Empty()


def providers() -> dict[str, str]:
    """Return the version of each provider that an installed SDK package asks for, by the provider's name."""
    found = {}
    for distribution in distributions():
        for file in distribution.files or ():
            if file.name == _PLUGIN_FILE:
                said = json.loads(Path(str(file.locate())).read_text(encoding="utf-8"))
                if said.get("resource"):
                    found[said["name"]] = said["version"]
    return found


def _environ() -> Mapping[str, str]:
    # The floors below infra are imported by their full names, from wherever the program lies.
    return {**os.environ, "PYTHONPATH": str(_ROOT)}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


def _passed_on(process: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    said: SimpleQueue[language_pb2.RunPluginResponse | None] = SimpleQueue()

    def read(stream: IO[bytes], answer: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        with stream:
            for line in stream:
                said.put(answer(line))
        said.put(None)

    readers = (
        (process.stdout, lambda line: language_pb2.RunPluginResponse(stdout=line)),
        (process.stderr, lambda line: language_pb2.RunPluginResponse(stderr=line)),
    )
    for reader in readers:
        threading.Thread(target=read, args=reader, daemon=True).start()
    for _ in readers:
        yield from iter(said.get, None)
    yield language_pb2.RunPluginResponse(exitcode=process.wait())
