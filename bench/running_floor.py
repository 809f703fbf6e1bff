"""The floor beside a running platform: with a bus of its own, on the platform's database and destination."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.floor import QUEUE
from local.certificates import ensure_authority
from local.platform.programs import ROOT
from local.platform.running import Platform
from local.private_files import private_directory, write_private
from local.supervisor.component import Component
from local.supervisor.ports import free_ports_in_a_row
from local.supervisor.supervisor import Supervisor

_ENTITIES = {"UserConfig": {"Namespaces": [{"Name": "floor", "Queues": [{"Name": QUEUE, "Properties": {}}]}]}}


@dataclass(frozen=True, slots=True)
class RunningFloor:
    """Where it listens, and the processes that it consists of."""

    url: str
    supervisor: Supervisor

    def pids(self) -> dict[str, int]:
        """Return the process of each of its programs."""
        return {one.name: one.pid for one in self.supervisor.snapshot() if one.pid is not None}


@contextmanager
def running_floor(platform: Platform, superuser_url: str) -> Iterator[RunningFloor]:
    """Start the floor, yield, stop it."""
    bus_port = free_ports_in_a_row(2)
    folder = private_directory(platform.layout.data / "floor")
    write_private(folder / "Config.json", json.dumps(_ENTITIES).encode())
    components = [_bus(platform, folder, bus_port), _program(platform, folder, bus_port, superuser_url)]
    with Supervisor(folder, components, purpose="the floor") as supervisor:
        yield RunningFloor(f"http://localhost:{bus_port + 1}", supervisor)


def _bus(platform: Platform, folder: Path, port: int) -> Component:
    authority = ensure_authority(platform.layout.folder("certificates"))
    certificate, key = authority.issue("service-bus")
    arguments = (
        "local.service_bus", "--config", str(folder / "Config.json"), "--store", str(folder / "messages.sqlite"),
        "--port", str(port), "--certificate", str(certificate), "--key", str(key),
    )  # fmt: skip
    return _component("service-bus", folder, arguments)


def _program(platform: Platform, folder: Path, bus_port: int, superuser_url: str) -> Component:
    layout = platform.layout
    arguments = (
        "bench.floor", "--port", str(bus_port + 1), "--bus-port", str(bus_port),
        "--database", superuser_url, "--destination", layout.webhook_url,
        "--ca-file", str(ensure_authority(layout.folder("certificates")).ca_file),
        "--secret-file", str(layout.folder("principals") / "insight-portal-webhook-secret"),
    )  # fmt: skip
    return _component("floor", folder, arguments, after=("service-bus",))


def _component(name: str, folder: Path, arguments: tuple[str, ...], after: tuple[str, ...] = ()) -> Component:
    return Component(
        name=name,
        argv=(sys.executable, "-m", *arguments),
        log_file=folder / f"{name}.log",
        env={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        cwd=folder,
        after=after,
    )
