"""`corridor validate`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from cli.files import Source, as_json, detect_format, find_sources, write_result

_LISTED_FAILURES = 20


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--profile", "profiles", metavar="URL", multiple=True, help="Check against this profile too.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write results below this folder.")
def command(paths: tuple[Path, ...], profiles: tuple[str, ...], out: Path | None) -> None:
    r"""
    Check FHIR R4 resources and bundles (JSON): PATHs are files or whole folders.

    Each file gets an OperationOutcome: on standard output for one file, else x.json.json below --out, or
    x.json.error.json when the file is no FHIR at all. Files in a folder that are not FHIR are skipped.

    Exit code: 0 all valid, 1 some not valid, 2 wrong usage.

    \b
    Examples:
      corridor validate bundle.json                  the OperationOutcome on standard output
      corridor validate converted/ --out checked/    a folder: converted/x.json -> checked/x.json.json
    """
    from cli.parallel import on_all_cores

    sources = find_sources(paths, out)
    results = list(on_all_cores(partial(_check, profiles=profiles, out=out), sources))
    failures = [result for result in results if result]
    for failure in failures[:_LISTED_FAILURES]:
        click.echo(failure, err=True)
    if out:
        valid, skipped = results.count(""), results.count(None)
        click.echo(f"valid {valid}, not valid {len(failures)}, skipped {skipped}", err=True)
    sys.exit(1 if failures else 0)


def _check(file: Source, profiles: tuple[str, ...], out: Path | None) -> str | None:
    """Write the outcome of one file; return "" when valid, else why not, None for a file that is not FHIR."""
    from shared.errors import Issue
    from shared.formats.fhir.encoding import parse
    from shared.validation import has_errors, outcome, validate

    if not file.is_named and detect_format(file.path) != "fhir":
        return None
    suffix = ".json"
    try:
        issues = validate(parse(file.path.read_bytes()), profiles=profiles)
    except (ValueError, RecursionError):
        suffix = ".error.json"
        issues = (Issue("fatal", "structure", "not-fhir-json", "", "The file is no JSON object."),)
    if out:
        write_result(out, file.name, suffix, outcome(issues))
    else:
        click.echo(as_json(outcome(issues)), nl=False)
    if not has_errors(issues):
        return ""
    first = next(issue for issue in issues if issue.severity in ("error", "fatal"))
    return f"not valid {file.path}: {': '.join(filter(None, (first.location, first.text)))}"
