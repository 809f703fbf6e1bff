"""`corridor thresholds`: see and tune the limits that `ops` watches."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import click

from cli.running import data_folder, operator_database_url
from shared.adapters.postgres_threshold_desk import open_threshold_desk
from shared.workflow.thresholds import MEANINGS, Breach, Hours, Measure, Threshold

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), help="Folder of the local platform; else the last started."
)
_OFF = "off"


@click.group("thresholds")
def command() -> None:
    """
    See and tune the limits on what is measured of each flow; a deployment never resets one.

    In Azure set CORRIDOR_OPERATOR_DATABASE_URL.
    """


@command.command("list")
@click.option("--flow", help="Only this flow's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@_DATA
def show(flow: str | None, data: Path | None, *, as_json: bool) -> None:
    r"""
    Print every limit, who set it and why, and which of them are breached just now.

    \b
    Example:
      corridor thresholds list --flow lab-results
    """
    with open_threshold_desk(operator_database_url(data_folder(data))) as desk:
        limits = [each for each in desk.limits() if flow in {None, each.flow}]
        breaches = desk.breaches()
    if as_json:
        click.echo(json.dumps([_as_json(each, breaches.get(_key(each))) for each in limits], indent=2))
        return
    for each in limits:
        click.echo(_as_text(each, breaches.get(_key(each))))
    if not limits:
        click.echo("No limits yet: ops seeds them from the catalogue within a minute of its start.")


@command.command("set")
@click.argument("flow")
@click.argument("measure", type=click.Choice([each.value for each in Measure]))
@click.argument("limit")
@click.option(
    "--hours", type=click.Choice([each.value for each in Hours]), default=Hours.ALWAYS.value, show_default=True
)
@click.option("--partner", default="", help="Only for this partner: silence and rejections.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where the hours are, as IANA names it.")
@click.option("--reason", required=True, help="Why; never a patient's data.")
@click.option("--actor", help="Who; else the login of this machine.")
@_DATA
def tune(
    flow: str,
    measure: str,
    limit: str,
    hours: str,
    partner: str,
    time_zone: str,
    reason: str,
    actor: str | None,
    data: Path | None,
) -> None:
    r"""
    Set the LIMIT that a MEASURE of FLOW may reach and not exceed; `off` stops watching it.

    What each measure counts is in docs/operating.md. Written to the audit log. In force within a minute.

    \b
    Examples:
      corridor thresholds set lab-results silence 30 --hours day --time-zone America/New_York --reason "busy by 8"
      corridor thresholds set lab-results backlog off --reason "load test until tomorrow"
    """
    if limit != _OFF and not limit.isdecimal():
        raise click.BadParameter("expected a whole number or `off`", param_hint="LIMIT")
    by = f"operator/{actor or getpass.getuser()}"
    number = None if limit == _OFF else int(limit)
    threshold = Threshold(flow, partner, measure, hours, number, time_zone, by, reason)
    with open_threshold_desk(operator_database_url(data_folder(data))) as desk:
        desk.set(threshold)
    click.echo(_as_text(threshold, None))


def _key(threshold: Threshold) -> tuple[str, str, str]:
    return (threshold.flow, threshold.partner, threshold.measure)


def _as_text(threshold: Threshold, breach: Breach | None) -> str:
    limit = _OFF if threshold.limit is None else str(threshold.limit)
    whose = f"{threshold.flow} {threshold.partner}".strip()
    when = threshold.hours if threshold.hours == Hours.ALWAYS else f"{threshold.hours} ({threshold.time_zone})"
    line = f"{whose}  {threshold.measure} {limit}  {when}  by {threshold.actor}: {threshold.reason}"
    return f"{line}\n  breached since {breach.since:%Y-%m-%d %H:%M %Z}, {breach.value} then" if breach else line


def _as_json(threshold: Threshold, breach: Breach | None) -> dict[str, object]:
    return {
        "flow": threshold.flow,
        "partner": threshold.partner,
        "measure": threshold.measure,
        "meaning": MEANINGS[Measure(threshold.measure)],
        "hours": threshold.hours,
        "timeZone": threshold.time_zone,
        "limit": threshold.limit,
        "actor": threshold.actor,
        "reason": threshold.reason,
        "breachedSince": breach.since.isoformat() if breach else None,
    }
