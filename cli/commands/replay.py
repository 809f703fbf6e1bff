"""`corridor replay`: plan what is sent again, see what that would change, approve it, run it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
from rich.console import Console
from rich.table import Table

from cli.operator_client import OperatorClient
from cli.running import data_folder

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started."
)
_REASON = click.option("--reason", required=True, help="Why: it goes into the audit.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
_RATE = click.option("--rate", type=float, default=10.0, show_default=True, help="Deliveries a second.")
_SINCE = click.option("--since", default="", metavar="TIME", help="Received from then on: 2026-03-14T02:00:00+00:00.")
_UNTIL = click.option("--until", default="", metavar="TIME", help="Received before.")
_PARTNER = click.option("--partner", default="", help="Sent by this partner.")
_FLOW = click.option("--flow", default="", help="Of this flow.")
_PATIENCE_SECONDS = 120
_COLUMNS = ("position", "message", "destination", "effect", "code", "location")


@click.group("replay")
def command() -> None:
    r"""
    Send again, or to a newcomer for the first time: a plan, a look at what it changes, an approval, a run.

    \b
    Examples:
      corridor replay plan --code destination-refused --since 2026-03-14T02:00:00+00:00 --reason "the EHR was mended"
      corridor replay show 7c0e5a52-... --items
      corridor replay approve 7c0e5a52-... --reason "looked at all 7"
      corridor replay run 7c0e5a52-... --reason "agreed with the EHR team"
      corridor replay feed --destination new-portal --since 2026-01-01T00:00:00+00:00 --reason "go-live"
    """


@command.command("plan")
@_DATA
@_SINCE
@_UNTIL
@_PARTNER
@_FLOW
@_RATE
@_REASON
@_JSON
@click.option("--destination", default="", help="To this destination.")
@click.option("--event", default="", help="Of this event, such as result.finalized.")
@click.option("--code", default="", help="That ended with this error code, or were in quarantine for it.")
@click.option("--mapping", default="", help="Made by this map and version.")
@click.option("--message", "messages", multiple=True, help="Of this message; may be given several times.")
def plan(data: Path | None, *, as_json: bool, **question: Any) -> None:
    """Freeze the list of deliveries that match, and say what sending them again would change. Nothing is sent."""
    _plan(data, "replays", question, as_json=as_json)


@command.command("feed")
@_DATA
@_SINCE
@_UNTIL
@_PARTNER
@_FLOW
@_RATE
@_REASON
@_JSON
@click.option("--destination", required=True, help="The newcomer, by the name of its partner file.")
@click.option("--event", default="", help="Of this event alone.")
def feed(data: Path | None, *, as_json: bool, **question: Any) -> None:
    """Plan to tell a destination what its filter takes and it was never told."""
    _plan(data, "feeds", question, as_json=as_json)


@command.command("list")
@_DATA
@_JSON
def list_(data: Path | None, *, as_json: bool) -> None:
    """List the newest plans."""
    items = _client(data).ask("GET", "replays")["items"]
    if as_json:
        click.echo(json.dumps(items, indent=2))
        return
    for one in items:
        click.echo(f"{one['id']} {one['state']} {one['kind']} by {one['requestedBy']}: {one['reason']}")
    if not items:
        click.echo("There is no plan.")


@command.command("show")
@_DATA
@_JSON
@click.argument("identifier", metavar="ID")
@click.option("--items", "with_items", is_flag=True, help="Also each delivery, with what differs.")
def show(data: Path | None, identifier: str, *, as_json: bool, with_items: bool) -> None:
    """Print a plan with its forecast: places and kinds of what differs, never a value."""
    client = _client(data)
    document = client.ask("GET", f"replays/{identifier}")
    items = _items(client, identifier) if with_items else []
    _print(document, items, as_json=as_json)


@command.command("approve")
@_DATA
@_REASON
@click.argument("identifier", metavar="ID")
def approve(data: Path | None, identifier: str, reason: str) -> None:
    """Approve exactly what the forecast shows. On the local platform the steward does, as the second pair of eyes."""
    answer = OperatorClient(data_folder(data), "steward").ask(
        "POST", f"replays/{identifier}/approve", {"reason": reason}
    )
    click.echo(f"{identifier} {answer['state']} by {answer['approvedBy']}: {answer['toSend']} deliveries")


@command.command("run")
@_DATA
@_REASON
@click.argument("identifier", metavar="ID")
def run(data: Path | None, identifier: str, reason: str) -> None:
    """Let an approved plan run, once."""
    _decide(data, identifier, "run", reason)


@command.command("cancel")
@_DATA
@_REASON
@click.argument("identifier", metavar="ID")
def cancel(data: Path | None, identifier: str, reason: str) -> None:
    """Stop a plan for good; what it has owed by now is delivered."""
    _decide(data, identifier, "cancel", reason)


def _client(data: Path | None) -> OperatorClient:
    return OperatorClient(data_folder(data))


def _plan(data: Path | None, path: str, question: dict[str, Any], *, as_json: bool) -> None:
    client = _client(data)
    body = {name: list(value) if isinstance(value, tuple) else value for name, value in question.items() if value}
    document = client.ask("POST", path, body, key=str(uuid4()))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while document["state"] in {"requested", "forecasting"} and time.monotonic() < deadline:
        time.sleep(0.5)
        document = client.ask("GET", f"replays/{document['id']}")
    _print(document, [], as_json=as_json)


def _decide(data: Path | None, identifier: str, decision: str, reason: str) -> None:
    answer = _client(data).ask("POST", f"replays/{identifier}/{decision}", {"reason": reason})
    click.echo(f"{identifier} {answer['state']}: {answer['owed']} of {answer['toSend']} owed")


def _items(client: OperatorClient, identifier: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    after = "0"
    while after:
        page = client.ask("GET", f"replays/{identifier}/items", query={"after": after})
        items += page["items"]
        after = page.get("next", "")
    return items


def _print(document: dict[str, Any], items: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**document, **({"items": items} if items else {})}, indent=2))
        return
    problem = f" ({document['problem']})" if document["problem"] else ""
    click.echo(f"plan {document['id']} {document['state']}{problem}, asked for by {document['requestedBy']}")
    for one in document["forecast"]:
        click.echo(f"  {one['destination']}: {one['items']} {one['effect'] or 'not forecast yet'}, {one['owed']} owed")
    approval = "somebody else must approve" if document["fourEyes"] else "may be approved by anybody"
    click.echo(f"{document['toSend']} would be sent at {document['rate']:g} a second; {approval}.")
    if items:
        _print_items(items)


def _print_items(items: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in (*_COLUMNS, "differences"):
        table.add_column(name, overflow="fold")
    for item in items:
        places = [f"{one['kind']} {one['place']}" for one in item["differences"] or ()]
        more = [f"and {item['moreDifferences']} more"] if item["moreDifferences"] else []
        table.add_row(*(str(item[name] or "-") for name in _COLUMNS), "\n".join((*places, *more)) or "-")
    Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table)
