"""`corridor validate`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.files import Source, detect_format, find_sources, write_result
from cli.json_text import as_json

if TYPE_CHECKING:
    from shared.partners.model import Sender

_LISTED_FAILURES = 20


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--profile", "profiles", metavar="NAME|URL", multiple=True, help="Check FHIR against this profile too.")
@click.option("--partner", metavar="NAME|FILE", help="Check HL7 v2 against what this partner agreed to, too.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write results below this folder.")
def command(paths: tuple[Path, ...], profiles: tuple[str, ...], partner: str | None, out: Path | None) -> None:
    r"""
    Check FHIR R4 (JSON) and HL7 v2 messages: PATHs are files or whole folders.

    Each file gets an OperationOutcome: on standard output for one file, else x.json.json below --out, or
    x.json.error.json when the file cannot be read at all. Files in a folder that are neither are skipped.

    FHIR: resources, bundles and NDJSON, against R4, the profiles that they declare and those asked for: by id
    (us-core-patient) or by canonical URL, with |version or without. Of a bundle, those mean its entries. HL7 v2: a
    conformance report of every message in the file against its own version (structure, cardinality, data types,
    tables). Both also say what was not checked.

    Exit code: 0 all valid, 1 some not valid, 2 wrong usage.

    \b
    Examples:
      corridor validate bundle.json                  the OperationOutcome on standard output
      corridor validate converted/ --out checked/    a folder: converted/x.json -> checked/x.json.json
      corridor validate patient.json --profile us-core-patient
      corridor validate result.hl7 --partner riverside-lab
    """
    from cli.fhir_validation import refuse_unknown
    from cli.parallel import on_all_cores
    from cli.partner_files import sender_of

    refuse_unknown(profiles)
    sources = find_sources(paths, out)
    check = partial(_check, profiles=profiles, sender=sender_of(partner), out=out)
    results = list(on_all_cores(check, sources))
    failures = [result for result in results if result]
    for failure in failures[:_LISTED_FAILURES]:
        click.echo(failure, err=True)
    if out:
        valid, skipped = results.count(""), results.count(None)
        click.echo(f"valid {valid}, not valid {len(failures)}, skipped {skipped}", err=True)
    sys.exit(1 if failures else 0)


def _check(file: Source, profiles: tuple[str, ...], sender: Sender | None, out: Path | None) -> str | None:
    """Write the outcome of one file; return "" when valid, else why not, None for a file that is of another format."""
    from shared.validation import has_errors, outcome

    detected = detect_format(file.path)
    if detected == "hl7v2":
        from cli.hl7v2_validation import check_file

        checked = check_file(file.path, sender)
        issues, suffix = checked.issues, ".error.json" if checked.is_unreadable else ".json"
    elif file.is_named or detected == "fhir":
        from cli import fhir_validation

        resource = fhir_validation.check_file(file.path, profiles)
        issues, suffix = resource.issues, ".error.json" if resource.is_unreadable else ".json"
    else:
        return None
    if out:
        write_result(out, file.name, suffix, outcome(issues))
    else:
        click.echo(as_json(outcome(issues)), nl=False)
    if not has_errors(issues):
        return ""
    first = next(issue for issue in issues if issue.severity in ("error", "fatal"))
    return f"not valid {file.path}: {': '.join(filter(None, (first.location, first.text)))}"
