"""The resource monitor that a Pulumi program talks to: it keeps what is registered and answers as Azure would."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from infra.engine import azure
from infra.engine.aliases import aliases_of
from infra.engine.resources import Place, Resource
from infra.engine.state import State
from infra.engine.steps import Change, Step, step_for
from infra.engine.wire import read_struct, write_struct

_REFERENCE = "pulumi:pulumi:StackReference"
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
)


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """
    One run's monitor. `resources` and `steps` are by URN; `errors` are the refusals, in their order.

    Transforms, hooks and remote components are refused: they would need the real engine.
    """

    def __init__(self, place: Place, prior: State, references: Mapping[str, State], *, dry_run: bool) -> None:
        self.resources: dict[str, Resource] = {}
        self.steps: dict[str, Step] = {}
        self.exports: dict[str, Any] = {}
        self.errors: list[str] = []
        self._place = place
        self._prior = prior
        self._references = references
        self._dry_run = dry_run
        self._read: set[str] = set()
        self._lock = threading.Lock()

    def GetDeploymentInfo(self, request: Any, context: grpc.ServicerContext) -> resource_pb2.DeploymentInfo:  # noqa: N802 - the protocol's
        """Say which project and stack run, and what this monitor can do."""
        return resource_pb2.DeploymentInfo(
            project=self._place.project,
            stack=self._place.stack,
            organization="organization",
            dryRun=self._dry_run,
            supportedFeatures=_FEATURES,
        )

    def RegisterResource(  # noqa: N802 - the protocol's
        self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterResourceResponse:
        """Keep a resource, say what becomes of it, and answer as far as a run of this sort can know."""
        with self._lock:
            resource = self._resource(request, context)
            step = step_for(resource, self._prior)
            if resource.custom:
                resource = self._answered(resource, step, request.importId)
            self.resources[resource.urn] = resource
            self.steps[resource.urn] = step
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn, id=resource.id, object=write_struct(resource.outputs)
        )

    def RegisterResourceOutputs(  # noqa: N802 - the protocol's
        self, request: resource_pb2.RegisterResourceOutputsRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Keep what a component, or the stack itself, gives outwards."""
        with self._lock:
            outputs = read_struct(request.outputs)
            self.resources[request.urn] = replace(self.resources[request.urn], outputs=outputs)
            if request.urn == self._place.root:
                self.exports = outputs
        return empty_pb2.Empty()

    def ReadResource(  # noqa: N802 - the protocol's
        self, request: resource_pb2.ReadResourceRequest, context: grpc.ServicerContext
    ) -> resource_pb2.ReadResourceResponse:
        """Answer for a resource that exists already, or for what another stack exports."""
        urn = self._place.urn(request.parent, request.type, request.name)
        given = read_struct(request.properties)
        if request.type == _REFERENCE:
            found = given | {"outputs": self._exports_of(str(given.get("name")), context)}
        else:
            found = azure.outputs(urn, request.id, given)
        with self._lock:
            self._read.add(urn)
        return resource_pb2.ReadResourceResponse(urn=urn, id=request.id, properties=write_struct(found))

    def Invoke(  # noqa: N802 - the protocol's
        self, request: resource_pb2.ResourceInvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer a provider function, where the answer follows from nothing that only Azure knows."""
        try:
            found = azure.answer(request.tok)
        except azure.UnknownQuestionError as error:
            self._refuse(context, str(error))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(write_struct(found))
        return response

    def RegisterPackage(  # noqa: N802 - the protocol's
        self, request: resource_pb2.RegisterPackageRequest, context: grpc.ServicerContext
    ) -> resource_pb2.RegisterPackageResponse:
        """Accept a package reference: which plugin serves it makes no difference here."""
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def SignalAndWaitForShutdown(  # noqa: N802 - the protocol's
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Let the program end."""
        return empty_pb2.Empty()

    def _resource(self, request: resource_pb2.RegisterResourceRequest, context: grpc.ServicerContext) -> Resource:
        urn = self._place.urn(request.parent, request.type, request.name)
        if urn in self.resources:
            self._refuse(context, f"{request.type} {request.name}: registered twice under one name and parent")
        if request.remote:
            self._refuse(context, f"{request.type} {request.name}: a remote component needs the real engine")
        needed = {*request.dependencies, *([request.parent] if request.parent else [])}
        for missing in sorted(needed - self.resources.keys() - self._read):
            self._refuse(context, f"{request.type} {request.name}: depends on {missing}, which is not registered")
        known = {known: resource.aliases for known, resource in self.resources.items()}
        return Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            inputs=read_struct(request.object),
            parent=request.parent,
            dependencies=tuple(sorted(request.dependencies)),
            protect=request.protect,
            retain=request.retainOnDelete,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            aliases=aliases_of(request, self._place, known),
        )

    def _answered(self, resource: Resource, step: Step, imported: str) -> Resource:
        if self._dry_run and step.change in (Change.CREATE, Change.REPLACE):
            return replace(resource, id=imported, outputs=azure.planned(resource.inputs))
        record = self._prior.records.get(step.former or step.urn)
        kept = record.id if record and step.change is not Change.REPLACE else imported
        identity = kept or azure.resource_id(resource.urn, resource.inputs)
        return replace(resource, id=identity, outputs=azure.outputs(resource.urn, identity, resource.inputs))

    def _exports_of(self, name: str, context: grpc.ServicerContext) -> Mapping[str, Any]:
        if name not in self._references:
            self._refuse(context, f"{name}: the program refers to a stack whose state is not given")
        return self._references[name].exports

    def _refuse(self, context: grpc.ServicerContext, reason: str) -> NoReturn:
        self.errors.append(reason)
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, reason)
        raise AssertionError("abort does not return")
