"""The `corridor` command group: lazy, so that each command costs only what it needs itself."""

from __future__ import annotations

import importlib
import sys

import click

from cli.registry import COMMANDS
from shared.errors import IntegrationError


class LazyGroup(click.Group):
    """A group that knows its commands by the registry and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return the command, or `None` for a name that no command has."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(entry.module).command
        assert isinstance(command, click.Command)  # noqa: S101 - a mistake of ours, not of the user's
        return _marked(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands' lines from the registry, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])


def _marked(command: click.Command) -> click.Command:
    r"""Let click see where lines stay as they are: a raw docstring has `\b` as two characters, click wants one."""
    command.help = command.help and command.help.replace("\\b\n", "\b\n")
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        _marked(each)
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 115})
def application() -> None:
    """
    Run Corridor, the middleware of a health system: what comes in is kept, converted, delivered, accounted for.

    `corridor COMMAND --help` explains a command with examples. Exit codes: 0 all well, 1 something failed,
    2 wrong usage.
    """


def main() -> None:
    """Run the command line; an expected error is one line and exit 1."""
    try:
        application(prog_name="corridor")
    except IntegrationError as error:
        click.echo(f"corridor: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output went away: no one is left to tell.
        sys.stderr.close()
        sys.exit(1)
