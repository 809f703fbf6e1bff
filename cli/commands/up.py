"""`corridor up`: start everything and stay."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cli.running import DEFAULT_DATA
from local.platform.layout import DEFAULT_PORT


@click.command("up")
@click.option("--data", type=click.Path(path_type=Path), default=DEFAULT_DATA, help="Folder that keeps all state.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of the API; five more follow it.")
@click.option(
    "--postgres",
    default="",
    envvar="CORRIDOR_LOCAL_POSTGRES_URL",
    metavar="URL",
    help="A PostgreSQL server of your own (superuser's URL); better given by CORRIDOR_LOCAL_POSTGRES_URL.",
)
def command(data: Path, port: int, postgres: str) -> None:
    """
    Start the whole platform on this machine and stay until Ctrl-C or SIGTERM.

    PostgreSQL, Service Bus, token issuer, Key Vault, two sample destinations and the functions host, each
    supervised, each with a log of its own. Everything is kept in one folder: start again and the day goes on.
    """
    from local.platform.running import running_platform
    from local.supervisor.program import stop_requested

    stop = stop_requested()
    click.echo("Starting ...", err=True)
    with running_platform(data, port, unless=stop, external_postgres=postgres) as platform:
        if stop.is_set():
            return
        layout = platform.layout
        click.echo(f"Corridor answers at {layout.api_url}/api/v1/health")
        click.echo(f"  post   ./corridor send --partner riverside-lab FILE{_of(data, DEFAULT_DATA)}")
        click.echo(f"  follow ./corridor trace ID{_of(data, DEFAULT_DATA)}")
        click.echo(f"  logs   {layout.data / 'logs'}")
        click.echo("Ctrl-C stops it.")
        platform.supervisor.wait(stop)
    click.echo("Stopped.", err=True)


def _of(data: Path, default: Path) -> str:
    return "" if data == default else f" --data {shlex.quote(str(data))}"
