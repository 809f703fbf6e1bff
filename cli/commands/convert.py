"""`corridor convert`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.files import FORMATS, Source, find_sources
from cli.json_text import json_parts

if TYPE_CHECKING:
    from cli.conversion import Job
    from shared.mapping.hl7v2_to_fhir.bundles import BundleKind
    from shared.partners.hl7v2_writing import WritingPreferences
    from shared.partners.profile import PartnerProfile

_LISTED_FAILURES = 20
_LISTED_WARNINGS = 10
# As shared.mapping.hl7v2_to_fhir.bundles has them: `corridor convert --help` needs no mapping.
_BUNDLES = ("transaction", "batch", "message", "collection")
# As shared.partners.hl7v2_writing has them.
_VERSIONS = ("2.3.1", "2.5.1", "2.8")


@click.command("convert")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--from", "source", type=click.Choice(FORMATS), help="The format of the files (else detected).")
@click.option("--to", type=click.Choice(["fhir", "hl7v2"]), default="fhir", show_default=True)
@click.option("--partner", metavar="NAME|FILE", help="Read local codes and conventions as this partner means them.")
@click.option("--time-zone", metavar="ZONE", help="Zone (IANA) of all times without one, whatever MSH-7 says.")
@click.option("--operator", metavar="NAME", help="Organization that converts: each bundle then says so.")
@click.option("--operator-id", metavar="[SYSTEM|]VALUE", help="Its identifier.")
@click.option("--bundle", type=click.Choice(_BUNDLES), default=_BUNDLES[0], show_default=True, help="Kind of Bundle.")
@click.option("--hl7-version", type=click.Choice(_VERSIONS), help="Version of HL7 v2 to write (else the partner's).")
@click.option("--message-type", metavar="TYPE^EVENT", default="", help="HL7 v2 message to write (else as it says).")
@click.option("--coverage", is_flag=True, help="Report what became of every source field.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write results below this folder.")
def command(
    paths: tuple[Path, ...],
    source: str | None,
    to: str,
    partner: str | None,
    bundle: BundleKind,
    hl7_version: str | None,
    message_type: str,
    *,
    coverage: bool,
    out: Path | None,
    **declared: str | None,
) -> None:
    r"""
    Convert messages offline: PATHs are files or whole folders.

    One file without --out goes to standard output. With --out each x.hl7 gives x.hl7.json, or x.hl7.error.json (an
    OperationOutcome) when it fails, and x.hl7.coverage.json with --coverage; the rest goes on, on all cores. Files
    in a folder that are no messages are skipped and counted. A batch gives one collection of the bundles of what
    converts, and one OperationOutcome of what does not.

    FHIR (JSON) to HL7 v2 writes x.json.hl7, a message for each patient, document and appointment; --coverage reports
    what is not carried. Exit code: 0 all well, 1 some failed, 2 wrong usage.

    \b
    Examples:
      corridor convert result.hl7                          the FHIR bundle on standard output
      corridor convert day/ --out converted/               a folder: day/ward/x.hl7 -> converted/ward/x.hl7.json
      corridor convert day/ --out converted/ --partner riverside-lab --time-zone America/Denver
      corridor convert bundle.json --to hl7v2 --hl7-version 2.3.1 --message-type ADT^A08

    The same bytes give the same bytes: the message's own time (MSH-7) stands for that of its receipt.
    """
    from cli.conversion import Job

    _refuse_unsupported(sources := find_sources(paths, out), source, to)
    receiver = _receiver(partner, hl7_version, message_type) if to == "hl7v2" else None
    sender = None if receiver else _profile(partner, **declared)
    job = Job(source, to, sender, coverage, out, bundle, receiver, message_type)
    sys.exit(_to_folder(sources, job) if out else _to_output(sources[0], job))


def _profile(
    partner: str | None, time_zone: str | None, operator: str | None, operator_id: str | None
) -> PartnerProfile | None:
    """Return how the partner means what it sends, after what the caller declares instead."""
    from cli.partner_files import sender_of
    from shared.partners.profile import PartnerProfile, read_operator

    if operator_id and not operator:
        raise click.UsageError("--operator-id says how the --operator is identified: name it too")
    sender = sender_of(partner)
    profile = sender.profile if sender else None
    if time_zone:
        stated = profile or PartnerProfile(name="")
        quirks = replace(stated.quirks, header_zone=False)
        profile = replace(stated, time_zone=_zone(time_zone), quirks=quirks)
    if operator:
        profile = replace(profile or PartnerProfile(name=""), operator=read_operator(operator, operator_id or ""))
    return profile


def _zone(name: str) -> str:
    """Return the name of a time zone that there is."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.UsageError(f"--time-zone: no such time zone: {name}") from error
    return name


def _receiver(partner: str | None, version: str | None, message_type: str) -> WritingPreferences:
    """Return how the partner wants its HL7 v2, in the version asked for; wrong usage for what is not written."""
    from cli.partner_files import writing_preferences_of
    from shared.errors import RejectedError
    from shared.mapping.fhir_to_hl7v2.choice import read_message_type

    try:
        if message_type:
            read_message_type(message_type)
    except RejectedError as error:
        raise click.UsageError(f"--message-type: {error.text}") from error
    preferences = writing_preferences_of(partner)
    return replace(preferences, version=version) if version else preferences


def _refuse_unsupported(sources: list[Source], source: str | None, to: str) -> None:
    from cli.conversion import SUPPORTED, format_of

    if to not in {target for _, target in SUPPORTED}:
        raise click.UsageError(f"conversion to {to} is not yet supported")
    for name in [source] if source else [format_of(file, None) for file in sources if file.is_named]:
        if name is None:
            raise click.UsageError("cannot tell the format; say it with --from")
        if (name, to) not in SUPPORTED:
            raise click.UsageError(f"conversion from {name} to {to} is not yet supported")


def _to_output(file: Source, job: Job) -> int:
    from cli.conversion import convert_file, format_of

    source = format_of(file, job.source)
    assert source is not None  # noqa: S101 - refused before
    result = convert_file(file, source, job)
    shown = result.coverage if job.coverage else result.content
    parts = [shown] if isinstance(shown, bytes) else json_parts(result.outcome if shown is None else shown)
    for part in parts:
        click.echo(part, nl=False)
    for line in filter(None, (result.error, result.remark)):
        click.echo(f"corridor: {file.path}: {line}", err=True)
    return 1 if result.error else 0


def _to_folder(sources: list[Source], job: Job) -> int:
    from cli.conversion import convert_all

    began = time.monotonic()
    skipped: Counter[str] = Counter()
    converted = failed = warned = 0
    for result in convert_all(sources, job):
        if result.remark:
            warned += 1
            if warned <= _LISTED_WARNINGS:
                click.echo(f"warning {result.source.path}: {result.remark}", err=True)
        if result.skipped:
            skipped[result.skipped] += 1
        elif result.error:
            failed += 1
            if failed <= _LISTED_FAILURES:
                click.echo(f"failed {result.source.path}: {result.error}", err=True)
        else:
            converted += 1
    if failed > _LISTED_FAILURES:
        click.echo(f"... and {failed - _LISTED_FAILURES} more: each has its .error.json", err=True)
    others = ", ".join(f"{count} {name}" for name, count in sorted(skipped.items()))
    note = f", with warnings {warned} (--coverage lists them)" if warned else ""
    note += f", skipped {skipped.total()} ({others})" if skipped else ""
    seconds = time.monotonic() - began
    click.echo(f"converted {converted}, failed {failed}{note}, in {seconds:.1f} s", err=True)
    return 1 if failed else 0
