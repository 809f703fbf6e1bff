"""Folders that a command fills, and may empty when it comes again: those that it has made itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from local.supervisor.lock import DirectoryLock


def empty_folder(data: Path, mark: str) -> None:
    """Empty a folder that carries this mark (a file); UsageError for one that holds anything else."""
    if not data.exists():
        return
    if any(data.iterdir()) and not (data / mark).exists():
        made_by = mark.removeprefix(".")
        raise click.UsageError(f"{data} is not empty and no earlier {made_by} made it: choose another folder")
    lock = DirectoryLock(data, "Corridor")
    lock.acquire()
    try:
        for each in data.iterdir():
            if each.is_dir():
                shutil.rmtree(each)
            elif each.name != mark and "lock" not in each.name:
                each.unlink()
    finally:
        lock.release()
