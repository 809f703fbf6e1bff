"""`corridor quarantine`: what waits for a decision, a look at it, and the decision."""

from __future__ import annotations

import json
import os
import sys
from base64 import b64decode, b64encode
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
    See what waits for a person's decision; release it to be tried again, fix a copy of it, or discard it for good.

    \b
    Examples:
      corridor quarantine list
      corridor quarantine release 7c0e5a52-... --reason "the laboratory corrected the code map"
      corridor quarantine reveal 7c0e5a52-... --reason "OBX-11 is not in any table" --to held.hl7
      corridor quarantine fix 7c0e5a52-... mended.hl7 --reason "OBX-11 is F, says the laboratory"
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


@command.command("reveal")
@_DATA
@click.argument("identifier", metavar="ID")
@click.option("--reason", required=True, help="Why you look: it goes into the audit.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="The file to write; a new one.")
def reveal(data: Path | None, identifier: str, reason: str, target: Path) -> None:
    """Write the payload into a file that nobody else may read. It holds patient data: the role `steward` is needed."""
    if target.exists():
        raise click.UsageError(f"{target} exists")
    answer = _steward(data).ask("POST", f"quarantine/{identifier}/reveal", {"reason": reason})
    with open(target, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(b64decode(answer["payload"]))
    click.echo(f"message {answer['message']} is in {target}")


@command.command("fix")
@_DATA
@click.argument("identifier", metavar="ID")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="What was mended: it goes into the audit.")
def fix(data: Path | None, identifier: str, file: Path, reason: str) -> None:
    """Let the corrected copy in FILE take the original's place; the original is kept, and discarded."""
    body = {"reason": reason, "payload": b64encode(file.read_bytes()).decode()}
    answer = _steward(data).ask("POST", f"quarantine/{identifier}/fix", body)
    click.echo(f"{identifier} {answer['disposition']} by message {answer['copy']}")


def _steward(data: Path | None) -> OperatorClient:
    return OperatorClient(data_folder(data), "steward")


def _decide(data: Path | None, identifiers: tuple[str, ...], decision: str, reason: str) -> None:
    client = OperatorClient(data_folder(data))
    for identifier in identifiers:
        answer = client.ask("POST", f"quarantine/{identifier}/{decision}", {"reason": reason})
        click.echo(f"{identifier} {answer['disposition']}")
