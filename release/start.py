"""
Start a job of the landing zone from outside and wait for it: what the pipeline calls, by Azure's own command line.

    pulumi stack output --json >outputs.json
    python -m release.start --outputs outputs.json --job migrate [--release R]

With a release, the job runs the image of that one from now on; the release that it ran before is printed first, as
`previous=...`, so that the pipeline can go back to it (empty: there was none). Exit 0 the job succeeded, 1 it did
not, 2 Azure's command line refused, or a name is wrong.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SUCCEEDED, _ENDED = "Succeeded", ("Failed", "Degraded", "Stopped")
_PAUSE = 10.0
_PATIENCE = 420  # pauses, hence seventy minutes: longer than any job's own limit

Azure = Callable[..., Any]


class AzureError(Exception):
    """Azure's command line refused; the message is what it said."""


def azure(*arguments: str) -> Any:
    """Return what `az` answers to `arguments`, read from JSON; AzureError if it refuses."""
    done = subprocess.run(  # noqa: S603 - the pipeline's own tool
        ["az", *arguments, "--output", "json"],  # noqa: S607 - where it lies is the runner's to say
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AzureError((done.stderr.strip() or f"az ended with {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout) if done.stdout.strip() else None


@dataclass(frozen=True, slots=True)
class Job:
    """A job in Azure: its resource group, its name, and what its image's name begins with."""

    group: str
    name: str
    image: str

    @property
    def place(self) -> tuple[str, ...]:
        """The job as Azure's command line names it."""
        return ("--resource-group", self.group, "--name", self.name)


def read_job(outputs: Path, name: str) -> Job:
    """Return the job called `name` in a stack's outputs; ValueError if they do not have it."""
    try:
        found = json.loads(outputs.read_text(encoding="utf-8"))
        return Job(found["group"], found["jobs"][name], f"{found['images']}/corridor:")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{outputs}: no outputs of a stack with the job {name}") from error


def release_of(az: Azure, job: Job) -> str:
    """Return the release whose image the job runs; empty before the first."""
    shown = az("containerapp", "job", "show", *job.place)
    image = str(shown["properties"]["template"]["containers"][0]["image"])
    return image.removeprefix(job.image) if image.startswith(job.image) else ""


def start(az: Azure, job: Job, pause: Callable[[float], None]) -> str:
    """Start the job and return how it ended: `Succeeded`, another of Azure's words, or `unfinished`."""
    execution = az("containerapp", "job", "start", *job.place)["name"]
    for _ in range(_PATIENCE):
        shown = az("containerapp", "job", "execution", "show", *job.place, "--job-execution-name", execution)
        status = str(shown["properties"]["status"])
        if status == _SUCCEEDED or status in _ENDED:
            return status
        pause(_PAUSE)
    return "unfinished"


def main(arguments: Sequence[str], az: Azure = azure, pause: Callable[[float], None] = time.sleep) -> int:
    """Do what the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m release.start", description="Start a job and wait for it.")
    parser.add_argument("--outputs", type=Path, required=True, help="the outputs of the stack, as JSON")
    parser.add_argument("--job", required=True, help="migrate, deploy or smoke")
    parser.add_argument("--release", help="run the image of this release from now on")
    options = parser.parse_args(arguments)
    try:
        job = read_job(options.outputs, options.job)
        if options.release:
            sys.stdout.write(f"previous={release_of(az, job)}\n")
            az("containerapp", "job", "update", *job.place, "--image", job.image + options.release)
        ended = start(az, job, pause)
    except (AzureError, ValueError) as error:
        sys.stderr.write(f"corridor: {error}\n")
        return 2
    sys.stderr.write(f"corridor: {job.name} {ended}\n")
    return 0 if ended == _SUCCEEDED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
