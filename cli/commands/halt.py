"""`corridor halt`: halt a partner, a destination or a flow."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from cli.operator_client import OperatorClient
from cli.running import data_folder
from shared.delivery.ports import HaltKind


@click.command("halt")
@click.argument("kind", type=click.Choice([*get_args(HaltKind), "list"]))
@click.argument("name", required=False, default="")
@click.option("--reason", default="", help="Why: it goes into the audit.")
@click.option("--until", default="", metavar="TIME", help="When it ends by itself, as in 2026-03-14T12:00:00+00:00.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
def command(kind: str, name: str, reason: str, until: str, data: Path | None) -> None:
    r"""
    Halt a partner (intake answers 503), a destination or a flow: nothing is lost, everything waits.

    \b
    Examples:
      corridor halt destination harbor-ehr --reason "upgrade of the EHR" --until 2026-03-14T12:00:00+00:00
      corridor halt list
    """
    client = OperatorClient(data_folder(data))
    if kind == "list":
        show_halts(client.ask("GET", "halts"))
        return
    if not name or not reason:
        raise click.UsageError("say NAME and --reason")
    body = {"reason": reason, **({"until": until} if until else {})}
    show_halts(client.ask("PUT", f"halts/{kind}/{name}", body))


def show_halts(answer: dict[str, list[dict[str, str]]]) -> None:
    """Print what is halted, a line each."""
    for one in answer["items"]:
        end = f" until {one['until']}" if one["until"] else ""
        click.echo(f"{one['kind']} {one['name']}: halted by {one['actor']}{end}: {one['reason']}")
    if not answer["items"]:
        click.echo("Nothing is halted.")
