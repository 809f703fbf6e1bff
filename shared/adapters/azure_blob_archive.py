"""The archive in Azure Blob Storage: create-only block blobs, by the app's managed identity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from shared.errors import RejectedError, TransientError


class AzureBlobArchive:
    """
    Blobs in one container; durable when `put` returns (Azure acknowledges after replication).

    Create-only by `If-None-Match: *`, so two writers of one name cannot overwrite each other.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def put(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`; RejectedError `archive-conflict` if other content is there already."""
        with _translated():
            try:
                self._container.upload_blob(name, content, overwrite=False)
            except ResourceExistsError:
                if self._container.download_blob(name).readall() != content:
                    raise RejectedError("archive-conflict", text="the name is taken by other content") from None

    def get(self, name: str) -> bytes:
        """Return the content; RejectedError `archive-missing` if the name was never created."""
        with _translated():
            return self._container.download_blob(name).readall()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as error:
        raise RejectedError("archive-missing", text="the archive holds nothing under this name") from error
    except AzureError as error:
        raise TransientError("archive-unavailable", text="the archive cannot be reached") from error
