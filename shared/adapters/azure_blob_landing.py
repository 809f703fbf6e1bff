"""The landing storage in Azure Blob Storage: read in ranges of one etag, by the app's managed identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, StorageErrorCode

from shared.errors import RejectedError, TransientError
from shared.landing import Sighting


class AzureBlobLanding:
    """
    Blobs of one account. A range is read under `If-Match`, so that no item is made of two versions.

    What is written is committed as one list of blocks: complete or not at all.
    """

    def __init__(self, account: BlobServiceClient) -> None:
        self._account = account

    def look(self, container: str, name: str) -> Sighting | None:
        """Return the blob's properties; None when there is no such blob."""
        with _translated():
            try:
                found = self._account.get_blob_client(container, name).get_blob_properties()
            except ResourceNotFoundError as error:
                if getattr(error, "error_code", None) == StorageErrorCode.CONTAINER_NOT_FOUND:
                    raise
                return None
        return Sighting(container, name, found.etag.strip('"'), found.size, found.last_modified)

    def read(self, file: Sighting, position: int) -> Iterator[bytes]:
        """Yield the blob from `position` on in the SDK's chunks of four megabytes."""
        if position >= file.size:
            return
        blob = self._account.get_blob_client(file.container, file.name)
        with _translated():
            download = blob.download_blob(
                offset=position,
                length=file.size - position,
                etag=f'"{file.etag}"',
                match_condition=MatchConditions.IfNotModified,
            )
            for piece in download.chunks():
                yield bytes(piece)

    def write(self, container: str, name: str, content: Iterable[bytes]) -> None:
        """Upload the blob, replacing one of this name."""
        with _translated():
            self._account.get_blob_client(container, name).upload_blob(content, overwrite=True)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ResourceModifiedError as error:
        raise RejectedError("file-changed", "", "the file is no longer what it was") from error
    except ResourceNotFoundError as error:
        if getattr(error, "error_code", None) == StorageErrorCode.BLOB_NOT_FOUND:
            raise RejectedError("file-changed", "", "the file is no longer there") from error
        raise TransientError("landing-unavailable", text="the landing container is not there") from error
    except AzureError as error:
        raise TransientError("landing-unavailable", text="the landing storage cannot be reached") from error
