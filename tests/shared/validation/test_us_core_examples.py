"""
The examples that US Core publishes meet the profiles that they declare, where its packages are present.

`CORRIDOR_PACKAGES` names their folder; it defaults to `../shared/packages` beside the checkout.
"""

from __future__ import annotations

import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from shared.validation.full import validate_fully

PACKAGES = Path(os.environ.get("CORRIDOR_PACKAGES", Path(__file__).parents[4] / "shared" / "packages"))
EXAMPLE = re.compile(r"package/example/[^/]*\.json")
# Entries whose full URL and id differ, as R4 has it an error.
NOT_VALID = {"Bundle-66c8856b-ba11-4876-8aa8-467aad8c11a2", "Bundle-docref-example-2"}


def examples(package: Path) -> dict[str, Any]:
    with tarfile.open(package) as archive:
        return {
            Path(member.name).stem: json.load(file)
            for member in archive.getmembers()
            if EXAMPLE.fullmatch(member.name) and (file := archive.extractfile(member)) is not None
        }


@pytest.mark.parametrize(("file", "not_valid"), [("us_core_610.tgz", NOT_VALID), ("us_core_700.tgz", set())])
def test_the_examples_of_us_core_are_valid(file: str, not_valid: set[str]) -> None:
    if not (PACKAGES / file).exists():
        pytest.skip("the packages of US Core are not here")

    refused = {
        name
        for name, resource in examples(PACKAGES / file).items()
        if any(issue.severity in ("error", "fatal") for issue in validate_fully(resource))
    }

    assert not_valid == refused
