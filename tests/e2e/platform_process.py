"""A platform of one's own: started by the command line, looked at from outside, stopped by a signal."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PORTS_IN_A_ROW = 7

# Should the test run itself be killed, the kernel ends the platform too.
_DIE_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
_COMMAND = (sys.executable, "-m", "cli")


def free_row() -> int:
    """Return the first of seven free ports in a row, below those that the kernel hands out by itself."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
    for _ in range(200):
        first = random.randrange(20000 + worker * 2500, 22500 + worker * 2500 - PORTS_IN_A_ROW)
        if all(is_free(port) for port in range(first, first + PORTS_IN_A_ROW)):
            return first
    raise LookupError("no seven free ports in a row")


def is_free(port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], T], within: float = 30.0, what: str = "it") -> T:
    """Return the condition's first true answer; fail when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what} did not happen within {within:g} s"
        time.sleep(0.1)


def corridor(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line to its end, from a folder that is not the repository."""
    return subprocess.run(
        [*_COMMAND, *map(str, arguments)],
        cwd="/",
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def _environment(more: dict[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}


@dataclass(frozen=True)
class Running:
    """One process of a platform."""

    pid: int
    command: str


class PlatformProcess:
    """`corridor up` on a data folder."""

    def __init__(self, data: Path, temporary: Path) -> None:
        self.data = data
        self.temporary = temporary
        self.port = free_row()
        self.output = data.parent / "up output.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*_DIE_WITH_US, *_COMMAND, "up", "--data", str(self.data), "--port", str(self.port)],
                cwd="/",
                env=_environment({"TMPDIR": str(self.temporary)}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self._is_up, 90, f"the start of the platform in {self.data}")

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"`up` ended: {self.output.read_text()}"
        return "Ctrl-C stops it." in self.output.read_text()

    def stop(self) -> int:
        """Ask it to stop as a service manager would, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(60)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    @property
    def environment(self) -> dict[str, Any]:
        return json.loads((self.data / "environment.json").read_text())

    @property
    def api_url(self) -> str:
        return str(self.environment["api_url"])

    @property
    def destinations_url(self) -> str:
        return str(self.environment["destinations_url"])

    def secret(self, name: str) -> str:
        return (self.data / "principals" / name).read_text().strip()

    def cli(self, command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command against this platform."""
        return corridor(command, "--data", self.data, *arguments)

    def trace(self, any_id: str) -> list[dict[str, Any]]:
        """Return what `corridor trace --json` says of an id."""
        done = self.cli("trace", "--json", any_id)
        assert 0 == done.returncode, done.stderr
        return json.loads(done.stdout)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the ledger, as the operator."""
        with psycopg.connect(self.environment["operator_database_url"], prepare_threshold=None) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def processes(self) -> list[Running]:
        return sorted(processes_of(self.data), key=lambda one: one.pid)

    def process(self, module: str) -> int:
        """Return the process id of the component that runs as this module: of the one that leads its group."""
        (pid,) = [one.pid for one in self.processes() if f"-m {module} " in one.command and _leads(one.pid)]
        return pid


def _leads(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:
        return False


def processes_of(data: Path) -> Iterator[Running]:
    """Yield every process that works in the data folder or names it, the one that starts them all included."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(data) in command or Path(where).is_relative_to(data):
            yield Running(int(entry.name), command)


def loose_modes(data: Path) -> dict[str, str]:
    """Return what in the data folder others than its owner could look into: none may be."""
    found = {}
    for path in (data, *data.rglob("*")):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_IMODE(mode) & 0o077 or stat.S_IMODE(mode) not in (0o600, 0o700):
            found[str(path)] = oct(stat.S_IMODE(mode))
    return found
