"""
Validation of FHIR R4 (4.0.1) in line and offline, over compact generated tables.

    find_errors(resource)  in line: what makes a plain dict invalid R4, quick when nothing does
    validate(resource)     every finding: structure, cardinality, types, bindings, references, main invariants
    outcome(findings)      findings as an OperationOutcome

`shared.validation.full` adds profiles and the invariants in FHIRPath. What is not decided is said so:
`binding-undecidable`, `profile-unknown`.
"""

from shared.validation.findings import Limits
from shared.validation.inline import find_errors
from shared.validation.outcome import has_errors, outcome
from shared.validation.walker import validate

__all__ = ["Limits", "find_errors", "has_errors", "outcome", "validate"]
