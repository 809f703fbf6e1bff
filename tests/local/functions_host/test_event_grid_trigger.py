import uuid
from typing import Any

import httpx
import pytest

from tests.local.functions_host.programs import Hosted

URL = "/runtime/webhooks/EventGrid"
KEYED = {"functionName": "fact", "code": "event-grid-key"}


def event(identifier: str, **extra: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "subject": "s",
        "eventType": "Corridor.Invented",
        "eventTime": "2026-01-01T00:00:00Z",
        "data": {"n": 1},
        "dataVersion": "1",
        **extra,
    }


def cloud_event(identifier: str) -> dict[str, Any]:
    return {"specversion": "1.0", "id": identifier, "source": "/invented", "type": "invented", "data": {"n": 2}}


def post(host: Hosted, body: Any, kind: str = "Notification", **params: str) -> httpx.Response:
    return host.client.post(URL, json=body, params={**KEYED, **params}, headers={"aeg-event-type": kind})


def test_events_of_both_schemas_run_the_function_once_each(host: Hosted) -> None:
    names = [uuid.uuid4().hex for _ in range(3)]

    assert post(host, [event(names[0]), event(names[1])]).status_code == 202
    assert post(host, cloud_event(names[2])).status_code == 202

    seen = {fact["id"]: (fact["fact"], fact["data"]) for fact in host.facts("fact") if fact["id"] in names}
    assert seen == {
        names[0]: ("EventGridEvent", {"n": 1}),
        names[1]: ("EventGridEvent", {"n": 1}),
        names[2]: ("CloudEvent", {"n": 2}),
    }


def test_an_event_that_its_function_refuses_is_not_accepted(host: Hosted) -> None:
    assert post(host, [event("refuse")]).status_code == 500


def test_a_new_subscription_is_validated(host: Hosted) -> None:
    response = post(host, [event("v", data={"validationCode": "code-1"})], kind="SubscriptionValidation")

    assert (response.status_code, response.json()) == (200, {"validationResponse": "code-1"})


def test_a_cloud_events_publisher_is_allowed_by_options(host: Hosted) -> None:
    response = host.client.options(URL, params=KEYED, headers={"WebHook-Request-Origin": "eventgrid.example"})

    assert response.status_code == 200
    assert response.headers["webhook-allowed-origin"] == "eventgrid.example"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"functionName": "unknown"}, 404),
        ({"functionName": "item"}, 404),
        ({"code": "wrong"}, 401),
        ({"code": ""}, 401),
        ({"code": "master-key"}, 202),
    ],
)
def test_an_unknown_function_and_a_wrong_key_are_refused(host: Hosted, params: dict[str, str], expected: int) -> None:
    assert post(host, [], **params).status_code == expected


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"1"])
def test_a_body_that_holds_no_events_is_refused(host: Hosted, body: bytes) -> None:
    assert host.client.post(URL, params=KEYED, content=body).status_code == 400
