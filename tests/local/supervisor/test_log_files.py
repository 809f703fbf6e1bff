from __future__ import annotations

import stat
from pathlib import Path

from local.supervisor.log_files import KEPT, open_log


def test_a_log_is_continued_until_it_is_large_and_then_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "host.log"
    for words in (b"one", b"two", b"three", b"four"):
        with open_log(path, largest=6) as log:
            log.write(words)

    assert b"threefour" == path.read_bytes()
    assert b"onetwo" == path.with_name("host.log.1").read_bytes()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


def test_only_so_many_old_logs_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "host.log"
    for run in range(10):
        with open_log(path, largest=1) as log:
            log.write(str(run).encode())

    contents = {file.name: file.read_text() for file in tmp_path.iterdir()}

    assert {"host.log": "9", **{f"host.log.{age}": str(9 - age) for age in range(1, KEPT + 1)}} == contents
