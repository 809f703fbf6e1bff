"""Small Pulumi programs for the engine's tests, each in a folder of its own."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from infra.engine.resources import Place
from infra.engine.run import Program
from infra.engine.state import State

_HEAD = """
import pulumi
from pulumi import ResourceOptions
from pulumi_azure_native import resources, servicebus, managedidentity, keyvault


def queue(name, physical=None, opts=None, **more):
    return servicebus.Queue(
        name, queue_name=physical or name, namespace_name="bus", resource_group_name="group", opts=opts, **more
    )


class Room(pulumi.ComponentResource):
    def __init__(self, name, queue_name=None, opts=None):
        super().__init__("corridor:components:Room", name, None, opts)
        queue(queue_name or f"{name}-queue", "fixed", ResourceOptions(parent=self))
"""


def program(
    folder: Path, body: str, config: dict[str, str] | None = None, references: dict[str, State] | None = None
) -> Program:
    """Return the program whose text is `body`, after the imports and two short cuts."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "__main__.py").write_text(_HEAD + dedent(body), encoding="utf-8")
    return Program(folder, Place("corridor", "dev"), config or {}, references or {})
