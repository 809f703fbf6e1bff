"""What the command line must know of a running Corridor: where it is, and as whom to look at it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from local.platform.layout import ENVIRONMENT_FILE
from shared.adapters.file_archive import FileArchive
from shared.errors import ConfigurationError
from shared.ports import Archive

_HOME = Path(__file__).resolve().parents[1] / ".corridor"
DEFAULT_DATA = _HOME / "data"
DEMO_DATA = _HOME / "demo"
SOAK_DATA = _HOME / "soak"


def data_folder(given: Path | None) -> Path:
    """Return the folder that was given, else that of `up` or of `demo`, whichever platform was started last."""
    if given is not None:
        return given
    started = [folder for folder in (DEFAULT_DATA, DEMO_DATA) if (folder / ENVIRONMENT_FILE).exists()]
    return max(started, key=lambda folder: (folder / ENVIRONMENT_FILE).stat().st_mtime, default=DEFAULT_DATA)


def environment_file(data: Path) -> Path:
    """Return the file in which the local platform says where everything is."""
    return data / ENVIRONMENT_FILE


def read_environment(data: Path) -> dict[str, Any]:
    """Return what the platform in `data` wrote; ConfigurationError `not-running` if it never ran there."""
    try:
        content: dict[str, Any] = json.loads(environment_file(data).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError("not-running", str(data), "start it with: ./corridor up") from error
    return content


def operator_database_url(data: Path) -> str:
    """Return the ledger's URL for an operator: CORRIDOR_OPERATOR_DATABASE_URL, else the local platform's."""
    given = os.environ.get("CORRIDOR_OPERATOR_DATABASE_URL")
    return given or str(read_environment(data)["operator_database_url"])


def operator_archive(data: Path) -> Archive:
    """Return the archive to read as an operator: CORRIDOR_ARCHIVE_URL, else the local platform's."""
    given = os.environ.get("CORRIDOR_ARCHIVE_URL", "")
    if not given.startswith("https://"):
        return FileArchive(Path(unquote(urlsplit(given).path)) if given else data / "archive")
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from shared.adapters.azure_blob_archive import AzureBlobArchive

    return AzureBlobArchive(ContainerClient.from_container_url(given, credential=DefaultAzureCredential()))
