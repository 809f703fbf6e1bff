"""One contract for every landing storage: one version is read, and what is written is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import pytest
from azure.storage.blob import BlobServiceClient

from shared.adapters.azure_blob_landing import AzureBlobLanding
from shared.adapters.file_landing import FileLanding
from shared.adapters.memory import MemoryLanding
from shared.adapters.no_landing import NoLanding
from shared.errors import ConfigurationError, RejectedError, TransientError
from shared.landing import Landing, Sighting
from tests.shared.adapters import azurite

NAME = "riverside-lab/night.hl7"


# Installing Azurite took 17 to 73 seconds.
@pytest.fixture(params=["file", "memory", pytest.param("azure-blob", marks=pytest.mark.long)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Landing, str]]:
    container = f"drops-{token_hex(4)}"
    if request.param == "file":
        yield FileLanding(tmp_path), container
    elif request.param == "memory":
        yield MemoryLanding(lambda: datetime.now(UTC)), container
    else:
        with azurite.running(tmp_path) as port, azurite.container(port, container) as client:
            client.create_container()
            account = BlobServiceClient(client.url.rpartition("/")[0], credential=client.credential)
            yield AzureBlobLanding(account), container


def seen(landing: Landing, container: str, name: str = NAME) -> Sighting:
    found = landing.look(container, name)
    assert found is not None
    return found


def test_what_was_written_is_read_from_any_position(place: tuple[Landing, str]) -> None:
    landing, container = place
    landing.write(container, NAME, [b"MSH|", b"and the rest"])

    found = seen(landing, container)
    assert 16 == found.size
    assert b"MSH|and the rest" == b"".join(landing.read(found, 0))
    assert b"rest" == b"".join(landing.read(found, 12))
    assert b"" == b"".join(landing.read(found, 16))


def test_a_file_that_is_not_there_is_not_seen(place: tuple[Landing, str]) -> None:
    landing, container = place

    assert landing.look(container, NAME) is None


def test_a_file_that_was_written_over_has_another_etag_and_is_not_read_as_the_old_one(
    place: tuple[Landing, str],
) -> None:
    landing, container = place
    landing.write(container, NAME, [b"first"])
    first = seen(landing, container)
    landing.write(container, NAME, [b"second"])

    assert first.etag != seen(landing, container).etag
    with pytest.raises(RejectedError, match="file-changed"):
        list(landing.read(first, 0))


def test_a_file_that_never_was_cannot_be_read(place: tuple[Landing, str]) -> None:
    landing, container = place

    with pytest.raises(RejectedError, match="file-changed"):
        list(landing.read(Sighting(container, NAME, "0x1", 10, datetime.now(UTC)), 0))


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def half() -> Iterator[bytes]:
        yield b"half"
        raise TransientError("ledger-unavailable")

    with pytest.raises(TransientError):
        FileLanding(tmp_path).write("drops", NAME, half())
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_no_name_leads_out_of_its_container(tmp_path: Path) -> None:
    landing, outside = FileLanding(tmp_path), "../elsewhere/x"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/x").write_bytes(b"secret")

    assert landing.look("drops", outside) is None
    with pytest.raises(RejectedError, match="file-name-invalid"):
        landing.write("drops", outside, [b""])
    with pytest.raises(RejectedError, match="file-changed"):
        list(landing.read(Sighting("drops", outside, "0", 6, datetime.now(UTC)), 0))


def test_a_folder_that_cannot_be_used_heals(tmp_path: Path) -> None:
    (tmp_path / "drops").write_text("a file where the container should be")
    landing = FileLanding(tmp_path)

    assert landing.look("drops", NAME) is None

    with pytest.raises(TransientError, match="landing-unavailable"):
        landing.write("drops", NAME, [b"x"])


def test_a_storage_that_nobody_answers_for_heals() -> None:
    account = BlobServiceClient("http://127.0.0.1:9/account", retry_total=0)
    landing = AzureBlobLanding(account)

    with pytest.raises(TransientError, match="landing-unavailable"):
        landing.look("drops", NAME)
    with pytest.raises(TransientError, match="landing-unavailable"):
        list(landing.read(Sighting("drops", NAME, "0", 6, datetime.now(UTC)), 0))


def test_a_tier_that_takes_no_files_says_which_setting_is_missing() -> None:
    file = Sighting("drops", NAME, "0", 6, datetime.now(UTC))
    for act in (
        lambda: NoLanding().look("drops", NAME),
        lambda: NoLanding().read(file, 0),
        lambda: NoLanding().write("drops", NAME, []),
    ):
        with pytest.raises(ConfigurationError, match="CORRIDOR_LANDING_URL"):
            act()
