"""`corridor infra`: the landing zone, previewed without Azure in Pulumi's own environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from cli.launcher import environments
from cli.launcher.progress import SetupError

ROOT = Path(__file__).resolve().parents[2]
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("infra")
def command() -> None:
    """Look at the landing zone in Azure, without an Azure account."""


@command.command("preview")
@click.option("--stack", required=True, help="The stack: a file infra/Pulumi.STACK.yaml.")
@click.option("--json", type=_FILE, metavar="FILE", help="Write every resource to FILE, as an `up` registers it.")
@click.option("--cost", is_flag=True, help="Print the monthly estimate, per stack and per flow.")
@click.option("--state", type=_FILE, metavar="FILE", help="Compare with this state instead of an empty subscription.")
@click.option("--save", type=_FILE, metavar="FILE", help="Write the state that an `up` would leave to FILE.")
@click.option(
    "--types", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="More schemas to check."
)
@click.option("--config", multiple=True, metavar="KEY=VALUE", help="Change a dial, as `pulumi config set` would.")
@click.option("--reference", multiple=True, metavar="STACK=FILE", help="The state behind a stack reference.")
def preview(**options: object) -> None:
    r"""
    Run the Pulumi program of a stack and say what it would build, what stands in the way, what it costs.

    Every resource is held against Azure's schemas and our rules. Exit code: 0 clean, 1 an error was found or the
    program failed, 2 wrong usage. docs/infra-preview.md says what the report means.

    \b
    Examples:
      corridor infra preview --stack dev --save dev.json          what it builds; keep the state
      corridor infra preview --stack dev --state dev.json         what an edit since then would change
      corridor infra preview --stack prod --cost
      corridor infra preview --stack test --config corridor:messagingUnits=2
    """
    try:
        python = environments.ensure(ROOT, "infra") / "bin" / "python"
    except SetupError as error:
        click.echo(f"corridor: {error}", err=True)
        sys.exit(1)
    # The paths of the command line are those of where it was called, so it runs there.
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [str(python), "-P", "-m", "infra.preview", *arguments(options)]
    sys.exit(subprocess.run(started, env=environ, check=False).returncode)  # noqa: S603 - our own module


def arguments(options: Mapping[str, object]) -> list[str]:
    """Return the options as the preview's own command line takes them."""
    found: list[str] = []
    for name, given in options.items():
        if given is True:
            found.append(f"--{name}")
        elif given:
            texts = given if isinstance(given, tuple) else (given,)
            found += [part for text in texts for part in (f"--{name}", str(text))]
    return found
