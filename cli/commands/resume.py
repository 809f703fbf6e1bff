"""`corridor resume`: go on with what was halted."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from cli.commands.halt import show_halts
from cli.operator_client import OperatorClient
from cli.running import data_folder
from shared.delivery.ports import HaltKind


@click.command("resume")
@click.argument("kind", type=click.Choice(get_args(HaltKind)))
@click.argument("name")
@click.option("--reason", required=True, help="Why: it goes into the audit.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
def command(kind: str, name: str, reason: str, data: Path | None) -> None:
    """Resume a partner, a destination or a flow; what waits is woken, oldest first."""
    show_halts(OperatorClient(data_folder(data)).ask("POST", f"halts/{kind}/{name}/resume", {"reason": reason}))
