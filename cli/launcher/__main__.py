"""Bring the environment of the wanted command up to date, then become that command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cli.launcher import environments

ROOT = Path(__file__).resolve().parents[2]

# `infra` too starts in the environment of the command line; it brings up Pulumi's own by itself.
_ENVIRONMENT_OF = {"test": "test", "bench": "test"}


def environment_for(arguments: list[str]) -> str:
    """Return the name of the environment in which the command that `arguments` name runs."""
    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    return _ENVIRONMENT_OF.get(command, "local")


def main(arguments: list[str]) -> None:
    """Replace this process by the command line, or end with one line that says what is missing."""
    try:
        python = environments.ensure(ROOT, environment_for(arguments)) / "bin" / "python"
    except (environments.SetupError, OSError) as error:
        sys.exit(f"corridor: {error}")
    except KeyboardInterrupt:
        sys.exit("corridor: interrupted; the next start goes on from here")
    os.execve(  # noqa: S606 - no shell: the arguments go on as they are
        python, [str(python), "-P", "-m", "cli", *arguments], {**os.environ, "PYTHONPATH": str(ROOT)}
    )


if __name__ == "__main__":
    main(sys.argv[1:])
