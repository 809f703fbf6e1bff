from __future__ import annotations

from pathlib import Path

import pytest

from shared.adapters.memory import KnownTokens
from shared.authorization import GATEWAY_HEADER, admit, authorize
from shared.catalog.flows import INTAKE
from shared.errors import RejectedError, TransientError
from shared.problem import problem, status_of

ROUTE = INTAKE.step("receive-hl7v2").route
TOKENS = KnownTokens(
    {
        "role": {"sub": "s", "partner": "riverside-lab", "roles": ["message.send"]},
        "scope": {"sub": "s", "partner": "riverside-lab", "scp": "message.send other"},
        "poor": {"sub": "s", "partner": "riverside-lab", "roles": ["other"]},
        "entra": {"sub": "s", "roles": ["message.send", "partner.riverside-lab"]},
        "two": {"sub": "s", "roles": ["message.send", "partner.riverside-lab", "partner.northside-lab"]},
        "torn": {"sub": "s", "partner": "northside-lab", "roles": ["message.send", "partner.riverside-lab"]},
        "gateway": {"sub": "g", "roles": ["gateway"]},
        "odd": {"sub": "s", "roles": "message.send", "scp": 7},
    }
)


@pytest.mark.parametrize("token", ["role", "scope", "entra"])
def test_a_token_with_the_routes_role_opens_it(token: str) -> None:
    assert "riverside-lab" == authorize(f"Bearer {token}", ROUTE, TOKENS).partner


@pytest.mark.parametrize("token", ["two", "torn"])
def test_a_token_that_names_two_partners_speaks_for_none(token: str) -> None:
    assert "" == authorize(f"Bearer {token}", ROUTE, TOKENS).partner


@pytest.mark.parametrize(
    ("header", "code", "status"),
    [
        (None, "token-missing", 401),
        ("", "token-missing", 401),
        ("Basic cm9sZQ==", "token-missing", 401),
        ("Bearer ", "token-missing", 401),
        ("Bearer forged", "token-invalid", 401),
        ("Bearer poor", "role-missing", 403),
        ("Bearer odd", "role-missing", 403),
    ],
)
def test_any_other_caller_is_told_why_not(header: str | None, code: str, status: int) -> None:
    with pytest.raises(RejectedError) as caught:
        authorize(header, ROUTE, TOKENS)

    assert (code, status) == (caught.value.code, status_of(caught.value))
    assert b'"retryable":false' in problem(caught.value)


def test_what_may_heal_is_a_503_that_may_be_tried_again() -> None:
    error = TransientError("ledger-unavailable")

    assert 503 == status_of(error)
    assert b'"retryable":true' in problem(error)


@pytest.mark.parametrize(
    ("proof", "code", "status"),
    [
        (None, "gateway-token-missing", 401),
        ("", "gateway-token-missing", 401),
        ("forged", "gateway-token-invalid", 401),
        ("role", "gateway-role-missing", 403),
    ],
)
def test_behind_the_gateway_a_good_caller_that_came_past_it_is_refused(
    proof: str | None, code: str, status: int
) -> None:
    headers = {"Authorization": "Bearer role"} | ({} if proof is None else {GATEWAY_HEADER: proof})

    with pytest.raises(RejectedError) as caught:
        admit(headers, ROUTE, TOKENS, behind_gateway=True)

    assert (code, status, GATEWAY_HEADER) == (caught.value.code, status_of(caught.value), caught.value.location)


def test_the_gateways_proof_opens_no_route_by_itself() -> None:
    good = {"Authorization": "Bearer role", GATEWAY_HEADER: "gateway"}

    assert "riverside-lab" == admit(good, ROUTE, TOKENS, behind_gateway=True).partner
    with pytest.raises(RejectedError, match="role-missing"):
        admit(good | {"Authorization": "Bearer gateway"}, ROUTE, TOKENS, behind_gateway=True)
    with pytest.raises(RejectedError, match="token-missing"):
        admit({GATEWAY_HEADER: "gateway"}, ROUTE, TOKENS, behind_gateway=True)


def test_without_a_gateway_its_proof_is_not_asked_for() -> None:
    assert "s" == admit({"Authorization": "Bearer role"}, ROUTE, TOKENS, behind_gateway=False).subject


def test_no_door_of_an_app_leaves_the_gateways_proof_out() -> None:
    triggers = sorted((Path(__file__).parents[2] / "functions").glob("*/trigger.py"))
    doors = [file.parent.name for file in triggers if "admit(" in file.read_text(encoding="utf-8")]

    assert {"intake", "console"} <= set(doors)
    assert [] == [file.parent.name for file in triggers if "authorize(" in file.read_text(encoding="utf-8")]
