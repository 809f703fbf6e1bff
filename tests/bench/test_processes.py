"""CPU seconds are the kernel's, of a process and of everything that it started."""

from __future__ import annotations

import os
import subprocess
import sys

from bench.processes import cpu_seconds, family, resident_bytes

_BUSY = "import time\nwhile time.process_time() < 0.3: pass\n"
_PARENT = (
    f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}]); print('done', flush=True); input()"
)


def test_a_child_that_has_ended_still_counts_with_its_parent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert "done\n" == parent.stdout.readline()

        assert cpu_seconds(parent.pid) >= 0.25
        parent.communicate("\n")


def test_a_child_that_lives_belongs_to_the_family() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True) as child:
        assert child.pid in set(family(os.getpid()))
        child.communicate("\n")


def test_a_process_that_is_gone_has_used_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()

    assert 0 == cpu_seconds(gone.pid)


def test_what_a_process_holds_and_gives_back_is_seen() -> None:
    holding = "block = b'x' * (64 << 20); print(1, flush=True); input(); del block; print(2, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        held = resident_bytes(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()

        assert 60 << 20 < held - resident_bytes(child.pid) < 68 << 20
        child.communicate("\n")
    assert 0 == resident_bytes(child.pid)
