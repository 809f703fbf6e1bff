"""Azurite, Microsoft's blob storage emulator: installed once from its lock, run for a session."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azure.storage.blob import ContainerClient

from local.supervisor.ports import free_port
from tests.fixtures import node_packages

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
    """Return the program's script, installing it when the lock has changed; skips where there is no Node."""
    return node_packages.installed("azurite", "the Azure archive is not tested here") / "azurite/dist/src/blob/main.js"


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
