"""`corridor hold`: keep what would be disposed of, and let it go."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import get_args

import click

from cli.running import data_folder, operator_database_url
from shared.adapters.postgres_hold_desk import open_hold_desk
from shared.audit.retention import HoldKind, LegalHold

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started."
)
_KIND = click.argument("kind", type=click.Choice(get_args(HoldKind)))
_REASON = click.option("--reason", required=True, help="Why; never a patient's data.")
_ACTOR = click.option("--actor", help="Who; else the login of this machine.")


@click.group("hold")
def command() -> None:
    """
    See, place and release legal holds: what is held is not disposed of, whatever its age.

    In Azure set CORRIDOR_OPERATOR_DATABASE_URL. A hold keeps the ledger's rows; payloads are held in the archive.
    """


@command.command("list")
@_DATA
def show(data: Path | None) -> None:
    """Print every hold, the oldest first."""
    with open_hold_desk(operator_database_url(data_folder(data))) as desk:
        holds = desk.all()
    for each in holds:
        click.echo(_as_text(each))
    if not holds:
        click.echo("Nothing is held.")


@command.command("place")
@_KIND
@click.argument("name")
@_REASON
@_ACTOR
@_DATA
def place(kind: HoldKind, name: str, reason: str, actor: str | None, data: Path | None) -> None:
    r"""
    Hold a message, all of a partner's, or all of the patient whom the message NAME is about.

    NAME is a message id, or a partner's name. Numbers that are merged with a held patient's are held with it. Written
    to the audit log.

    \b
    Examples:
      corridor hold place partner riverside-lab --reason "order of the county court"
      corridor hold place patient 3f0c6a52-3d5e-4a2b-9d0b-0c7f2b9f7a11 --reason "a claim"
    """
    with open_hold_desk(operator_database_url(data_folder(data))) as desk:
        hold = desk.place(kind, name, _by(actor), reason)
    click.echo(_as_text(hold))


@command.command("release")
@_KIND
@click.argument("name")
@_REASON
@_ACTOR
@_DATA
def release(kind: HoldKind, name: str, reason: str, actor: str | None, data: Path | None) -> None:
    r"""
    End a hold; NAME is as `list` prints it.

    \b
    Example:
      corridor hold release partner riverside-lab --reason "the order was lifted"
    """
    with open_hold_desk(operator_database_url(data_folder(data))) as desk:
        desk.release(kind, name, _by(actor), reason)
    click.echo(f"{kind} {name} is held no longer.")


def _by(actor: str | None) -> str:
    return f"operator/{actor or getpass.getuser()}"


def _as_text(hold: LegalHold) -> str:
    return f"{hold.kind} {hold.name}: held since {hold.held_at:%Y-%m-%d} by {hold.actor}: {hold.reason}"
