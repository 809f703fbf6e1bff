"""One file per delivery, complete or absent; a repetition changes nothing."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.adapters.file_drop import BlobFolder, Directory, FileDropDestination, Folder, open_drop
from shared.errors import TransientError
from shared.ports import Sent

MESSAGE = b"MSH|^~\\&|A\r"


class Container:
    """A container of blob storage as far as the drop uses it, and its errors."""

    def __init__(self, error: Exception | None = None) -> None:
        self.blobs: dict[str, bytes] = {}
        self.error = error

    def upload_blob(self, name: str, content: bytes, *, overwrite: bool) -> None:
        from azure.core.exceptions import ResourceExistsError

        if self.error:
            raise self.error
        assert not overwrite
        if name in self.blobs:
            raise ResourceExistsError
        self.blobs[name] = content


def send(folder: Folder, body: bytes = MESSAGE, key: str = "D-1") -> Sent:
    return FileDropDestination(folder).send(body, idempotency_key=key, traceparent="")


def test_a_message_becomes_a_file_of_its_deliverys_name(tmp_path: Path) -> None:
    drop = tmp_path / "not there yet"

    assert Sent("D-1.hl7") == send(Directory(drop))
    assert Sent("D-2.json") == send(Directory(drop), b"{}", "D-2")
    assert {"D-1.hl7": MESSAGE, "D-2.json": b"{}"} == {file.name: file.read_bytes() for file in drop.iterdir()}
    assert 0o600 == stat.S_IMODE((drop / "D-1.hl7").stat().st_mode)


def test_a_repetition_leaves_the_file_and_nothing_beside_it(tmp_path: Path) -> None:
    for _ in range(2):
        send(Directory(tmp_path))

    assert ["D-1.hl7"] == [file.name for file in tmp_path.iterdir()]


def test_a_folder_that_cannot_be_written_may_heal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(TransientError) as raised:
        send(Directory(tmp_path / "file"))
    assert "destination-unavailable" == raised.value.code


def test_a_blob_is_made_once() -> None:
    container = Container()
    for _ in range(2):
        send(BlobFolder(container))  # type: ignore[arg-type]

    assert {"D-1.hl7": MESSAGE} == container.blobs


def test_a_container_that_does_not_answer_may_heal() -> None:
    from azure.core.exceptions import ServiceRequestError

    with pytest.raises(TransientError) as raised:
        send(BlobFolder(Container(ServiceRequestError("away"))))  # type: ignore[arg-type]
    assert "destination-unavailable" == raised.value.code


@pytest.mark.parametrize(
    "opened",
    [
        lambda folder: open_drop((folder / "a folder").as_uri(), None),
        lambda folder: open_drop("https://registry.blob.core.windows.net/adt", "00000000-0000-4000-8000-000000000001"),
    ],
)
def test_the_address_says_what_kind_of_folder_it_is(opened: Callable[[Path], object], tmp_path: Path) -> None:
    assert isinstance(opened(tmp_path), FileDropDestination)
