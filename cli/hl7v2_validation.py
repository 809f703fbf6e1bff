"""The conformance report of an HL7 v2 file for `corridor validate`: every message of it, in one OperationOutcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.errors import Issue
    from shared.partners.model import Sender


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings on a file; `is_unreadable` when no message in it could be read at all."""

    issues: tuple[Issue, ...]
    is_unreadable: bool


def check_file(path: Path, sender: Sender | None) -> Checked:
    """Return the findings on every message of a file; in a batch each place begins with the message's number."""
    from shared.errors import Issue, RejectedError
    from shared.formats.hl7v2.conformance.report import check_payload

    charset = sender.profile.default_charset if sender else None
    rules = sender.conformance if sender else ()
    try:
        reports = list(check_payload(path.read_bytes(), default_charset=charset, rules=rules))
    except RejectedError as error:
        return Checked((Issue("fatal", "structure", error.code, error.location, error.text),), is_unreadable=True)
    several = sum(1 for item, _ in reports if item) > 1
    issues = [issue for item, found in reports for issue in (in_message(item, found) if several and item else found)]
    return Checked(tuple(issues), all(issue.severity == "fatal" for issue in issues))


def in_message(number: int, issues: Iterable[Issue]) -> list[Issue]:
    """Return findings on one message of several, their places with its number before them."""
    return [
        replace(issue, location=f"message {number}, {issue.location}" if issue.location else f"message {number}")
        for issue in issues
    ]
