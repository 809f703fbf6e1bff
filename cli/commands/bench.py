"""`corridor bench`: the performance tables."""

from __future__ import annotations

import importlib
import json
import sys

import click

_TABLES = ("convert", "start", "pipeline")


@click.command("bench")
@click.argument("tables", nargs=-1, type=click.Choice(_TABLES))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(tables: tuple[str, ...], *, as_json: bool) -> None:
    """
    Measure on this machine: conversion against its floor, start-up, the whole pipeline.

    Compare the ratios, never the milliseconds of two runs. Without TABLES, all of them; a few minutes.
    """
    found = {name: importlib.import_module(f"bench.{name}").run() for name in tables or _TABLES}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for name, rows in found.items():
        for columns in dict.fromkeys(tuple(row) for row in rows):
            table = Table(title=name, title_justify="left", box=None, pad_edge=False, header_style="dim")
            for column in columns:
                table.add_column(column, justify="left" if column in {"what", "class"} else "right")
            for row in rows:
                if tuple(row) == columns:
                    table.add_row(*(str(value) for value in row.values()))
            console.print(table)
