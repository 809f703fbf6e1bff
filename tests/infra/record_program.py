"""Run the Pulumi program for one stack, without Azure or a CLI, and print what it registered as JSON."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pulumi
import yaml
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func

_INFRA = Path(__file__).parents[2] / "infra"
_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
_TENANT = "00000000-0000-0000-0000-000000000002"


# Which input becomes a resource's `name` output, where it is not called `name` already.
_NAMED_BY = {
    "BlobContainer": "containerName",
    "Database": "databaseName",
    "Namespace": "namespaceName",
    "Queue": "queueName",
    "ResourceGroup": "resourceGroupName",
    "Server": "serverName",
    "StorageAccount": "accountName",
    "Subscription": "subscriptionName",
    "Topic": "topicName",
    "UserAssignedIdentity": "resourceName",
    "Vault": "vaultName",
}


class _Azure(mocks.Mocks):
    """Answers as Azure Resource Manager does, as far as the program asks for anything."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        outputs.setdefault("name", outputs.get(_NAMED_BY.get(args.typ.split(":")[-1], ""), args.name))
        identity = outputs.get("identity")
        if identity:  # a list goes in, a map comes out
            outputs["identity"] = {
                **identity,
                "userAssignedIdentities": {each: {} for each in identity["userAssignedIdentities"]},
            }
        if args.typ.endswith(":UserAssignedIdentity"):
            outputs |= {"principalId": f"principal-of-{args.name}", "clientId": str(uuid5(NAMESPACE_URL, args.name))}
        return f"/subscriptions/{_SUBSCRIPTION}/{args.typ.split(':')[-1]}/{args.name}", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token != "azure-native:authorization:getClientConfig":
            raise LookupError(f"{args.token}: the program asks Azure for something that no answer is known to")
        return {"clientId": "", "objectId": "", "subscriptionId": _SUBSCRIPTION, "tenantId": _TENANT}, []


class _Recorder(mocks.MockMonitor):
    """Keeps each registration as it was sent: camelCase inputs, parent, protection, dependencies."""

    def __init__(self, azure: mocks.Mocks) -> None:
        super().__init__(azure)
        self.registered: list[dict[str, Any]] = []

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:  # noqa: N802 - the protocol's
        self.registered.append(
            {
                "type": request.type,
                "name": request.name,
                "custom": request.custom,
                "inputs": MessageToDict(request.object),
                "parent": request.parent,
                "dependencies": sorted(request.dependencies),
                "protect": request.protect,
                "deleteBeforeReplace": request.deleteBeforeReplace,
            }
        )
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def _program() -> None:
    runpy.run_path(str(_INFRA), run_name="__main__")


def record(stack: str) -> list[dict[str, Any]]:
    """Return every resource of `stack`, in an order that does not depend on scheduling."""
    config = yaml.safe_load((_INFRA / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    pulumi.runtime.set_all_config({key: json.dumps(v) if not isinstance(v, str) else v for key, v in config.items()})
    recorder = _Recorder(_Azure())
    mocks.set_mocks(_Azure(), project="corridor", stack=stack, preview=False, monitor=recorder)
    asyncio.get_event_loop().run_until_complete(run_pulumi_func(_program))
    return sorted(recorder.registered, key=lambda r: (r["type"], r["name"]))


if __name__ == "__main__":
    json.dump(record(sys.argv[1]), sys.stdout, indent=1, sort_keys=True)
