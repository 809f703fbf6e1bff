"""
`result.*`: a laboratory said something about a report. Small and versioned; it mirrors no source's fields.

    result.preliminary | result.finalized | result.corrected | result.cancelled
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VERSION = 1


@dataclass(frozen=True, slots=True)
class ResultEvent:
    """What happened, with references into the message's bundle; the ledger knows to whom and by which message."""

    type: str
    reports: tuple[str, ...]
    observations: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """Return the event's data as kept in the ledger (never published)."""
        return {"reports": list(self.reports), "observations": list(self.observations)}


def result_event(status: str, bundle: dict[str, Any]) -> ResultEvent:
    """Return the event of a bundle whose most advanced report has the HL7 result status `status` (table 0123)."""
    references: dict[str, list[str]] = {"DiagnosticReport": [], "Observation": []}
    for entry in bundle.get("entry", ()):
        resource = entry["resource"]
        if resource["resourceType"] in references:
            references[resource["resourceType"]].append(f"{resource['resourceType']}/{resource.get('id', '')}")
    return ResultEvent(
        _TYPE_OF_STATUS.get(status, "result.preliminary"),
        tuple(references["DiagnosticReport"]),
        tuple(references["Observation"]),
    )


_TYPE_OF_STATUS = {
    "F": "result.finalized",
    "C": "result.corrected",
    "X": "result.cancelled",
}
