"""
A Pulumi provider that makes nothing: inputs are held against Azure's schema, ids and outputs are those of the engine.

It stands in for `azure-native` and `azuread` when the real command line runs our program without Azure. It keeps
no resource: what exists is what the state of the command line says. Provider defaults are not merged, and no name
is made up before a resource is created.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from infra.engine import azure
from infra.engine.resources import Resource, name_of, type_of
from infra.engine.state import Record, State
from infra.engine.steps import Step, step_for
from infra.engine.wire import leaves, read_struct, write_struct
from infra.rules import Severity
from infra.schema.verdict import authorities, judge

_Kind = provider_pb2.PropertyDiff


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One provider plugin of the given version, over the service `pulumirpc.ResourceProvider`."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._authorities = authorities()

    def Handshake(  # noqa: N802 - the protocol's
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Say that secrets arrive marked; resources and outputs arrive as their ids and values."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802 - the protocol's
        """Say the version of the SDK package whose plugin this is."""
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(  # noqa: N802 - the protocol's
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        """Take the provider's own configuration as it is."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(  # noqa: N802 - the protocol's
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Say that no change of the configuration replaces what the provider made."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802 - the protocol's
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        """Need no configuration, and answer previews too."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:  # noqa: N802 - the protocol's
        """Return the inputs, and a failure for each departure from Azure's schema that is certain."""
        found = judge([_resource(request.urn, read_struct(request.news))], self._authorities).findings
        failures = [
            provider_pb2.CheckFailure(property=each.path, reason=f"{each.rule}: {each.text}")
            for each in found
            if each.severity is Severity.ERROR
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:  # noqa: N802 - the protocol's
        """Return which inputs differ and which of them cannot be changed in place."""
        olds, news = read_struct(request.old_inputs), read_struct(request.news)
        step = _step(request, olds, news)
        if not step.paths:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        before, after = dict(leaves(olds)), dict(leaves(news))
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            replaces=step.fixed,
            diffs=step.paths,
            detailedDiff={path: _difference(path, path in step.fixed, before, after) for path in step.paths},
            hasDetailedDiff=True,
            # Two resources cannot have one id: the old one has to go before the new one can come.
            deleteBeforeReplace=azure.resource_id(request.urn, olds) == azure.resource_id(request.urn, news),
        )

    def Create(  # noqa: N802 - the protocol's
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        """Return the id and the outputs; in a preview no id, and of the outputs what follows from the inputs."""
        inputs = read_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=write_struct(azure.planned(inputs)))
        identity = azure.resource_id(request.urn, inputs)
        return provider_pb2.CreateResponse(
            id=identity, properties=write_struct(azure.outputs(request.urn, identity, inputs))
        )

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:  # noqa: N802 - the protocol's
        """Return the resource as the state has it: nothing changes it behind Pulumi's back."""
        found = azure.outputs(request.urn, request.id, read_struct(request.inputs or request.properties))
        return provider_pb2.ReadResponse(id=request.id, properties=write_struct(found), inputs=request.inputs)

    def Update(  # noqa: N802 - the protocol's
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        """Return the outputs after the change; the id stays."""
        found = azure.outputs(request.urn, request.id, read_struct(request.news))
        return provider_pb2.UpdateResponse(properties=write_struct(found))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802 - the protocol's
        """Let the resource go."""
        return empty_pb2.Empty()

    def Invoke(  # noqa: N802 - the protocol's
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        """Answer a provider function; FAILED_PRECONDITION where only the real Azure knows the answer."""
        try:
            found = azure.answer(request.tok)
        except azure.UnknownQuestionError as error:
            _refuse(context, str(error))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(write_struct(found))
        return response

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802 - the protocol's
        """Have nothing under way that could be cancelled."""
        return empty_pb2.Empty()


def _resource(urn: str, inputs: Mapping[str, Any], ignored: tuple[str, ...] = ()) -> Resource:
    return Resource(urn, type_of(urn), name_of(urn), True, inputs, ignore_changes=ignored)


def _step(request: provider_pb2.DiffRequest, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Step:
    salt = State()
    prior = State(salt.salt, {request.urn: Record(request.urn, request.id, True, salt.sealed(olds))})
    return step_for(_resource(request.urn, news, tuple(request.ignoreChanges)), prior)


def _difference(
    path: str, fixed: bool, before: Mapping[str, Any], after: Mapping[str, Any]
) -> provider_pb2.PropertyDiff:
    if path not in before:
        kind = _Kind.ADD_REPLACE if fixed else _Kind.ADD
    elif path not in after:
        kind = _Kind.DELETE_REPLACE if fixed else _Kind.DELETE
    else:
        kind = _Kind.UPDATE_REPLACE if fixed else _Kind.UPDATE
    return provider_pb2.PropertyDiff(kind=kind, inputDiff=True)


def _refuse(context: grpc.ServicerContext, reason: str) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, reason)
    raise AssertionError("abort does not return")
