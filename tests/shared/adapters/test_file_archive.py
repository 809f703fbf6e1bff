"""The archive of files: what a crash leaves behind, and who may read it."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from shared.adapters.file_archive import FileArchive
from shared.errors import RejectedError, TransientError

REPOSITORY = Path(__file__).resolve().parents[3]
KILLS = 12
WRITER = """
import sys
from pathlib import Path
from shared.adapters.file_archive import FileArchive

archive, number, first = FileArchive(Path(sys.argv[1])), 0, int(sys.argv[2])
while True:
    name = f"received/{first}-{number}"
    archive.put(name, name.encode() * 20_000)
    print(name, flush=True)
    number += 1
"""


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_a_writer_that_is_killed_leaves_whole_payloads_or_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged: list[str] = []
    for number in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(number)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            acknowledged.append(writer.stdout.readline().strip())
            time.sleep(chance.random() * 0.03)  # the moment of death, drawn by lot
            writer.kill()
            acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]

    archive = FileArchive(tmp_path)
    assert [name.encode() * 20_000 for name in acknowledged] == [archive.get(name) for name in acknowledged]
    final = [path for path in files(tmp_path) if not path.name.startswith(".")]
    assert len(final) >= len(acknowledged)
    assert [f"received/{path.name}".encode() * 20_000 for path in final] == [path.read_bytes() for path in final]


def test_what_a_crash_left_half_written_does_no_harm(tmp_path: Path) -> None:
    name = f"received/{uuid4()}"
    archive = FileArchive(tmp_path)
    folder = tmp_path / "received" / sha256(name.partition("/")[2].encode()).hexdigest()[:2]
    folder.mkdir(parents=True)
    (folder / f".{uuid4().hex}").write_bytes(b"half a pay")

    archive.put(name, b"the whole payload")

    assert b"the whole payload" == archive.get(name)


def test_payloads_are_their_owners_alone(tmp_path: Path) -> None:
    root = tmp_path / "archive"
    FileArchive(root).put("received/one", b"x")

    modes = {stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*")) if path.is_dir()}
    assert {0o700} == modes
    assert [0o600] == [stat.S_IMODE(path.stat().st_mode) for path in files(root)]


def test_a_refused_write_leaves_nothing_beside(tmp_path: Path) -> None:
    archive = FileArchive(tmp_path)
    archive.put("received/one", b"x")
    archive.put("received/one", b"x")
    with pytest.raises(RejectedError):
        archive.put("received/one", b"y")

    assert ["one"] == [path.name for path in files(tmp_path)]


@pytest.mark.parametrize(
    "name", ["../outside", "received/../../outside", "received/..", "./x", "..", "/x", "a\0b/c\0d"]
)
def test_no_name_leads_out_of_the_archive(tmp_path: Path, name: str) -> None:
    root = tmp_path / "archive"
    archive = FileArchive(root)
    archive.put(name, b"kept")

    assert b"kept" == archive.get(name)
    assert [root] == list(tmp_path.iterdir())
    assert 1 == len(files(root))
    assert not files(root)[0].name.startswith(".")


def test_names_that_differ_only_in_a_separator_are_different_names(tmp_path: Path) -> None:
    archive = FileArchive(tmp_path)
    archive.put("received/a/b", b"slash")
    archive.put("received/a_b", b"underscore")

    assert 2 == len({path.name for path in files(tmp_path)})


def test_a_folder_that_cannot_be_made_heals(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("a file stands where the folder should be")
    archive = FileArchive(tmp_path / "archive")

    with pytest.raises(TransientError, match="archive-unavailable"):
        archive.put("received/one", b"x")


def test_a_folder_that_is_gone_is_no_verdict_on_a_payload(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="archive-unavailable"):
        FileArchive(tmp_path / "unmounted").get("received/one")


@pytest.mark.parametrize("levels", [0, 1, 2], ids=["its own", "its kind's", "the archive's"])
def test_a_folder_that_was_removed_is_made_again(tmp_path: Path, levels: int) -> None:
    archive = FileArchive(tmp_path / "archive")
    archive.put("received/one", b"x")
    (path,) = files(tmp_path)
    shutil.rmtree(path.parents[levels])

    archive.put("received/one", b"x")

    assert b"x" == archive.get("received/one")


def test_the_folder_may_be_named_from_where_we_are(tmp_path: Path) -> None:
    script = "import pathlib, shared.adapters.file_archive as a; a.FileArchive(pathlib.Path('a')).put('b/c', b'x')"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, check=True)

    assert [b"x"] == [path.read_bytes() for path in files(tmp_path / "a")]
