"""A file in the folder is told of once it is complete, once for each version, also across a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.event_grid.config import Subscription, Topics
from local.event_grid.storage_events import TOPIC, StorageEvents
from local.event_grid.store import EventStore

BEGINS = "/blobServices/default/containers/hl7v2-drops/blobs/"
DROPS = Subscription("intake-take-files", TOPIC, ("Microsoft.Storage.BlobCreated",), BEGINS, queue="intake-take-files")
TOPICS = Topics(frozenset({TOPIC}), (DROPS,))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    store = EventStore(tmp_path / "events.sqlite")
    yield store
    store.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def put(root: Path, name: str, content: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def events(store: EventStore) -> list[dict[str, Any]]:
    return [delivery.event for delivery in store.due(DROPS.name, 1e12)]


def test_a_file_is_told_of_once_two_looks_have_found_it_the_same(root: Path, store: EventStore) -> None:
    watching = StorageEvents(root, TOPICS, store)
    assert 0 == watching.look()
    put(root, "hl7v2-drops/riverside-lab/night.hl7", b"MSH|")
    assert [0, 1, 0] == [watching.look() for _ in range(3)]

    (event,) = events(store)
    assert f"{BEGINS}riverside-lab/night.hl7" == event["subject"]
    assert ("PutBlob", 4) == (event["data"]["api"], event["data"]["contentLength"])
    assert "1.0" == event["specversion"]


def test_a_file_that_grows_is_told_of_when_it_rests(root: Path, store: EventStore) -> None:
    watching = StorageEvents(root, TOPICS, store)
    for length in (1, 2, 3):
        put(root, "hl7v2-drops/p/x", b"x" * length)
        assert 0 == watching.look()
    assert 1 == watching.look()


def test_a_file_that_is_written_over_is_told_of_again(root: Path, store: EventStore) -> None:
    watching = StorageEvents(root, TOPICS, store)
    for content in (b"one", b"three"):
        put(root, "hl7v2-drops/p/x", content)
        watching.look()
        watching.look()

    assert 2 == len({event["data"]["eTag"] for event in events(store)})


def test_what_was_told_of_is_not_told_of_again_after_a_restart(root: Path, store: EventStore) -> None:
    put(root, "hl7v2-drops/p/x", b"x")
    for _ in range(2):
        watching = StorageEvents(root, TOPICS, store)
        watching.look()
        watching.look()

    assert 1 == len(events(store))


def test_a_file_that_was_taken_away_and_put_again_is_told_of_again(root: Path, store: EventStore) -> None:
    watching = StorageEvents(root, TOPICS, store)
    path = put(root, "hl7v2-drops/p/x", b"x")
    watching.look()
    watching.look()
    path.unlink()
    watching.look()
    assert {} == store.told()
    put(root, "hl7v2-drops/p/x", b"x")
    watching.look()
    watching.look()

    assert 2 == len(events(store))


def test_other_containers_and_hidden_files_are_nobodys(root: Path, store: EventStore) -> None:
    put(root, "other/x", b"x")
    put(root, "hl7v2-drops/p/.unfinished", b"x")
    watching = StorageEvents(root, TOPICS, store)
    watching.look()
    watching.look()

    assert [] == events(store)
