"""
A report, not a gate: agreement with the official R4 validator on valid or invalid, where its cases are present.

`CORRIDOR_CORPUS` names the folder of corpora; it defaults to `../shared/corpus` beside the checkout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from shared.validation import has_errors, validate

CORPUS = Path(os.environ.get("CORRIDOR_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
CASES = sorted((CORPUS / "fhir-test-cases-r4-validator").glob("*/case.json"))


def is_refused(text: str) -> bool:
    try:
        return has_errors(validate(json.loads(text)))
    except ValueError:
        return True


@pytest.mark.skipif(not CASES, reason="the official test cases are not here")
def test_agreement_with_the_official_validator_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    missed: list[str] = []
    alarms: list[str] = []
    for case in CASES:
        official = json.loads((case.parent / "expected-outcome.json").read_text(encoding="utf-8"))
        issues = official.get("outcome", official).get("issue", [])
        expected = any(issue["severity"] in ("error", "fatal") for issue in issues)
        file = case.parent / json.loads(case.read_text(encoding="utf-8"))["file"]
        refused = is_refused(file.read_text(encoding="utf-8"))
        if refused != expected:
            (alarms if refused else missed).append(case.parent.name)
    with capsys.disabled():
        agreed = len(CASES) - len(missed) - len(alarms)
        print(f"\nofficial R4 cases: {agreed} of {len(CASES)} agree; missed {missed}; false alarms {alarms}")  # noqa: T201
