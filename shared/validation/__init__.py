"""
Validation of FHIR R4 (4.0.1) in line and offline, over compact generated tables.

    validate(resource)  findings about a plain dict: structure, cardinality, types, bindings, references, invariants
    outcome(findings)   the same as an OperationOutcome

What is not decided here is said so: `binding-undecidable`, `profile-unknown`.
"""

from shared.validation.findings import Limits
from shared.validation.outcome import has_errors, outcome
from shared.validation.walker import validate

__all__ = ["Limits", "has_errors", "outcome", "validate"]
