"""`corridor drop`: a file is put where its partner would, whole, and its answer is read."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.commands.drop import command
from shared.errors import IntegrationError

ACK = b"FHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\rMSA|AA|1\rMSH|^~\\&|A\rMSA|%s|2\rBTS|2\rFTS|1\r"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "environment.json").write_text(json.dumps({"landing": str(folder / "landing")}))
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.hl7"
    path.write_bytes(b"MSH|^~\\&|A\r")
    return path


@pytest.fixture
def answering(data: Path) -> Callable[[bytes], threading.Thread]:
    """Give a Corridor that answers the first file it sees."""

    def start(answer: bytes) -> threading.Thread:
        place = data / "landing/hl7v2-drops/riverside-lab"

        def wait() -> None:
            while not (place / "night.hl7").exists():
                pass
            (place / "unseen").write_bytes(answer)
            (place / "unseen").replace(place / "night.hl7.ack")

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        return thread

    return start


def drop(data: Path, file: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["--partner", "riverside-lab", "--data", str(data), *words, str(file)])
    if isinstance(result.exception, IntegrationError):
        raise result.exception
    return result.exit_code, result.output


def test_a_file_lies_whole_in_its_partners_folder(data: Path, file: Path) -> None:
    code, output = drop(data, file)

    assert 0 == code
    assert file.read_bytes() == (data / "landing/hl7v2-drops/riverside-lab/night.hl7").read_bytes()
    assert "night.hl7.ack" in output


@pytest.mark.parametrize(("second", "code", "line"), [(b"AA", 0, "2 AA"), (b"AE", 1, "1 AA, 1 AE")])
def test_the_answer_is_counted_by_its_codes(
    data: Path, file: Path, answering: Callable[[bytes], threading.Thread], second: bytes, code: int, line: str
) -> None:
    thread = answering(ACK % second)

    assert (code, line) == (lambda found: (found[0], found[1].splitlines()[-1].strip()))(
        drop(data, file, "--wait", "20")
    )
    thread.join()


def test_an_answer_that_does_not_come_is_an_error(data: Path, file: Path) -> None:
    with pytest.raises(IntegrationError, match="not-acknowledged"):
        drop(data, file, "--wait", "0.01")


def test_what_is_no_answer_is_an_error(data: Path, file: Path, answering: Callable[[bytes], threading.Thread]) -> None:
    answering(b"nothing of the kind, and long enough to be read as such, since it has many words in it")

    with pytest.raises(IntegrationError, match="no acknowledgment file"):
        drop(data, file, "--wait", "20")


def test_a_name_that_tells_something_is_not_dropped(data: Path, tmp_path: Path) -> None:
    telling = tmp_path / "Test Patient.hl7"
    telling.write_bytes(b"MSH|")

    code, output = drop(data, telling)
    assert 2 == code
    assert "tells nothing of a patient" in output
