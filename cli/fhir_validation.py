"""The full validation of a FHIR file for `corridor validate`: a resource, a bundle, or NDJSON of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from shared.errors import Issue

_LINES = (".ndjson", ".jsonl")


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings on a file; `is_unreadable` when nothing in it could be read at all."""

    issues: tuple[Issue, ...]
    is_unreadable: bool


def refuse_unknown(profiles: tuple[str, ...]) -> None:
    """Wrong usage when a profile that was asked for is not known here."""
    from shared.validation.profiles.definitions import Definitions

    definitions = Definitions()
    for name in profiles:
        if definitions.type_of(name) is None:
            near = definitions.names_like(name)
            hint = f"; there is {', '.join(near)}" if near else ""
            raise click.UsageError(f"no such profile: {name}{hint}")


def check_file(path: Path, profiles: tuple[str, ...]) -> Checked:
    """Return the findings on a file; in NDJSON each text begins with the number of its line."""
    content = path.read_bytes()
    if path.suffix.lower() not in _LINES:
        issues = _check(content, profiles)
        return Checked(issues, _is_unreadable(issues))
    found = [(number, _check(line, profiles)) for number, line in _lines(content)]
    issues = tuple(_in_line(number, issue) for number, issues in found for issue in issues)
    return Checked(issues, bool(found) and all(_is_unreadable(issues) for _, issues in found))


def _in_line(number: int, issue: Issue) -> Issue:
    """Return a finding on one line of several; what is no JSON there is in this line, not in the first."""
    location = issue.location
    if issue.code == "not-fhir-json":
        location = location.replace("line 1,", f"line {number},")
    return replace(issue, location=location, text=f"Line {number}: {issue.text}")


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    yield from ((number, line) for number, line in enumerate(content.splitlines(), start=1) if line.strip())


def _check(content: bytes, profiles: tuple[str, ...]) -> tuple[Issue, ...]:
    from shared.errors import Issue, RejectedError
    from shared.formats.fhir.reading import read
    from shared.validation.full import validate_fully

    try:
        return validate_fully(read(content), profiles=profiles)
    except RejectedError as error:
        return (Issue("fatal", "structure", "not-fhir-json", error.location, error.text),)


def _is_unreadable(issues: tuple[Issue, ...]) -> bool:
    return any(issue.code == "not-fhir-json" for issue in issues)
