"""
The gate: agreement with the official R4 validator on valid or invalid, where its cases are present.

`CORRIDOR_CORPUS` names the folder of corpora; it defaults to `../shared/corpus` beside the checkout. The profiles
that a case loads are compiled as the committed ones are, from their differentials.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from scripts.fhir_profiles import R4Elements, compile_package
from scripts.fhir_terminology import Terminology
from shared.validation import has_errors
from shared.validation.full import validate_fully
from shared.validation.profiles.definitions import Definitions
from shared.validation.shapes import TABLES

CORPUS = Path(os.environ.get("CORRIDOR_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
CASES = sorted((CORPUS / "fhir-test-cases-r4-validator").glob("*/case.json"))
AGREEMENT = 0.90
FALSE_ALARMS = 0.03
# What they need is not here: displays of LOINC, a list of SNOMED codes that stand for body temperature, a rule that
# unknown extensions are refused, and the evaluation of search expressions.
NOT_FOUND = {"ips-nz-pj", "obs-temp-bad", "pat-dob-ext", "sp-diff-base"}
# Profiles in XML, or whose companions are not in the corpus.
NOT_COMPILED = {
    "ad-practitioner-resource",
    "parameters-profiled-resource-invalid",
    "patient-min-fixed1",
    "profile-slicing-multipleb",
}


def read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None  # XML, or the broken JSON that the case is about


def is_refused_officially(path: Path) -> bool:
    outcome = read(path)
    issues = outcome.get("outcome", outcome).get("issue", [])
    return any(issue["severity"] in ("error", "fatal") for issue in issues)


def base_elements() -> R4Elements:
    """Return what the committed tables say of R4's elements, in the form of definitions."""
    table = json.loads((TABLES / "shapes.json").read_text(encoding="utf-8"))["shapes"]

    def rows(name: str) -> dict[str, list[Any]]:
        inherited = rows(table[name]["base"]) if "base" in table[name] else {}
        return inherited | {row[0]: row for row in table[name]["rows"]}

    elements = [
        {
            "path": f"{name}.{row[0]}",
            "min": row[1],
            "max": "*" if row[2] < 0 else str(row[2]),
            "type": [{"code": kind} for kind in row[3].split("|")],
        }
        for name in table
        for row in rows(name).values()
    ]
    roots = [{"path": name} for name in table]
    return R4Elements([{"snapshot": {"element": [*roots, *elements]}}])


BASE = base_elements()


def is_refused_here(folder: Path, file: str, definitions: list[str], profiles: list[str]) -> bool:
    resource = read(folder / file)
    members = [one for name in definitions if (folder / name).exists() and (one := read(folder / name))]
    package = compile_package(members, BASE, Terminology(members), "", "case")
    known = Definitions([package])
    return resource is None or has_errors(validate_fully(resource, profiles=profiles, definitions=known))


@pytest.mark.skipif(not CASES, reason="the official test cases are not here")
def test_the_verdict_is_that_of_the_official_validator() -> None:
    missed: set[str] = set()
    alarms: set[str] = set()
    for path in CASES:
        case, folder = read(path), path.parent
        refused = is_refused_here(folder, case["file"], case.get("profiles", []), [])
        if refused != is_refused_officially(folder / "expected-outcome.json"):
            (alarms if refused else missed).add(folder.name)

    assert (NOT_FOUND, set()) == (missed, alarms)
    assert len(CASES) - len(missed) - len(alarms) >= AGREEMENT * len(CASES)
    assert len(alarms) <= FALSE_ALARMS * len(CASES)


@pytest.mark.skipif(not CASES, reason="the official test cases are not here")
def test_the_verdict_on_a_profile_is_that_of_the_official_validator() -> None:
    differ: set[str] = set()
    for path in CASES:
        case, folder = read(path), path.parent
        expected = folder / "expected-profile-outcome.json"
        if expected.exists():
            source = case["profile"]["source"]
            definitions = [source, *case["profile"].get("supporting", [])]
            named = [url for one in [read(folder / source)] if one and (url := one.get("url"))]
            if is_refused_here(folder, case["file"], definitions, named) != is_refused_officially(expected):
                differ.add(folder.name)

    assert NOT_COMPILED == differ
