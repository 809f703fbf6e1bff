"""`corridor drop`."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from cli.running import data_folder, read_environment
from shared.errors import IntegrationError, RejectedError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,150}")
_LOOK_SECONDS = 0.25
_PIECE = 1 << 20


@click.command("drop")
@click.option("--partner", required=True, metavar="P", help="The partner to drop the files for.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
@click.option("--wait", type=float, default=0.0, metavar="S", help="Wait up to S seconds for each answer.")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def command(partner: str, data: Path | None, wait: float, files: tuple[Path, ...]) -> None:
    r"""
    Put each FILE, a batch (FHS, BHS) or messages one after another, into the partner's folder of the landing storage.

    Corridor takes it from there, item by item, and puts an acknowledgment file beside it: FILE.ack. With --wait,
    prints how many items were acknowledged with which code. A name that lies there is replaced, as a partner may.

    Exit code: 0 all put, and with --wait all accepted; 1 some refused or not acknowledged in time; 2 wrong usage.

    \b
    Examples:
      corridor drop --partner riverside-lab night.hl7
      corridor drop --partner riverside-lab --wait 60 night.hl7
    """
    from shared.adapters.file_landing import FileLanding
    from shared.catalog.flows import INTAKE

    for file in files:
        if not _NAME.fullmatch(file.name):
            raise click.UsageError(f"{file}: a name is of letters, digits, . _ - and tells nothing of a patient")
    root = Path(read_environment(data_folder(data))["landing"])
    landing, container = FileLanding(root), INTAKE.step("take-files").inbound.container  # type: ignore[union-attr]
    failed = 0
    for file in files:
        name = f"{partner}/{file.name}"
        answer = root / container / f"{name}.ack"
        answer.unlink(missing_ok=True)
        landing.write(container, name, _pieces(file))
        click.echo(f"put {file}: the acknowledgment comes to {answer}")
        if wait:
            failed += not _is_accepted(answer, wait)
    sys.exit(1 if failed else 0)


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _is_accepted(answer: Path, seconds: float) -> bool:
    """Print what the acknowledgment says; IntegrationError when it does not come in time."""
    until = time.monotonic() + seconds
    while not answer.exists():
        if time.monotonic() > until:
            raise IntegrationError("not-acknowledged", str(answer), f"nothing came within {seconds:g} seconds")
        time.sleep(_LOOK_SECONDS)
    codes = Counter(_codes(answer))
    click.echo("   " + ", ".join(f"{count} {code}" for code, count in sorted(codes.items())))
    return codes.keys() <= {"AA", "CA"}


def _codes(answer: Path) -> Iterator[str]:
    from shared.formats.hl7v2.acknowledgment import acknowledgment_code
    from shared.formats.hl7v2.batch_stream import parts_of

    with answer.open("rb") as stream:
        try:
            for part in parts_of(iter(lambda: stream.read(_PIECE), b""), _PIECE):
                if part.is_message:
                    yield acknowledgment_code(part.content or b"")
        except RejectedError as error:
            raise IntegrationError("not-acknowledged", str(answer), "it is no acknowledgment file") from error
