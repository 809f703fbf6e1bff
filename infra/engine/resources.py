"""What a program registers: one resource, under the URN that Pulumi gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STACK_TYPE = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Resource:
    """
    One registration. `inputs` are camelCase as sent, with `Secret` and `UNKNOWN` in them.

    `id` and `outputs` are what Azure answered; `id` is empty in a preview of what does not exist yet, and for
    components. `aliases` are the URNs under which the resource may have been known before.
    """

    urn: str
    type: str
    name: str
    custom: bool
    inputs: Mapping[str, Any]
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    protect: bool = False
    retain: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type without its provider: `servicebus:Queue`."""
        return self.type.partition(":")[2]

    @property
    def stack(self) -> str:
        """The stack to which the resource belongs."""
        return self.urn.split("::")[0].removeprefix("urn:pulumi:")


@dataclass(frozen=True)
class Place:
    """The project and the stack in which URNs are formed."""

    project: str
    stack: str

    @property
    def root(self) -> str:
        """The URN of the stack's own resource."""
        return self.urn("", STACK_TYPE, f"{self.project}-{self.stack}")

    def urn(self, parent: str, kind: str, name: str) -> str:
        """Return the URN of a resource below `parent` (a URN, or nothing)."""
        above = qualified_type(parent) if parent else STACK_TYPE
        qualified = kind if above == STACK_TYPE else f"{above}${kind}"
        return f"urn:pulumi:{self.stack}::{self.project}::{qualified}::{name}"


def qualified_type(urn: str) -> str:
    """Return the types from the outermost component to the resource: `corridor:components:Vault$azure-...`."""
    return urn.split("::", 3)[2]


def name_of(urn: str) -> str:
    """Return the resource's own name."""
    return urn.split("::", 3)[3]


def type_of(urn: str) -> str:
    """Return the resource's own type."""
    return qualified_type(urn).rpartition("$")[2]
