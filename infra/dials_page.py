"""
`docs/dials.md`, made from the dials themselves and from the five stacks.

    python -m infra.dials_page > docs/dials.md
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.dials import dial_names

STACKS = ("dev", "test", "integration", "staging", "prod")
_HERE = Path(__file__).parent
_LONGEST = 28  # characters of a value; a longer one is only counted

_HEAD = """# Dials

Five stacks come from one program and differ in their dials alone: `infra/Pulumi.<stack>.yaml`. Every dial is written \
in every stack. A missing, wrong or contradictory one stops `pulumi preview` with one line that names it and says \
what to set it to (`infra/dial_checks.py`); in `prod` some may not be weakened. No dial holds a secret. This page is \
made by `python -m infra.dials_page > docs/dials.md`, and a test compares it.
"""


def stack_file(stack: str) -> dict[str, Any]:
    """Return the configuration of a stack, as its file has it."""
    text = (_HERE / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text)["config"])


def render_page() -> str:
    """Return the page: what each dial means, then its value in each stack."""
    settings = {stack: stack_file(stack) for stack in STACKS}
    meanings = [f"| `{name}` | {meaning} |" for name, meaning in dial_names().items()]
    values = [
        f"| `{name}` | " + " | ".join(_shown(settings[stack].get(f"corridor:{name}")) for stack in STACKS) + " |"
        for name in dial_names()
    ]
    locations = " | ".join(settings[stack]["azure-native:location"] for stack in STACKS)
    lines = [_HEAD, "## What each means", "", "| dial | meaning |", "|---|---|", *meanings]
    lines += ["", "## What each stack sets", "", f"| dial | {' | '.join(STACKS)} |", "|---" * (len(STACKS) + 1) + "|"]
    return "\n".join([*lines, f"| `azure-native:location` | {locations} |", *values, ""])


def _shown(value: object) -> str:
    text = json.dumps(value) if isinstance(value, dict | list | bool) else str(value)
    if isinstance(value, dict | list) and len(text) > _LONGEST:
        return f"{len(value)} set"
    return f"`{text}`" if value not in ([], {}) else ""


if __name__ == "__main__":
    sys.stdout.write(render_page())
