"""`corridor quarantine`: what waits for a decision, and the decision."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cli.operator_client import OperatorClient
from cli.running import data_folder

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started."
)
_COLUMNS = ("id", "enteredAt", "partner", "flow", "destination", "code", "location")


@click.group("quarantine")
def command() -> None:
    r"""
    See what waits for a person's decision; release it to be tried again, or discard it for good.

    \b
    Examples:
      corridor quarantine list
      corridor quarantine release 7c0e5a52-... --reason "the laboratory corrected the code map"
    """


@command.command("list")
@_DATA
@click.option("--code", default="", help="Only what was held for this reason.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(data: Path | None, code: str, *, as_json: bool) -> None:
    """List what waits, the oldest first."""
    client = OperatorClient(data_folder(data))
    items: list[dict[str, Any]] = []
    after = ""
    while True:
        wanted = {"code": code, "after": after}
        page = client.ask("GET", "quarantine", query={name: value for name, value in wanted.items() if value})
        items += page["items"]
        if not (after := page.get("next", "")):
            break
    if as_json:
        click.echo(json.dumps(items, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for item in items:
        table.add_row(*(str(item[name] or "-") for name in _COLUMNS))
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    console.print(table)
    console.print(f"{len(items)} wait for a decision.")


@command.command("show")
@_DATA
@click.argument("identifier", metavar="ID")
def show(data: Path | None, identifier: str) -> None:
    """Print everything about one row, decided or not; no payload."""
    click.echo(json.dumps(OperatorClient(data_folder(data)).ask("GET", f"quarantine/{identifier}"), indent=2))


@command.command("release")
@_DATA
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why: it goes into the audit.")
def release(data: Path | None, identifiers: tuple[str, ...], reason: str) -> None:
    """Let it be tried again, in its old place."""
    _decide(data, identifiers, "release", reason)


@command.command("discard")
@_DATA
@click.argument("identifiers", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why: it goes into the audit.")
def discard(data: Path | None, identifiers: tuple[str, ...], reason: str) -> None:
    """Set it aside for good; what waits behind it goes on."""
    _decide(data, identifiers, "discard", reason)


def _decide(data: Path | None, identifiers: tuple[str, ...], decision: str, reason: str) -> None:
    client = OperatorClient(data_folder(data))
    for identifier in identifiers:
        answer = client.ask("POST", f"quarantine/{identifier}/{decision}", {"reason": reason})
        click.echo(f"{identifier} {answer['disposition']}")
