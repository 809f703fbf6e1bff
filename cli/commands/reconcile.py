"""`corridor reconcile`: both books in one snapshot, and whether they balance."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, fields
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from cli.running import data_folder, operator_database_url
from shared.adapters.postgres_books import Books, DeliveriesLine, ItemsLine, read_books


@click.command("reconcile")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(data: Path | None, *, as_json: bool) -> None:
    """
    Prove that nothing is lost: received = processed + duplicate + rejected + quarantined + in flight.

    Deliveries balance likewise, and every row in flight is held against the work behind it. Exit 0 when the
    books balance, 1 when a row is found that breaks them.
    """
    books = read_books(operator_database_url(data_folder(data)))
    if as_json:
        click.echo(json.dumps({**asdict(books), "balance": books.balance}, default=str, indent=2))
    else:
        print_books(Console(highlight=False, width=None if sys.stdout.isatty() else 140), books)
    sys.exit(0 if books.balance else 1)


def print_books(console: Console, books: Books) -> None:
    """Print both books, each finding, and the verdict."""
    console.print(f"Books at {books.at:%Y-%m-%d %H:%M:%S %Z}")
    console.print(_table("messages", ItemsLine, books.items))
    console.print(_table("deliveries", DeliveriesLine, books.deliveries))
    for finding in books.findings[:20]:
        console.print(f"  {finding.rule}: {finding.subject}", style="red")
    if len(books.findings) > 20:
        console.print(f"  and {len(books.findings) - 20} more", style="red")
    verdict, style = ("balance", "bold green") if books.balance else ("do not balance", "bold red")
    console.print(f"The books {verdict}; {books.in_flight} in flight.", style=style)


def _table(title: str, kind: type, lines: list[ItemsLine] | list[DeliveriesLine]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    names = [each.name for each in fields(kind)]
    for name in names:
        table.add_column(name.replace("_", " "), justify="left" if name in names[:2] else "right")
    for line in lines:
        table.add_row(*(str(getattr(line, name)) for name in names))
    return table
