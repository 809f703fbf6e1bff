"""Azurite, Microsoft's blob storage emulator: installed once from its lock, run for a session."""

from __future__ import annotations

import fcntl
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from azure.storage.blob import ContainerClient

from local.supervisor.ports import free_port

ROOT = Path(__file__).parents[3]
LOCKED = ROOT / "requirements" / "azurite"
INSTALLED = ROOT / ".corridor" / "env" / "azurite"
# The one account that every Azurite has; Microsoft publishes its key, and it opens nothing else.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def connection_string(port: int) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};"
    )


def container(port: int, name: str) -> ContainerClient:
    return ContainerClient.from_connection_string(connection_string(port), name)


def installed() -> Path:
    """Return the program's script, installing it when the lock has changed; skips where there is no Node 20."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Azurite needs Node.js 20 or later with npm: the Azure archive is not tested here")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < 20:
        pytest.skip(f"Azurite needs Node.js 20 or later, this is {version}: the Azure archive is not tested here")
    digest = sha256((LOCKED / "package-lock.json").read_bytes()).hexdigest()
    stamp = INSTALLED / "installed"
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != digest:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(LOCKED / file, INSTALLED / file)
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, done.stderr
            stamp.write_text(digest)
    return INSTALLED / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Yield the port of an Azurite that keeps its blobs below `folder`."""
    script, port = installed(), free_port()
    options = ["--blobPort", str(port), "--location", str(folder), "--silent", "--skipApiVersionCheck"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["node", str(script), *options, "--disableTelemetry"], stdout=log, stderr=log, cwd=folder
        )
        try:
            deadline = time.monotonic() + 30
            while not _answers(port):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "Azurite does not listen"
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
