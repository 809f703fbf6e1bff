"""`corridor soak`: traffic under faults, judged from outside."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli.running import SOAK_DATA
from local.platform.layout import DEFAULT_PORT

_MARK = ".soak"
_MOST_MESSAGES = 200_000
_FEWEST_MESSAGES = 60


@click.command("soak")
@click.option("--rate", type=click.FloatRange(0.5, 500), default=10, show_default=True, help="Messages a second.")
@click.option("--minutes", type=click.FloatRange(0.05, 1440), default=5, show_default=True, help="How long they come.")
@click.option("--faults", default="all", show_default=True, metavar="LIST", help="Names with commas; all, none, list.")
@click.option("--seed", default=2026, show_default=True, help="The same seed: the same traffic, the same faults.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the result there.")
@click.option("--patience", default=600.0, show_default=True, help="Seconds to wait for quiet afterwards.")
@click.option("--data", type=click.Path(path_type=Path), default=SOAK_DATA, help="Folder for it; emptied first.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of the API; six more follow it.")
def command(
    rate: float, minutes: float, faults: str, seed: int, json_file: Path | None, patience: float, data: Path, port: int
) -> None:
    """
    Live through a hospital's traffic while everything around it breaks, and judge what came of it.

    Processes are killed, connections reset, answers lost, stores deleted, clocks turned. Afterwards the raw arrivals
    and the effects at the destinations are held against what was posted, and not Corridor's own records. Exit 0 when
    nothing is lost, doubled, out of order, misapplied, refused without reason or betrayed; else 1.
    """
    from cli.scratch_folder import empty_folder
    from cli.soak.report import lines_of, verdict_of, write_json
    from cli.soak.run import Order, run_soak
    from local.supervisor.program import stop_requested

    order = Order(rate, minutes * 60, _chosen(faults), seed, patience)
    if not _FEWEST_MESSAGES <= rate * minutes * 60 <= _MOST_MESSAGES:
        raise click.UsageError(f"rate and minutes must make {_FEWEST_MESSAGES} to {_MOST_MESSAGES} messages")
    stop = stop_requested()
    empty_folder(data, _MARK)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (data / _MARK).touch(mode=0o600)
    told = run_soak(order, data, port, stop, lambda line: click.echo(line))
    if told is None:
        click.echo("Stopped.", err=True)
        sys.exit(1)
    verdict = verdict_of(told)
    for line in lines_of(order, told, verdict):
        click.echo(line)
    if json_file is not None:
        write_json(json_file, order, told, verdict)
    broken = [book for book, found in verdict.items() if found] + (["no quiet"] if told.in_flight else [])
    click.echo(f"Not well: {', '.join(broken)}." if broken else "All of them zero.")
    sys.exit(1 if broken else 0)


def _chosen(faults: str) -> tuple[str, ...]:
    """Return the names of the faults; with `list` print them and leave."""
    from local.soak.faults import FAULTS

    if faults == "list":
        for name, fault in FAULTS.items():
            click.echo(f"{name:26}{fault.sentence}")
        sys.exit(0)
    if faults in ("all", "none"):
        return tuple(FAULTS) if faults == "all" else ()
    chosen = tuple(dict.fromkeys(name.strip() for name in faults.split(",") if name.strip()))
    unknown = [name for name in chosen if name not in FAULTS]
    if unknown or not chosen:
        raise click.UsageError(f"no such fault: {', '.join(unknown) or faults}; see --faults list")
    return chosen
