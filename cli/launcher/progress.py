"""Long steps made visible: a live line on a terminal, plain lines in a log, the output only when a step fails."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

_TAIL_LINES = 40
_LOG_EVERY_SECONDS = 30.0
_SPINNER = "|/-\\"


class SetupError(Exception):
    """An environment cannot be made; the text says why and what to do."""


def run_step(
    title: str,
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    keep_open: int | None = None,
) -> None:
    """
    Run one command under a title; raise `SetupError` after showing its last lines when it fails.

    `keep_open` is a descriptor that the command inherits: a lock on it outlives us if we are killed.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        began = time.monotonic()
        live = sys.stderr.isatty()
        if not live:
            _line(f"corridor: {title} ...")
        with subprocess.Popen(  # noqa: S603 - our own commands
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environ),
            pass_fds=() if keep_open is None else (keep_open,),
        ) as process:
            try:
                _watch(process, title, began, live=live)
            finally:
                if process.poll() is None:
                    process.kill()
        took = time.monotonic() - began
        if process.returncode:
            _line(f"{_clear(live)}corridor: {title}: failed after {took:.0f} s. Its last lines:")
            _show_tail(output)
            raise SetupError(f"{title} failed (exit {process.returncode})")
        _line(f"{_clear(live)}corridor: {title}: {took:.1f} s")


def _watch(process: subprocess.Popen[bytes], title: str, began: float, *, live: bool) -> None:
    previous = signal.signal(signal.SIGTERM, _end)
    try:
        while True:
            try:
                process.wait(timeout=0.2 if live else _LOG_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - began
                if live:
                    sys.stderr.write(f"\r{_SPINNER[int(seconds * 5) % 4]} {title} {seconds:.0f} s\x1b[K")
                    sys.stderr.flush()
                else:
                    _line(f"corridor: {title} ... {seconds:.0f} s")
            else:
                return
    finally:
        signal.signal(signal.SIGTERM, previous)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _clear(live: bool) -> str:
    return "\r\x1b[K" if live else ""


def _line(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _show_tail(output: IO[str]) -> None:
    output.seek(0)
    for line in output.read().splitlines()[-_TAIL_LINES:]:
        _line(f"  {line}")
