"""The provider that makes nothing, asked over Pulumi's own protocol."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from infra.engine.resources import Place
from infra.engine.wire import Secret, read_struct, write_struct
from infra.standin.provider import Provider
from infra.standin.serving import started

PLACE = Place("corridor", "dev")
QUEUE = "azure-native:servicebus:Queue"
URN = PLACE.urn("", QUEUE, "intake")
INPUTS = {"queueName": "intake", "namespaceName": "bus", "resourceGroupName": "group", "maxDeliveryCount": 10}
ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/group"
    "/providers/Microsoft.ServiceBus/namespaces/bus/queues/intake"
)
DIFF = provider_pb2.DiffResponse


@pytest.fixture(scope="module")
def provider() -> Iterator[Any]:
    server, port = started(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider("3.29.0"), server)
    )
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None).wait()


def difference(provider: Any, news: dict[str, Any], olds: dict[str, Any] | None = None) -> Any:
    old = write_struct(INPUTS if olds is None else olds)
    return provider.Diff(provider_pb2.DiffRequest(id=ID, urn=URN, old_inputs=old, news=write_struct(news)))


def test_a_provider_takes_secrets_and_previews_and_says_its_version(provider: Any) -> None:
    configured = provider.Configure(provider_pb2.ConfigureRequest())

    assert provider.Handshake(provider_pb2.ProviderHandshakeRequest()).accept_secrets
    assert (True, True) == (configured.acceptSecrets, configured.supportsPreview)
    assert "3.29.0" == provider.GetPluginInfo(empty_pb2.Empty()).version


def test_a_providers_own_configuration_is_taken_as_it_is_and_replaces_nothing(provider: Any) -> None:
    news = write_struct({"location": "eastus2"})

    assert news == provider.CheckConfig(provider_pb2.CheckRequest(news=news)).inputs
    assert DIFF.DIFF_NONE == provider.DiffConfig(provider_pb2.DiffRequest(news=news)).changes


def test_inputs_that_azures_schema_allows_pass(provider: Any) -> None:
    answer = provider.Check(provider_pb2.CheckRequest(urn=URN, news=write_struct(INPUTS)))

    assert (INPUTS, []) == (read_struct(answer.inputs), list(answer.failures))


def test_an_input_that_azures_schema_does_not_know_fails_with_its_place(provider: Any) -> None:
    news = write_struct({**INPUTS, "maxDeliveryCount": "ten"})
    answer = provider.Check(provider_pb2.CheckRequest(urn=URN, news=news))

    assert [("properties.maxDeliveryCount", "schema-type")] == [
        (each.property, each.reason.partition(":")[0]) for each in answer.failures
    ]


def test_a_preview_of_a_creation_gives_no_id(provider: Any) -> None:
    answer = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=write_struct(INPUTS), preview=True))

    assert ("", INPUTS) == (answer.id, read_struct(answer.properties))


def test_a_creation_gives_the_id_and_outputs_that_the_engine_gives(provider: Any) -> None:
    answer = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=write_struct(INPUTS)))

    assert (ID, {**INPUTS, "name": "intake"}) == (answer.id, read_struct(answer.properties))


def test_a_secret_comes_back_as_a_secret(provider: Any) -> None:
    inputs = {**INPUTS, "forwardTo": Secret("elsewhere")}
    answer = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=write_struct(inputs)))

    assert Secret("elsewhere") == read_struct(answer.properties)["forwardTo"]


def test_the_same_inputs_are_no_difference(provider: Any) -> None:
    assert DIFF.DIFF_NONE == difference(provider, INPUTS).changes


@pytest.mark.parametrize(
    ("news", "kind"),
    [
        ({**INPUTS, "maxDeliveryCount": 5}, provider_pb2.PropertyDiff.UPDATE),
        ({key: value for key, value in INPUTS.items() if key != "maxDeliveryCount"}, provider_pb2.PropertyDiff.DELETE),
    ],
)
def test_what_changes_in_place_replaces_nothing(provider: Any, news: dict[str, Any], kind: int) -> None:
    answer = difference(provider, news)

    assert (DIFF.DIFF_SOME, [], ["maxDeliveryCount"]) == (answer.changes, list(answer.replaces), list(answer.diffs))
    assert {"maxDeliveryCount": kind} == {path: each.kind for path, each in answer.detailedDiff.items()}


def test_a_fixed_input_replaces_and_the_old_one_goes_first_where_both_have_one_id(provider: Any) -> None:
    answer = difference(provider, {**INPUTS, "requiresSession": True})

    assert (["requiresSession"], True) == (list(answer.replaces), answer.deleteBeforeReplace)
    assert provider_pb2.PropertyDiff.ADD_REPLACE == answer.detailedDiff["requiresSession"].kind


def test_a_new_name_replaces_and_the_old_one_goes_last(provider: Any) -> None:
    answer = difference(provider, {**INPUTS, "queueName": "other"})

    assert (["queueName"], False) == (list(answer.replaces), answer.deleteBeforeReplace)
    assert provider_pb2.PropertyDiff.UPDATE_REPLACE == answer.detailedDiff["queueName"].kind


def test_a_fixed_input_that_goes_replaces_too(provider: Any) -> None:
    answer = difference(provider, INPUTS, {**INPUTS, "requiresSession": True})

    assert provider_pb2.PropertyDiff.DELETE_REPLACE == answer.detailedDiff["requiresSession"].kind


def test_an_update_keeps_the_id_and_a_deletion_lets_go(provider: Any) -> None:
    request = provider_pb2.UpdateRequest(urn=URN, id=ID, news=write_struct({**INPUTS, "maxDeliveryCount": 5}))

    assert 5 == read_struct(provider.Update(request).properties)["maxDeliveryCount"]
    assert empty_pb2.Empty() == provider.Delete(provider_pb2.DeleteRequest(urn=URN, id=ID))


def test_a_refresh_finds_what_the_state_has(provider: Any) -> None:
    answer = provider.Read(provider_pb2.ReadRequest(urn=URN, id=ID, inputs=write_struct(INPUTS)))

    assert (ID, INPUTS) == (answer.id, read_struct(answer.inputs))


def test_who_asks_is_known_and_what_only_azure_knows_is_refused(provider: Any) -> None:
    known = provider.Invoke(provider_pb2.InvokeRequest(tok="azure-native:authorization:getClientConfig"))
    with pytest.raises(grpc.RpcError) as refused:
        provider.Invoke(provider_pb2.InvokeRequest(tok="azure-native:storage:listStorageAccountKeys"))

    assert {"clientId", "objectId", "subscriptionId", "tenantId"} == set(read_struct(getattr(known, "return")))
    assert grpc.StatusCode.FAILED_PRECONDITION == refused.value.code()


def test_a_cancellation_is_answered(provider: Any) -> None:
    assert empty_pb2.Empty() == provider.Cancel(empty_pb2.Empty())
