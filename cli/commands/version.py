"""`corridor version`."""

from __future__ import annotations

import platform
import tomllib
from pathlib import Path

import click

_PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@click.command("version")
def command() -> None:
    """Print Corridor's version and the Python that runs it."""
    version = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    click.echo(f"corridor {version} (Python {platform.python_version()})")
