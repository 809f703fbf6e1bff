"""
The errors of Corridor, named by what is done about them.

    IntegrationError        a code, a location, never a patient's value
      RejectedError         never retried: NACK, OperationOutcome or quarantine
      ReviewNeededError     a person decides: quarantine with a task
      TransientError        heals: retried with back-off, then quarantined
      ConfigurationError    at start-up only

A class exists only where handling differs; everything else is the `code` (stable, kebab-case) and the
`location` in the standard's own words (`PID-3.1`, `Patient.birthDate`, `row 7, column mrn`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """
    One finding, shaped like `OperationOutcome.issue`.

    `kind` is an R4 issue-type code (`required`, `value`, `structure`, `code-invalid`, `not-supported` ...),
    `code` ours, `location` in the standard's own words, `text` a sentence without any patient's value.
    """

    severity: Severity
    kind: str
    code: str
    location: str
    text: str

    def as_fhir(self) -> dict[str, object]:
        """Return the issue as `OperationOutcome.issue` (FHIR R4)."""
        issue: dict[str, object] = {
            "severity": self.severity,
            "code": self.kind,
            "details": {"coding": [{"system": "urn:corridor:error", "code": self.code}], "text": self.text},
        }
        if self.location:
            issue["expression"] = [self.location]
        return issue


class IntegrationError(Exception):
    """An expected failure. `text` tells people what to do; it never holds a patient's value."""

    def __init__(self, code: str, location: str = "", text: str = "") -> None:
        super().__init__(": ".join(part for part in (code, location, text) if part))
        self.code = code
        self.location = location
        self.text = text


class RejectedError(IntegrationError):
    """The input is wrong and stays wrong: it is refused or quarantined, never retried."""

    def __init__(self, code: str, location: str = "", text: str = "", issues: tuple[Issue, ...] = ()) -> None:
        super().__init__(code, location, text)
        self.issues = issues


class ReviewNeededError(IntegrationError):
    """A person must decide before the message can go on."""


class TransientError(IntegrationError):
    """The same attempt may succeed later. `retry_after` is the other side's own wish, in seconds."""

    def __init__(self, code: str, location: str = "", text: str = "", retry_after: float | None = None) -> None:
        super().__init__(code, location, text)
        self.retry_after = retry_after


class ConfigurationError(IntegrationError):
    """Corridor cannot start as it is configured."""
