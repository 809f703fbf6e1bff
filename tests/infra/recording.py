"""What the Pulumi program registered for one environment, recorded in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]

Resource = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """What the program registered for one environment."""

    name: str
    output: str

    @property
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


def start_recording(stack: str) -> subprocess.Popen[str]:
    """Start the program for `stack`; its standard output is what it registered."""
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("record_program.py")), stack],
        cwd=_ROOT,
        env={"PYTHONPATH": str(_ROOT), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
