"""`corridor trace ID`: every hop of a message, by any id."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.running import data_folder, operator_database_url
from shared.adapters.postgres_trace import Trace, read_disposal, read_traces
from shared.trace_context import trace_id_of

_COLOURS = {
    "accepted": "green",
    "processed": "green",
    "delivered": "green",
    "retry": "yellow",
    "quarantined": "red",
    "rejected": "red",
    "task-opened": "magenta",
}


@click.command("trace")
@click.argument("any_id", metavar="ID")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(any_id: str, data: Path | None, *, as_json: bool) -> None:
    r"""
    Follow one message through every hop: from the partner's POST to the last receipt.

    ID is a message id, delivery id, task id, event id, control id (MSH-10) or W3C trace id. Shows no payload;
    --json adds actors, spans and hashes. The look itself is written to the audit log.

    \b
    Examples:
      corridor trace 3f0c6a52-3d5e-4a2b-9d0b-0c7f2b9f7a11
      corridor trace RVL20260314-0042 --json
    """
    url = operator_database_url(data_folder(data))
    traces = read_traces(url, any_id)
    if not traces:
        gone = read_disposal(url, any_id)
        told = f"{any_id} was disposed of on {gone[0]:%Y-%m-%d}, as a {gone[1]} past its retention" if gone else ""
        click.echo(f"corridor: {told or f'no message is known by {any_id}'}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps([asdict(trace) for trace in traces], default=_plain, indent=2))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    for trace in traces:
        _print(console, trace)


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _print(console: Console, trace: Trace) -> None:
    message = trace.message
    # What no flow takes may hold anything in MSH-9 and MSH-12.
    kind = (
        f"{message.message_code}^{message.trigger_event} {message.hl7_version}" if message.flow else "refused message"
    )
    console.print(f"[bold]message {message.message_id}[/bold]  {kind} from {message.partner}")
    console.print(
        f"  control id {message.control_id or '-'}   acknowledged {message.acknowledgment_code or '-'}"
        f"   trace {trace_id_of(message.traceparent)}"
    )
    reason = f"  ({message.status_code} at {message.status_location or '-'})" if message.status_code else ""
    console.print(f"  status {message.status}{reason}")
    if message.duplicate_of:
        console.print(f"  the same bytes as {message.duplicate_of}")
    if message.control_id_reused:
        console.print("  its control id was used before with other bytes", style="yellow")
    console.print(_hops(trace))
    for delivery in trace.deliveries:
        receipt = f"  {delivery.receipt}" if delivery.receipt else ""
        repeated = "  possibly repeated" if delivery.possibly_repeated else ""
        state = " ".join(part for part in (delivery.status, delivery.status_code) if part)
        console.print(f"  delivery {delivery.delivery_id} to {delivery.destination}: {state}{receipt}{repeated}")
    for task in trace.tasks:
        console.print(
            f"  task {task.task_id} {task.kind}: {task.state} in {task.owner_queue},"
            f" due {task.due_at:%H:%M:%S}, escalated {task.escalation} times"
        )
    for function, status, attempts, code in trace.waiting:
        console.print(f"  {status} for {function}, {attempts} attempts{f', {code}' if code else ''}", style="yellow")
    console.print()


def _hops(trace: Trace) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("at", "ms", "function", "from", "to", "outcome", "try", "mapping"):
        table.add_column(title, justify="right" if title in {"ms", "try"} else "left", overflow="fold")
    before = trace.message.received_at
    for hop in trace.hops:
        outcome = Text(hop.outcome, style=_COLOURS.get(hop.outcome, ""))
        if hop.code:
            outcome.append(f" {hop.code}{f' at {hop.location}' if hop.location else ''}")
        table.add_row(
            f"{hop.at:%H:%M:%S}",
            f"{max((hop.at - before).total_seconds(), 0) * 1000:.0f}",
            hop.function,
            hop.source,
            hop.target,
            outcome,
            str(hop.attempt),
            hop.mapping or "",
        )
        before = hop.at
    return table
