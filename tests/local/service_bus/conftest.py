"""A broker as a subprocess, and clients of the official SDK for it."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# The SDK leaves its sockets open when its broker dies or refuses it; such tests ignore it, and nothing else.
SDK_LEAVES_SOCKETS_OPEN = [
    pytest.mark.usefixtures("sockets_that_the_sdk_left_open"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
REPOSITORY = Path(__file__).parents[3]


def namespace(queues: dict[str, dict[str, object]], topics: list[dict[str, object]] | None = None) -> dict[str, Any]:
    """Return a Config.json with queues by name and topics as they stand in the file."""
    declared = [{"Name": name, "Properties": properties} for name, properties in queues.items()]
    return {"UserConfig": {"Namespaces": [{"Name": "test", "Queues": declared, "Topics": topics or []}]}}


class BrokerProcess:
    """The stand-in as a program; it may be killed and started again on the same store."""

    def __init__(self, directory: Path, config: object, *options: str) -> None:
        self.store = directory / "bus.sqlite"
        self.log = directory / "broker.log"
        self._config = directory / "Config.json"
        self._config.write_text(json.dumps(config))
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run to its end, for starts that are refused."""
        return subprocess.run(self._command(*options), capture_output=True, text=True, timeout=10, cwd=REPOSITORY)

    def start(self) -> BrokerProcess:
        with self.log.open("ab") as log:
            command = self._command("--port", str(self.port), *self._options)
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd=REPOSITORY)
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], 10)
        line = self._process.stdout.readline().decode() if readable else ""
        assert line.startswith("ready service-bus "), self.log.read_text()
        self.port = int(line.split()[-1])
        return self

    def kill(self) -> None:
        """Kill it as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop; return its exit code."""
        return self._end(number)

    @property
    def connection_string(self) -> str:
        return (
            f"Endpoint=sb://localhost:{self.port};SharedAccessKeyName=any;SharedAccessKey=any;"
            "UseDevelopmentEmulator=true;"
        )

    def _command(self, *options: str) -> list[str]:
        program = [sys.executable, "-m", "local.service_bus"]
        return [*program, "--config", str(self._config), "--store", str(self.store), *options]

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(number)
        code = process.wait(20)
        assert process.stdout is not None
        process.stdout.close()
        return code


@pytest.fixture
def sockets_that_the_sdk_left_open() -> Iterator[None]:
    """Collect them with their test, so that they fail no other."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def broker_of(tmp_path: Path) -> Iterator[Callable[..., BrokerProcess]]:
    """Make brokers of a configuration; they end with the test."""
    made: list[BrokerProcess] = []

    def make(config: object, *options: str) -> BrokerProcess:
        directory = tmp_path / f"broker-{len(made)}"
        directory.mkdir()
        made.append(BrokerProcess(directory, config, *options))
        return made[-1]

    yield make
    for broker in made:
        broker.kill()


@pytest.fixture(scope="module")
def contract_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[object], str]]:
    """Return the connection string of a namespace with a configuration: Azure's where the environment names one."""
    made: list[BrokerProcess] = []

    def connect(config: object) -> str:
        azure = os.environ.get("CORRIDOR_TEST_SERVICE_BUS")
        if azure:
            return azure
        made.append(BrokerProcess(tmp_path_factory.mktemp("bus"), config).start())
        return made[-1].connection_string

    yield connect
    for broker in made:
        assert broker.stop() == 0


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until a condition holds; fail after ten seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "it did not happen within ten seconds"
            time.sleep(0.02)

    return wait
