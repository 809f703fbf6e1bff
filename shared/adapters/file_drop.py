"""
Deliveries as files: one file per delivery, complete or absent, in the receiver's folder.

The folder is a container of Azure Blob Storage, from which the receiver fetches by SFTP (the account speaks it) or by
HTTPS; on one machine it is a directory. The name is the delivery's id, so a repetition finds its own file and
leaves it: once in effect. The receiver may take a file away; what it has taken is then put again only after a crash.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from shared.errors import TransientError
from shared.ports import Sent

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient


class Folder(Protocol):
    """Where files are dropped."""

    def put(self, name: str, content: bytes) -> None:
        """Make the file; TransientError `destination-unavailable` when it cannot be."""


class FileDropDestination:
    """A folder that a receiver empties."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """Put the body under the key; the receipt is the file's name."""
        name = f"{idempotency_key}.hl7" if body.startswith(b"MSH") else f"{idempotency_key}.json"
        self._folder.put(name, body)
        return Sent(name)


class Directory:
    """A directory of this machine: written beside, synced, then linked under the final name."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, content: bytes) -> None:
        """Make the file, durably, unless it is there."""
        beside = self._path / f".{uuid4().hex}"
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):
                    os.link(beside, self._path / name)
            finally:
                beside.unlink()
            self._sync()
        except OSError as error:
            raise TransientError("destination-unavailable", text="the folder cannot be written") from error

    def _sync(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class BlobFolder:
    """A container of Azure Blob Storage; a blob is there whole or not at all."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def put(self, name: str, content: bytes) -> None:
        """Make the blob unless it is there."""
        from azure.core.exceptions import AzureError, ResourceExistsError

        try:
            with suppress(ResourceExistsError):
                self._container.upload_blob(name, content, overwrite=False)
        except AzureError as error:
            raise TransientError("destination-unavailable", text="the container cannot be written") from error


def open_drop(url: str, client_id: str | None) -> FileDropDestination:
    """Return the drop at a `file:` URL, or in the container at an `https:` URL under the app's managed identity."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FileDropDestination(Directory(Path(unquote(parts.path))))
    from azure.identity import ManagedIdentityCredential
    from azure.storage.blob import ContainerClient

    credential = ManagedIdentityCredential(client_id=client_id)
    return FileDropDestination(BlobFolder(ContainerClient.from_container_url(url, credential=credential)))
