"""The project and its stacks as Pulumi's own files describe them: `Pulumi.yaml` and `Pulumi.<stack>.yaml`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.engine.resources import Place
from infra.engine.run import Program
from infra.engine.state import State

INFRA = Path(__file__).parents[1]


class UnknownStackError(Exception):
    """There is no such stack; the message names those that exist."""


def stack_names(folder: Path = INFRA) -> tuple[str, ...]:
    """Return the stacks that have a file, in alphabetical order."""
    return tuple(sorted(path.name.split(".")[1] for path in folder.glob("Pulumi.*.yaml")))


def program_of(
    stack: str,
    changes: Mapping[str, str] | None = None,
    references: Mapping[str, State] | None = None,
    folder: Path = INFRA,
) -> Program:
    """
    Return the program of a stack, its configuration changed as `changes` say.

    UnknownStackError if the stack has no file; ValueError if its file holds an encrypted value, which only the
    Pulumi CLI could read.
    """
    if stack not in stack_names(folder):
        raise UnknownStackError(f"{stack}: no such stack; there are {', '.join(stack_names(folder))}")
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
    file = folder / f"Pulumi.{stack}.yaml"
    config = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("config") or {}
    texts = {_full(project, key): _text(file, key, value) for key, value in config.items()}
    texts |= {_full(project, key): value for key, value in (changes or {}).items()}
    return Program(folder, Place(project, stack), texts, references or {})


def _full(project: str, key: str) -> str:
    return key if re.match(r"[\w-]+:", key) else f"{project}:{key}"


def _text(file: Path, key: str, value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"secure"}:
        raise ValueError(f"{file.name}: {key} is encrypted, and stack files hold no secret; keep it in the Key Vault")
    return value if isinstance(value, str) else json.dumps(value)
