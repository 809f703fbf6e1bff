"""What a conformance report finds: every code with its severity and kind, in one place."""

from __future__ import annotations

from shared.errors import Issue, Severity

# Enough to mend a message by; a hostile one must not make a report larger than itself.
MAX_FINDINGS = 500

_KINDS: dict[str, tuple[Severity, str]] = {
    # structure
    "missing-segment": ("error", "required"),
    "segment-unknown": ("error", "structure"),
    "segment-unexpected": ("error", "structure"),
    "segment-out-of-order": ("error", "structure"),
    "segment-repeats-too-often": ("error", "structure"),
    "structure-unknown": ("warning", "not-supported"),
    "structure-differs": ("warning", "structure"),
    "version-unknown": ("warning", "not-supported"),
    # fields, components and their values
    "missing-field": ("error", "required"),
    "missing-component": ("error", "required"),
    "field-repeats-too-often": ("error", "structure"),
    "field-unexpected": ("warning", "structure"),
    "field-not-in-use": ("warning", "structure"),
    "component-unexpected": ("warning", "structure"),
    "number-invalid": ("error", "value"),
    "sequence-id-invalid": ("error", "value"),
    "date-invalid": ("error", "value"),
    "time-invalid": ("error", "value"),
    "data-type-unknown": ("error", "code-invalid"),
    "code-not-in-table": ("error", "code-invalid"),
    "code-not-suggested": ("warning", "code-invalid"),
    # the partner's own rules
    "profile-required": ("error", "required"),
    "profile-not-allowed": ("error", "structure"),
    "profile-too-long": ("error", "too-long"),
    # what the report itself has to say
    "lengths-not-checked": ("information", "informational"),
    "tables-not-checked": ("information", "informational"),
}


class Findings:
    """The findings on one message, in the order in which they were made."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self._omitted = 0

    def observe(self, code: str, location: str, text: str) -> None:
        """Note a finding; beyond the limit it is only counted."""
        if len(self.issues) >= MAX_FINDINGS:
            self._omitted += 1
            return
        severity, kind = _KINDS[code]
        self.issues.append(Issue(severity, kind, code, location, text))

    def closed(self) -> tuple[Issue, ...]:
        """Return the findings, the number of those left out included."""
        if self._omitted:
            text = f"{self._omitted} more findings are not listed."
            self.issues.append(Issue("information", "informational", "findings-omitted", "", text))
        return tuple(self.issues)
