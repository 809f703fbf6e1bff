"""Findings -> OperationOutcome."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import Issue

ALL_WELL = {"severity": "information", "code": "informational", "details": {"text": "No issue was found."}}


def outcome(issues: Sequence[Issue]) -> dict[str, object]:
    """Return an OperationOutcome; without findings it says so, since `issue` is required."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [issue.as_fhir() for issue in issues] or [ALL_WELL],
    }


def has_errors(issues: Sequence[Issue]) -> bool:
    """Whether any finding makes the resource invalid."""
    return any(issue.severity in ("error", "fatal") for issue in issues)
