"""`corridor bench`: the performance tables."""

from __future__ import annotations

import importlib
import json
import sys

import click

_TABLES = ("convert", "start", "pipeline")
_ON_REQUEST = ("search", "batch")
_BESIDE_ROWS = ("pipeline", "search")


@click.command("bench")
@click.argument("tables", nargs=-1, type=click.Choice((*_TABLES, *_ON_REQUEST)))
@click.option("--rows", type=click.IntRange(10_000), help="Generate this many stored messages: pipeline, search.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(tables: tuple[str, ...], *, rows: int | None, as_json: bool) -> None:
    """
    Measure on this machine: conversion against its floor, start-up, the whole pipeline, search, a big file.

    Compare the ratios, never the milliseconds of two runs. Without TABLES, all but search and batch; a few minutes.
    A million rows take some minutes and five gigabytes of the temporary folder more.
    """
    found = {name: _run(name, rows) for name in tables or _TABLES}
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    for name, lines in found.items():
        for columns in dict.fromkeys(tuple(line) for line in lines):
            table = Table(title=name, title_justify="left", box=None, pad_edge=False, header_style="dim")
            for column in columns:
                table.add_column(column, justify="left" if column in {"what", "class"} else "right")
            for line in lines:
                if tuple(line) == columns:
                    table.add_row(*(str(value) for value in line.values()))
            console.print(table)


def _run(name: str, rows: int | None) -> list[dict[str, object]]:
    table = importlib.import_module(f"bench.{name}")
    found: list[dict[str, object]] = table.run(rows) if rows and name in _BESIDE_ROWS else table.run()
    return found
