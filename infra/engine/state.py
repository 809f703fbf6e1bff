"""
What a former run left: every resource with its inputs, as a JSON file that holds no secret.

A secret is sealed: only a digest of it is kept, keyed by the file's own random salt, which is enough to see
that it changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.engine.resources import Resource
from infra.engine.wire import Secret, revealed, shown

_VERSION = 1


class StateError(Exception):
    """A state file that is none; the message names it."""


@dataclass(frozen=True)
class Record:
    """One resource of the former run; `inputs` are sealed."""

    urn: str
    id: str
    custom: bool
    inputs: Mapping[str, Any]
    protect: bool = False
    retain: bool = False


@dataclass(frozen=True)
class State:
    """Every resource of a stack by URN, and what the stack exports; empty before the first `up`."""

    salt: str = field(default_factory=lambda: secrets.token_hex(16))
    records: Mapping[str, Record] = field(default_factory=dict)
    exports: Mapping[str, Any] = field(default_factory=dict)

    def sealed(self, value: Any) -> Any:
        """Return the value with each secret replaced by its digest."""
        if isinstance(value, Secret):
            text = json.dumps(revealed(value), sort_keys=True).encode()
            return {"sealed": hmac.new(self.salt.encode(), text, hashlib.sha256).hexdigest()}
        if isinstance(value, Mapping):
            return {key: self.sealed(inner) for key, inner in value.items()}
        return [self.sealed(inner) for inner in value] if isinstance(value, list) else value

    def after(self, resources: Iterable[Resource], exports: Mapping[str, Any]) -> State:
        """Return the state that an `up` of these resources leaves."""
        records = {
            each.urn: Record(each.urn, each.id, each.custom, self.sealed(each.inputs), each.protect, each.retain)
            for each in resources
        }
        return State(self.salt, records, shown(exports))


def read_state(path: Path) -> State:
    """Return the state in a file; StateError if the file holds something else."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise StateError(f"{path}: a state of version {data['version']}; this program reads version {_VERSION}")
        records = {row["urn"]: Record(**row) for row in data["resources"]}
        return State(data["salt"], records, data["exports"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StateError(f"{path}: not a state that `infra preview --save` wrote ({type(error).__name__})") from error


def write_state(state: State, path: Path) -> None:
    """Write the state as JSON, resources in the order of their URNs."""
    rows = [vars(state.records[urn]) for urn in sorted(state.records)]
    data = {"version": _VERSION, "salt": state.salt, "resources": rows, "exports": state.exports}
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
