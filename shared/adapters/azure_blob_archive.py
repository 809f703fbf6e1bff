"""The archive in Azure Blob Storage: create-only block blobs, by the app's managed identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.blob import ContainerClient, StorageErrorCode

from shared.errors import RejectedError, TransientError

T = TypeVar("T")

_BRIEFLY: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 20}


class AzureBlobArchive:
    """
    Blobs in one container; durable when `put` returns (Azure acknowledges after replication).

    Create-only by `If-None-Match: *`, so two writers of one name cannot overwrite each other. A broken connection
    is tried once more at once; the SDK's own retries, fifteen seconds apart, would outlast a waiting partner.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def put(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`; RejectedError `archive-conflict` if other content is there already."""
        with _translated():
            try:
                _twice(lambda: self._container.upload_blob(name, content, overwrite=False, **_BRIEFLY))
            except ResourceExistsError:
                if self._read(name) != content:
                    raise RejectedError("archive-conflict", text="the name is taken by other content") from None

    def get(self, name: str) -> bytes:
        """Return the content; RejectedError `archive-missing` if the name was never created."""
        with _translated():
            return self._read(name)

    def free_bytes(self) -> int | None:
        """Return None: a storage account does not fill up."""
        return None

    def _read(self, name: str) -> bytes:
        content: bytes = _twice(lambda: self._container.download_blob(name, **_BRIEFLY).readall())
        return content


def _twice(call: Callable[[], T]) -> T:
    with suppress(ServiceRequestError, ServiceResponseError):
        return call()
    return call()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as error:
        if _code_of(error) != StorageErrorCode.BLOB_NOT_FOUND:  # the container, not the blob: no payload is to blame
            raise TransientError("archive-unavailable", text="the archive's container is not there") from error
        raise RejectedError("archive-missing", text="the archive holds nothing under this name") from error
    except AzureError as error:
        raise TransientError("archive-unavailable", text="the archive cannot be reached") from error


def _code_of(error: AzureError) -> str:
    return str(getattr(error, "error_code", ""))
