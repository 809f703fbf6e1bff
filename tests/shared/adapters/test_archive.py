"""One contract for every archive: create-only, whole, and honest about what it cannot do (invariant 1)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pytest

from shared import archive_names
from shared.adapters.azure_blob_archive import AzureBlobArchive
from shared.adapters.file_archive import FileArchive
from shared.adapters.memory import MemoryArchive
from shared.errors import RejectedError, TransientError
from shared.ports import Archive
from tests.shared.adapters import azurite

ODD_NAMES = [
    "received/with spaces and a + sign",
    "received/grüße-名前",
    "received/percent%2Fslash",
    "received/question?query&amp#fragment",
    "received/quoted'\"<>|*:;=,!$@()[]",
    "received/.hidden",
    "received/deep/er/still",
    "received/deep_er_still",
    f"received/{'long' * 150}",
    f"received/{'long' * 150}er",
    "no-folder",
    f"{'k' * 255}/x",
]


@dataclass(frozen=True)
class Place:
    """An archive of one kind, and a second one over the same place."""

    archive: Archive
    again: Archive


@pytest.fixture(scope="session")
def azurite_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with azurite.running(tmp_path_factory.mktemp("azurite")) as port:
        yield port


# Installing Azurite took 17 to 73 seconds.
@pytest.fixture(params=["file", "memory", pytest.param("azure-blob", marks=pytest.mark.long)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "file":
        yield Place(FileArchive(tmp_path), FileArchive(tmp_path))
    elif request.param == "memory":
        archive = MemoryArchive()
        yield Place(archive, MemoryArchive(archive.contents))
    else:
        port, name = request.getfixturevalue("azurite_port"), f"archive-{token_hex(8)}"
        with azurite.container(port, name) as first, azurite.container(port, name) as second:
            first.create_container()
            yield Place(AzureBlobArchive(first), AzureBlobArchive(second))


def name() -> str:
    return archive_names.received(uuid4())


def code_of(act: Callable[[], object], kind: type[RejectedError | TransientError]) -> str:
    with pytest.raises(kind) as caught:
        act()
    return caught.value.code


def test_what_was_put_comes_back(place: Place) -> None:
    kept = name()
    place.archive.put(kept, b"MSH|^~\\&|TEST\r")

    assert b"MSH|^~\\&|TEST\r" == place.again.get(kept)


def test_the_same_content_again_is_success(place: Place) -> None:
    kept = name()
    place.archive.put(kept, b"same")
    place.again.put(kept, b"same")

    assert b"same" == place.archive.get(kept)


@pytest.mark.parametrize("other", [b"other", b"", b"sam", b"same "])
def test_other_content_is_refused_and_changes_nothing(place: Place, other: bytes) -> None:
    kept = name()
    place.archive.put(kept, b"same")

    assert "archive-conflict" == code_of(lambda: place.again.put(kept, other), RejectedError)
    assert b"same" == place.again.get(kept)


def test_what_was_never_put_is_missing(place: Place) -> None:
    place.archive.put(name(), b"another")

    assert "archive-missing" == code_of(lambda: place.archive.get(name()), RejectedError)


def test_empty_content_is_content(place: Place) -> None:
    kept = name()
    place.archive.put(kept, b"")

    assert b"" == place.again.get(kept)


def test_ten_megabytes_come_back_whole(place: Place) -> None:
    kept, content = name(), bytes(range(256)) * 40_960
    place.archive.put(kept, content)
    place.again.put(kept, content)

    assert content == place.again.get(kept)


def test_odd_names_are_kept_apart(place: Place) -> None:
    for number, odd in enumerate(ODD_NAMES):
        place.archive.put(odd, str(number).encode())

    assert [str(number).encode() for number in range(len(ODD_NAMES))] == [place.again.get(odd) for odd in ODD_NAMES]


def test_of_many_writers_of_one_name_one_content_wins(place: Place) -> None:
    contents = [bytes([65 + number % 2]) * 20_000 for number in range(12)]
    kept = name()

    def put(number: int) -> str:
        archive = (place.archive, place.again)[number % 3 % 2]
        try:
            archive.put(kept, contents[number])
        except RejectedError as error:
            return error.code
        return "kept"

    with ThreadPoolExecutor(12) as pool:
        outcomes = list(pool.map(put, range(12)))

    winner = place.again.get(kept)
    assert winner in contents
    assert ["kept" if content == winner else "archive-conflict" for content in contents] == outcomes


@pytest.mark.long
def test_a_container_that_is_not_there_heals(azurite_port: int) -> None:
    with azurite.container(azurite_port, f"absent-{token_hex(8)}") as absent:
        archive = AzureBlobArchive(absent)

        assert "archive-unavailable" == code_of(lambda: archive.put(name(), b"x"), TransientError)
        assert "archive-unavailable" == code_of(lambda: archive.get(name()), TransientError)


def test_a_storage_that_cannot_be_reached_heals() -> None:
    with socket.socket() as nobody:  # bound and not listening: every connection is refused
        nobody.bind(("127.0.0.1", 0))
        with azurite.container(nobody.getsockname()[1], "any") as unreachable:
            archive = AzureBlobArchive(unreachable)

            assert "archive-unavailable" == code_of(lambda: archive.put(name(), b"x"), TransientError)
