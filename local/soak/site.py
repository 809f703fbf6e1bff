"""A platform that is made to suffer: its processes, its lines, its destinations' switchboard."""

from __future__ import annotations

import json
import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from bench.processes import family
from local.platform.layout import Layout, Variation
from local.platform.programs import ROOT
from local.soak.lines import HOST, Lines
from local.soak.partners import PLAIN_SETTINGS
from local.soak.privacy import Leaks
from local.supervisor.component import State, Status

if TYPE_CHECKING:
    from local.platform.running import Platform

API, LEDGER, BUS, DESTINATIONS = "api", "ledger", "bus", "destinations"
HOST_PROGRAM, BUS_PROGRAM, LEDGER_PROGRAM, DESTINATION_PROGRAM = (
    "functions-host",
    "service-bus",
    "postgres",
    "destinations",
)
LEASE_SECONDS = 6
_RECOVERY_SECONDS = 30.0
_SKEW = "skew"


def variation(layout: Layout, lines: Lines, partners: Path) -> Variation:
    """Return in what the platform of a soak differs: its lines, its partners, a short lease, a clock that jumps."""
    usual_database = "postgresql://corridor_app@{}:{}/corridor"
    destinations = f"http://localhost:{lines[DESTINATIONS].port}"
    return Variation(
        partners=partners,
        arrivals=True,
        settings={
            "CORRIDOR_DATABASE_URL": usual_database.format(HOST, lines[LEDGER].port),
            "SERVICE_BUS__fullyQualifiedNamespace": f"localhost:{lines[BUS].port}",
            "HARBOR_EHR_URL": f"{destinations}/fhir",
            "INSIGHT_PORTAL_URL": f"{destinations}/webhook",
            "HARBOR_BEDS_URL": f"{destinations}/hl7v2",
            PLAIN_SETTINGS[0]: f"{destinations}/plain",
            PLAIN_SETTINGS[1]: layout.token_url,
            "CORRIDOR_LEASE_SECONDS": str(LEASE_SECONDS),
            "PYTHONPATH": os.pathsep.join((str(Path(__file__).parent / "skewed_clock"), str(ROOT))),
            "SKEW_FILE": str(layout.data / _SKEW),
        },
    )


@dataclass(frozen=True, slots=True)
class Site:
    """What a fault needs to strike. Every process that it touches is one of this platform's own."""

    platform: Platform
    lines: Lines
    leaks: Leaks

    def kill(self, program: str) -> str:
        """End a program by SIGKILL, with all that it started, and return once it serves again."""
        status = self._status(program)
        if status.pid is None:
            return f"{program} was down already"
        with suppress(ProcessLookupError):
            os.killpg(status.pid, signal.SIGKILL)
        began = time.monotonic()
        while time.monotonic() - began < _RECOVERY_SECONDS:
            now = self._status(program)
            if now.state is State.READY and now.restarts > status.restarts:
                return f"{program} was away for {time.monotonic() - began:.1f} s"
            time.sleep(0.05)
        return f"{program} did not come back within {_RECOVERY_SECONDS:g} s"

    def stop(self, program: str, seconds: float) -> str:
        """Let a program stand still (SIGSTOP) for so long, with all that it started."""
        pid = self._status(program).pid
        if pid is None:
            return f"{program} was down already"
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.killpg(pid, signal.SIGCONT)
        return f"{program} stood still for {seconds:g} s"

    def fill_disk(self, program: str, seconds: float) -> str:
        """Let every write of a program to a file fail for so long, as on a full disk; its connections go on."""
        pid = self._status(program).pid
        if pid is None:
            return f"{program} was down already"
        with suppress(ProcessLookupError):
            soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            _limit_files(pid, (1, hard))
            time.sleep(seconds)
            _limit_files(pid, (soft, hard))
        return f"{program} could write no file for {seconds:g} s"

    def skew(self, seconds: float, lasting: float) -> str:
        """Let the host's clock be wrong by `seconds`, then right again."""
        file = self.platform.layout.data / _SKEW
        file.write_text(str(seconds), encoding="ascii")
        time.sleep(lasting)
        file.unlink()
        return f"the host's clock was {seconds:+g} s off for {lasting:g} s"

    def order(self, mode: str, seconds: float, delay: float = 2.0) -> str:
        """Let every destination that speaks HTTP misbehave for so long."""
        order = {"mode": mode, "for_seconds": seconds, "delay": delay}
        url = f"{self.platform.environment['destinations_url']}/admin/faults"
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while True:
            try:
                httpx.post(url, json=order, timeout=5, trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:  # it has just been killed
                if time.monotonic() > deadline:
                    return "the destinations took no order"
                time.sleep(0.2)
        time.sleep(seconds)
        return f"every destination: {mode} for {seconds:g} s"

    def lose_bus_store(self) -> str:
        """Delete everything that the bus keeps, and kill it before it can write again."""
        folder = self.platform.layout.folder("service-bus")
        self.leaks.look_into(folder)  # what is deleted can betray nobody later
        for file in folder.glob("messages.sqlite*"):
            file.unlink(missing_ok=True)
        return f"store deleted, {self.kill(BUS_PROGRAM)}"

    def shorten_locks(self, seconds: int) -> str:
        """Let the bus come back with locks that last so short, for everything that it holds."""
        file = self.platform.layout.folder("service-bus") / "Config.json"
        config = json.loads(file.read_bytes())
        for entity in _lockable(config):
            entity["Properties"]["LockDuration"] = f"PT{seconds}S"
        file.write_text(json.dumps(config, indent=2), encoding="utf-8")
        return f"locks of {seconds} s, {self.kill(BUS_PROGRAM)}"

    def _status(self, program: str) -> Status:
        return next(one for one in self.platform.supervisor.snapshot() if one.name == program)


def _lockable(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for namespace in config["UserConfig"]["Namespaces"]:
        yield from namespace["Queues"]
        for topic in namespace["Topics"]:
            yield from topic["Subscriptions"]


def _limit_files(root: int, limit: tuple[int, int]) -> None:
    """Set how large the files may become that a process, or what it started, writes."""
    for pid in family(root):
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
