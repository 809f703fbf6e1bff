import uuid

import pytest

from tests.local.functions_host.programs import Hosted, eventually

KEY = {"x-functions-key": "master-key"}


def test_the_status_names_state_and_functions(host: Hosted) -> None:
    status = host.client.get("/admin/host/status", headers=KEY).json()

    assert status["state"] == "Running"
    assert {"item", "work", "news", "tick", "fact"} < set(status["functions"])


@pytest.mark.parametrize("key", ["", "wrong", "function-key"])
def test_only_the_master_key_opens_the_admin_endpoints(host: Hosted, key: str) -> None:
    assert host.client.get("/admin/host/status", headers={"x-functions-key": key}).status_code == 401
    assert host.client.post("/admin/functions/tick", json={}, headers={"x-functions-key": key}).status_code == 401


@pytest.mark.parametrize(
    ("function", "body", "expected"),
    [("unknown", b"{}", 404), ("item", b"{}", 400), ("work", b"{", 400), ("work", b"[]", 400), ("fact", b"{}", 400)],
)
def test_what_cannot_be_run_by_hand_is_said(host: Hosted, function: str, body: bytes, expected: int) -> None:
    response = host.client.post(f"/admin/functions/{function}", content=body, headers=KEY)

    assert response.status_code == expected


def test_functions_can_be_run_by_hand(host: Hosted) -> None:
    name = uuid.uuid4().hex
    ticks = len(host.facts("tick"))

    for function, text in (("work", name), ("batches", name), ("fact", f'{{"id": "{name}"}}'), ("tick", "")):
        response = host.client.post(f"/admin/functions/{function}", json={"input": text}, headers=KEY)
        assert response.status_code == 202

    assert eventually(lambda: [f for f in host.facts("work") if f["work"] == name], bool)
    assert eventually(lambda: [f for f in host.facts("batch") if f["batch"][0][0] == name], bool)
    assert eventually(lambda: [f for f in host.facts("fact") if f["id"] == name], bool)
    assert [f["retry"] for f in host.await_facts("tick", ticks + 3)[ticks:]] == [0, 1, 2]
