"""
The events of a storage account that is a folder: a blob was created, or written over.

Azure tells of a blob when it is complete. A folder says nothing of the kind: a file counts as complete once two looks
in a row have found it the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.event_grid.config import Topics
from local.event_grid.store import EventStore
from shared.adapters.file_landing import FileLanding
from shared.errors import TransientError
from shared.landing import Sighting

TOPIC = "landing"
_ACCOUNT = "/subscriptions/local/resourceGroups/corridor/providers/Microsoft.Storage/storageAccounts/landing"
_CREATED = "Microsoft.Storage.BlobCreated"


class StorageEvents:
    """Looks at the folders below `root`, one per container; what was told of once is not told again."""

    def __init__(self, root: Path, topics: Topics, store: EventStore) -> None:
        self._root = root
        self._landing = FileLanding(root)
        self._topics = topics
        self._store = store
        self._told = store.told()
        self._seen: dict[str, str] = {}

    def look(self) -> int:
        """Tell of what is complete since the last look; return of how many files."""
        files = {f"{each.container}/{each.name}": each for each in self._files()}
        seen, self._seen = self._seen, {place: each.etag for place, each in files.items()}
        told = {
            place: each.etag
            for place, each in files.items()
            if seen.get(place) == each.etag and self._told.get(place) != each.etag
        }
        gone = [place for place in self._told if place not in files]
        if told or gone:
            events = [event_of(files[place]) for place in told]
            owed = [(one.name, event) for event in events for one in self._topics.listeners(TOPIC, event)]
            self._store.owe(owed, time.time(), list(told.items()), gone)
            self._told = {place: etag for place, etag in (self._told | told).items() if place in files}
        return len(told)

    def _files(self) -> Iterator[Sighting]:
        for path in sorted(self._root.glob("*/**/*")) if self._root.is_dir() else ():
            inner = path.relative_to(self._root)
            if any(part.startswith(".") for part in inner.parts):
                continue
            try:
                found = self._landing.look(inner.parts[0], "/".join(inner.parts[1:]))
            except TransientError:
                continue
            if found is not None:
                yield found


def event_of(file: Sighting) -> dict[str, Any]:
    """Return the event of a file that is there, as Azure writes it."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": _ACCOUNT,
        "type": _CREATED,
        "subject": f"/blobServices/default/containers/{file.container}/blobs/{file.name}",
        "time": datetime.now(UTC).isoformat(),
        "data": {
            "api": "PutBlob",
            "eTag": file.etag,
            "contentType": "application/octet-stream",
            "contentLength": file.size,
            "blobType": "BlockBlob",
            "url": f"https://landing.blob.core.windows.net/{file.container}/{file.name}",
        },
    }
