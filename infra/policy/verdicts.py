"""
Our verdict on each of Azure's built-in policies, from `azure-verdicts.json`.

A row has the definition's id, its outcome over all stacks, what it is about in our words, why where it is not
enforced, and the parameters with which it is asked where Azure's defaults are not ours. `when` is there where flows
decide: the policy is exempt when some flow does this, and enforced as long as none does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.policy.azure_policies import Outcome

_FILE = Path(__file__).with_name("azure-verdicts.json")


@dataclass(frozen=True)
class Verdict:
    """One policy: `reason` is empty where it is enforced."""

    id: str
    outcome: Outcome
    about: str
    reason: str = ""
    when: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def agrees_with(self, found: Outcome) -> bool:
        """Tell whether the stacks come to what the verdict says."""
        return found is self.outcome or (bool(self.when) and found is Outcome.ENFORCED)


def _read(file: Path) -> tuple[Verdict, ...]:
    rows = json.loads(file.read_text(encoding="utf-8"))
    return tuple(Verdict(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows)


VERDICTS = _read(_FILE)
