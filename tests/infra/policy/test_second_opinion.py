"""checkov agrees, but for what is written down: in an environment of its own, which `./corridor test --all` makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.policy.second_opinion import BY_FLOWS, EXEMPT, second_opinion
from infra.schema.verdict import as_arm, authorities
from tests.infra.recording import Estate

_CHECKOV = Path(__file__).parents[3] / ".corridor/env/checkers/bin/checkov"
_ANSWER = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--directory") + 1])
read = [json.loads(file.read_text())["resources"] for file in sorted(folder.iterdir())]
failed = [{"file_path": "/dev.json", "check_id": "CKV_AZURE_1", "resource": name} for name in ("b", "a")]
print(json.dumps({"results": {"failed_checks": failed}} if any(read) else {"passed": 0}))
"""


@pytest.fixture
def pretender(tmp_path: Path) -> Path:
    """A program that answers as checkov does."""
    answer, program = tmp_path / "answer.py", tmp_path / "checkov"
    answer.write_text(_ANSWER, encoding="utf-8")
    # Not as an interpreter line: a kernel does not read those with blanks in their paths.
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{answer}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return program


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_what_checkov_finds_is_told_by_check_and_stack(
    pretender: Path, tmp_path: Path, estates: dict[str, Estate]
) -> None:
    rendered = as_arm(estates["dev"].examination.result.resources, authorities())

    found = second_opinion(pretender, _folder(tmp_path / "templates"), {"dev": rendered})

    assert {"CKV_AZURE_1": ("dev a", "dev b")} == found


def test_a_template_that_checkov_does_not_read_is_no_agreement(pretender: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read no template"):
        second_opinion(pretender, _folder(tmp_path / "templates"), {"dev": []})


@pytest.mark.long
@pytest.mark.skipif(not _CHECKOV.exists(), reason="needs the environment `checkers`: ./corridor test --all makes it")
def test_checkov_finds_in_all_stacks_together_what_is_exempt_and_nothing_else(
    tmp_path: Path, estates: dict[str, Estate]
) -> None:
    stacks = {name: as_arm(each.examination.result.resources, authorities()) for name, each in estates.items()}

    found = second_opinion(_CHECKOV, tmp_path, stacks)

    assert {} == {check: resources for check, resources in found.items() if check not in EXEMPT}
    assert EXEMPT.keys() - found.keys() <= BY_FLOWS
