"""`corridor test`."""

from __future__ import annotations

import sys

import click


@click.command("test")
@click.option("--all", "everything", is_flag=True, help="Run the tests marked `long` too.")
@click.option("-k", "expression", metavar="EXPRESSION", help="Only tests that match, and nothing else.")
def command(everything: bool, expression: str | None) -> None:
    r"""
    Check everything, as CI does: style, types, floors, tests with coverage, and infra in its own environment.

    Every check runs, also after one that failed; a table closes the run. Exit code: 0 all passed, 1 some failed.

    \b
    Examples:
      corridor test                       what CI runs
      corridor test --all                 the long tests too
      corridor test -k "launcher or ack"  only the product's tests whose names match, without the other checks
    """
    from cli.checks import run_stages, stages

    sys.exit(run_stages(stages(everything=everything, expression=expression)))
