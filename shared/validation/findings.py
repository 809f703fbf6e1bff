"""The findings of one validation run, within limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.errors import Issue

KINDS: Final = {
    "element-unknown": "structure",
    "element-missing": "required",
    "array-expected": "structure",
    "array-unexpected": "structure",
    "too-many-values": "structure",
    "choice-repeated": "structure",
    "type-wrong": "structure",
    "key-invalid": "structure",
    "resource-type-missing": "structure",
    "resource-type-unknown": "structure",
    "value-invalid": "value",
    "value-empty": "value",
    "value-too-long": "too-long",
    "number-out-of-range": "value",
    "fixed-value-differs": "value",
    "pattern-differs": "value",
    "code-invalid": "code-invalid",
    "binding-undecidable": "not-supported",
    "profile-unknown": "not-supported",
    "extension-unknown": "not-supported",
    "slice-undecidable": "not-supported",
    "invariant-undecidable": "not-supported",
    "code-not-in-value-set": "code-invalid",
    "extension-misplaced": "structure",
    "profile-not-met": "structure",
    "profile-type-wrong": "structure",
    "slice-unknown": "structure",
    "slice-order-wrong": "structure",
    "reference-malformed": "value",
    "reference-type-wrong": "value",
    "reference-unresolved": "not-found",
    "reference-outside-bundle": "not-found",
    "full-url-differs": "value",
    "full-url-relative": "value",
    "id-repeated": "duplicate",
    "depth-exceeded": "too-costly",
    "size-exceeded": "too-costly",
    "too-many-issues": "too-costly",
}

TEXTS: Final = {
    "array-expected": "The element repeats: its value must be an array.",
    "array-unexpected": "The element does not repeat: its value must not be an array.",
    "type-wrong": "The JSON type does not fit {0}.",
    "value-invalid": "The value is no valid {0}.",
    "value-empty": "The value is empty: leave the element out instead.",
    "value-too-long": "The value is longer than a {0} may be.",
    "number-out-of-range": "The number is out of the range of {0}.",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a validation goes before it stops with an error (our policy)."""

    depth: int = 64
    nodes: int = 10_000_000
    issues: int = 500


class LimitReachedError(Exception):
    """The run stops here; the finding that says so is already recorded."""


class Findings:
    """Collects issues; an error too many stops the run, a remark too many is left out."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.issues: list[Issue] = []
        self.errors = 0
        self._said: set[str] = set()
        self._omits = False

    def error(self, code: str, location: str, text: str) -> None:
        """Record an error."""
        self.errors += 1
        self._add(Issue("error", KINDS.get(code, "invariant"), code, location, text))

    def warning(self, code: str, location: str, text: str) -> None:
        """Record a warning."""
        self._add(Issue("warning", KINDS.get(code, "invariant"), code, location, text))

    def once(self, code: str, subject: str, location: str, text: str) -> None:
        """Record, once per subject, what this validator cannot decide."""
        if subject not in self._said:
            self._said.add(subject)
            self._add(Issue("information", KINDS.get(code, "invariant"), code, location, text))

    def stop(self, code: str, location: str, text: str) -> LimitReachedError:
        """Record a fatal finding and return the exception that ends the run."""
        self.errors += 1
        self.issues.append(Issue("fatal", KINDS[code], code, location, text))
        return LimitReachedError(code)

    def _add(self, issue: Issue) -> None:
        if len(self.issues) < self.limits.issues:
            self.issues.append(issue)
        elif issue.severity == "error":
            raise self.stop("too-many-issues", issue.location, "Too many issues: the rest was not checked.")
        elif not self._omits:
            self._omits = True
            text = "Too many remarks: from here on only errors are listed."
            self.issues.append(Issue("information", "too-costly", "too-many-issues", issue.location, text))
