"""What the Pulumi program registers for one environment, and what the engine makes of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.engine.run import Run, preview
from infra.engine.stacks import program_of
from infra.preview.as_json import as_json
from infra.preview.examination import Examination, examine

AZURE_TYPES = Path(__file__).parents[3] / "shared" / "azure-types"

Resource = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """What the program registered for one environment."""

    name: str
    output: str

    @cached_property
    def resources(self) -> list[Resource]:
        """Every registration, components included."""
        return list(json.loads(self.output))

    def of(self, kind: str) -> dict[str, Resource]:
        """Return the resources whose token ends in `kind` (`servicebus:Queue`), by their names."""
        return {r["name"]: r for r in self.resources if r["type"] == f"azure-native:{kind}"}

    def one(self, kind: str) -> dict[str, Any]:
        """Return the inputs of the only resource of that kind."""
        (resource,) = self.of(kind).values()
        return dict(resource["inputs"])


@dataclass(frozen=True)
class Estate:
    """One environment, examined before its first `up`, and previewed once more after it."""

    examination: Examination
    again: Run

    @property
    def stack(self) -> Stack:
        """Return what was registered, as the preview's JSON has it."""
        return as_stack(self.examination.result)


def examine_stack(name: str) -> Estate:
    """Preview a stack, build it, and preview it again."""
    program = program_of(name)
    examination = examine(program, types=AZURE_TYPES if AZURE_TYPES.exists() else None)
    return Estate(examination, preview(program, examination.result.state))


def as_stack(run: Run) -> Stack:
    """Return what a run registered, as the preview's JSON has it."""
    return Stack(run.place.stack, json.dumps(as_json(run.resources), indent=1, sort_keys=True))
