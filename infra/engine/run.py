"""
A stand-in for the Pulumi engine: runs a program over Pulumi's own protocol, without Azure and without the CLI.

A preview answers with unknowns for what does not exist yet; an `up` answers with ids and outputs in the shape
of the real ones. What differs from the real engine: transforms, hooks and remote components are refused,
provider defaults are not merged, and which property forces a replacement is known for names, places and the
few in `steps.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, resource_pb2_grpc

from infra.engine.monitor import Monitor
from infra.engine.resources import Place, Resource
from infra.engine.state import State
from infra.engine.steps import Step, steps_for_missing

_ROOT = Path(__file__).parents[2]
_SECONDS = 300


class ProgramError(Exception):
    """The program did not come to its end; the message is one line that says why."""


@dataclass(frozen=True)
class Program:
    """A program's folder, the stack it runs for, and that stack's configuration."""

    folder: Path
    place: Place
    config: Mapping[str, str]
    references: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """What one run registered, in the order of URNs, and what an `up` would do or has done."""

    place: Place
    resources: tuple[Resource, ...]
    steps: tuple[Step, ...]
    exports: Mapping[str, Any]
    state: State


def preview(program: Program, prior: State | None = None) -> Run:
    """Return what an `up` from the state `prior` would do; ProgramError if the program fails."""
    return _run(program, prior or State(), dry_run=True)


def up(program: Program, prior: State | None = None) -> Run:
    """Return what an `up` from the state `prior` does, with the state that it leaves; nothing is changed."""
    return _run(program, prior or State(), dry_run=False)


class _Engine(engine_pb2_grpc.EngineServicer):
    """Keeps the root resource and the program's error messages."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._root = ""

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802 - the protocol's
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message.strip().splitlines()[-1] if request.message.strip() else "")
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: grpc.ServicerContext) -> engine_pb2.GetRootResourceResponse:  # noqa: N802 - the protocol's
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(  # noqa: N802 - the protocol's
        self, request: engine_pb2.SetRootResourceRequest, context: grpc.ServicerContext
    ) -> engine_pb2.SetRootResourceResponse:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()


def _run(program: Program, prior: State, *, dry_run: bool) -> Run:
    monitor = Monitor(program.place, prior, program.references, dry_run=dry_run)
    engine = _Engine()
    with _served(monitor, engine) as address:
        finished = _execute(program, address, "preview" if dry_run else "up")
    said = [line for line in finished.stderr.splitlines() if line.strip()]
    if finished.returncode or monitor.errors or engine.errors:
        raise ProgramError((monitor.errors or said[-1:] or engine.errors or ["the program ended without a word"])[0])
    resources = tuple(monitor.resources[urn] for urn in sorted(monitor.resources))
    steps = [monitor.steps[urn] for urn in sorted(monitor.steps)]
    steps += steps_for_missing(steps, prior)
    state = prior if dry_run else prior.after(resources, monitor.exports)
    return Run(program.place, resources, tuple(steps), monitor.exports, state)


@contextmanager
def _served(monitor: Monitor, engine: _Engine) -> Iterator[str]:
    # As many threads as the program has calls under way: a call that waited for one would look like a hang.
    server = grpc.server(futures.ThreadPoolExecutor(64))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(monitor, server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def _execute(program: Program, address: str, purpose: str) -> subprocess.CompletedProcess[str]:
    place = program.place
    environ = {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "PULUMI_CONFIG": json.dumps(dict(program.config)),
        "PULUMI_CONFIG_SECRET_KEYS": "[]",
    }
    arguments = (address, place.project, place.stack, purpose, str(program.folder))
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "infra.engine.program", *arguments],
            env=environ,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"the program did not end within {_SECONDS} s") from error
