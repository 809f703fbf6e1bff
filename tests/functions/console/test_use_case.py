"""Operators see what waits and decide it; every decision has an actor and a reason (D12, D19, invariant 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from functions.console.use_case import (
    decide_quarantine,
    describe_api,
    end_halt,
    list_halts,
    list_quarantine,
    put_halt,
    show_quarantine,
)
from functions.intake.use_case import Submission, receive_hl7v2
from functions.lab_results.use_case import PROCESS
from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_books import read_books
from shared.authorization import Principal
from shared.catalog.flows import CONSOLE
from shared.catalog.model import Member, Step
from shared.errors import RejectedError
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace
from tests.functions.console.rooms import OPERATOR, body
from tests.functions.messages import PARTNERS, oru

RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))


@pytest.fixture
def desk(ports: Ports) -> Ports:
    return replace(ports, partners=PARTNERS)


@pytest.fixture
def hold(desk: Ports, hints: RecordedHints) -> Callable[[str], str]:
    """Process a result whose status no table has: it waits for a person. Return the quarantine's id."""

    def held(mrn: str) -> str:
        payload = oru(mrn=mrn).replace(b"|F\r", b"|?\r")
        receive_hl7v2(Submission("riverside-lab", payload, "text/plain", start_trace()), RIVERSIDE, desk)
        known = {item["id"] for item in list_quarantine({}, desk)["items"]}
        for hint in hints.take():
            if hint.function == PROCESS.step.function:
                drain(PROCESS, hint.stream_id, desk)
        (fresh,) = {item["id"] for item in list_quarantine({}, desk)["items"]} - known
        return str(fresh)

    return held


def test_what_waits_is_listed_with_its_reason_and_without_the_patient(desk: Ports, hold: Callable[[str], str]) -> None:
    identifier = hold("TEST-CANARY-77")

    (item,) = list_quarantine({}, desk)["items"]

    assert (identifier, "riverside-lab", "lab-results", "unmapped-code", None) == (
        str(item["id"]),
        item["partner"],
        item["flow"],
        item["code"],
        item["disposition"],
    )
    assert "CANARY" not in str(item)


def test_the_list_comes_in_pages_and_by_code(desk: Ports, hold: Callable[[str], str], clock: FixedClock) -> None:
    first = hold("TEST-1")
    clock.advance(timedelta(seconds=1))
    second = hold("TEST-2")

    assert [second] == [str(item["id"]) for item in list_quarantine({"after": first}, desk)["items"]]
    assert [] == list_quarantine({"code": "another"}, desk)["items"]
    assert 2 == len(list_quarantine({"code": "unmapped-code"}, desk)["items"])


def test_a_full_page_says_where_the_next_begins(desk: Ports, hold: Callable[[str], str], ledger_url: str) -> None:
    identifier = hold("TEST-1")
    with psycopg.connect(ledger_url) as connection:
        connection.execute(
            "INSERT INTO quarantine SELECT (copy).* FROM (SELECT jsonb_populate_record(quarantine,"
            " jsonb_build_object('quarantine_id', gen_random_uuid())) AS copy"
            " FROM quarantine, generate_series(1, 149)) AS copies"
        )

    page = list_quarantine({}, desk)
    rest = list_quarantine({"after": page["next"]}, desk)

    everything = {item["id"] for item in [*page["items"], *rest["items"]]}
    assert (100, 50, 150, True) == (
        len(page["items"]),
        len(rest["items"]),
        len(everything),
        UUID(identifier) in everything,
    )
    assert "next" not in rest


@pytest.mark.parametrize(("decision", "disposition"), [("release", "released"), ("discard", "discarded")])
def test_a_decision_is_recorded_with_actor_and_reason_and_the_books_balance(
    desk: Ports, hold: Callable[[str], str], ledger_url: str, decision: str, disposition: str
) -> None:
    identifier = hold("TEST-1")

    row = decide_quarantine(identifier, decision, body(reason="looked at it"), OPERATOR, desk)

    assert (disposition, "operator/olga-example", "looked at it") == (
        row["disposition"],
        row["decidedBy"],
        row["reason"],
    )
    assert [] == list_quarantine({}, desk)["items"]
    assert disposition == show_quarantine(identifier, desk)["disposition"]
    assert read_books(ledger_url).balance


def test_a_decision_is_made_once(desk: Ports, hold: Callable[[str], str]) -> None:
    identifier = hold("TEST-1")
    decide_quarantine(identifier, "discard", body(reason="a test"), OPERATOR, desk)

    with pytest.raises(RejectedError, match="quarantine-decided"):
        decide_quarantine(identifier, "release", body(reason="a test"), OPERATOR, desk)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "request-invalid"),
        (b"[]", "request-invalid"),
        (b'{"reason": 1}', "request-invalid"),
        (b'{"reason": " "}', "reason-missing"),
        (b"{}", "reason-missing"),
        (b'{"reason": "' + b"x" * 20_000 + b'"}', "request-invalid"),
    ],
)
def test_a_request_that_says_no_reason_is_refused(
    desk: Ports, hold: Callable[[str], str], content: bytes, code: str
) -> None:
    identifier = hold("TEST-1")

    with pytest.raises(RejectedError, match=code):
        decide_quarantine(identifier, "release", content, OPERATOR, desk)


@pytest.mark.parametrize("identifier", ["no-id", "7c0e5a52-3d5e-4a2b-9d0b-0c7f2b9f7a11"])
def test_what_is_not_in_quarantine_is_unknown(desk: Ports, identifier: str) -> None:
    with pytest.raises(RejectedError, match="quarantine-unknown"):
        show_quarantine(identifier, desk)


def test_what_is_halted_is_listed_until_it_is_resumed(desk: Ports, clock: FixedClock) -> None:
    end = (clock.now + timedelta(hours=1)).isoformat()
    put_halt("flow", "lab-results", body(reason="an upgrade"), OPERATOR, desk)
    listed = put_halt("destination", "harbor-ehr", body(reason="their upgrade", until=end), OPERATOR, desk)["items"]

    assert [
        ("destination", "harbor-ehr", "operator/olga-example"),
        ("flow", "lab-results", "operator/olga-example"),
    ] == [(one["kind"], one["name"], one["actor"]) for one in listed]
    clock.advance(timedelta(hours=2))
    assert ["lab-results"] == [one["name"] for one in list_halts(desk)["items"]]
    assert [] == end_halt("flow", "lab-results", body(reason="done"), OPERATOR, desk)["items"]


def test_what_is_not_halted_cannot_be_resumed(desk: Ports) -> None:
    with pytest.raises(RejectedError, match="not-halted"):
        end_halt("partner", "riverside-lab", body(reason="done"), OPERATOR, desk)


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("patient", {"reason": "a test"}, "kind"),
        ("flow", {"reason": "a test", "until": "tomorrow"}, "until"),
        ("flow", {"reason": "a test", "until": "2026-03-14T12:00:00"}, "until"),
        ("flow", {"reason": "a test", "until": "2026-03-14T11:59:59+00:00"}, "until"),
        ("flow", {"reason": "a\0test"}, "reason"),
        ("partner", {"reason": "a test"}, "name"),
        ("destination", {"reason": "a test"}, "name"),
    ],
)
def test_a_halt_that_makes_no_sense_is_refused_where_it_does_not(
    desk: Ports, kind: str, fields: dict[str, object], place: str
) -> None:
    with pytest.raises(RejectedError) as refused:
        put_halt(kind, "lab-results", body(**fields), OPERATOR, desk)

    assert ("request-invalid", place) == (refused.value.code, refused.value.location)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("destination", "harbor-erh"),
        ("destination", "riverside-lab"),
        ("partner", "harbor-ehr"),
        ("flow", "intake"),
        ("flow", "lab-result"),
    ],
)
def test_a_name_that_would_halt_nothing_is_refused(desk: Ports, kind: str, name: str) -> None:
    with pytest.raises(RejectedError, match="request-invalid"):
        put_halt(kind, name, body(reason="their upgrade"), OPERATOR, replace(desk, partners=PARTNERS))

    assert [] == list_halts(desk)["items"]


def test_what_no_text_of_the_ledger_can_be_is_the_callers_fault(desk: Ports) -> None:
    with pytest.raises(RejectedError, match="request-invalid"):
        list_quarantine({"code": "a\0b"}, desk)
    with pytest.raises(RejectedError, match="request-invalid"):
        end_halt("flow", "lab\0results", body(reason="done"), OPERATOR, desk)


def test_the_served_document_describes_every_route_of_the_operations_api() -> None:
    document = describe_api()
    described = {
        (operation["operationId"], method.upper(), path.lstrip("/"))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }

    assert {(step.function, step.route.method, step.route.path) for step in CONSOLE.steps} == described
    assert "3.1.0" == document["openapi"]


@pytest.mark.parametrize("step", CONSOLE.steps, ids=lambda step: step.name)
def test_what_a_route_asks_for_and_whom_it_lets_in_is_in_the_document(step: Step) -> None:
    operation = describe_api()["paths"][f"/{step.route.path}"][step.route.method.lower()]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})

    assert [{"token": [step.route.role]}] == operation["security"]
    assert {member.name for member in step.route.asks} == set(content.get("properties", {}))
    assert {*step.route.query, *step.route.headers} == {
        one["name"] for one in operation["parameters"] if one["in"] != "path"
    }


def test_what_the_document_requires_is_required() -> None:
    deciding = [step for step in CONSOLE.steps if step.route.takes]

    assert all(step.route.asks[0] == Member("reason") for step in deciding)
    assert {"operator", "steward"} == {step.route.role for step in CONSOLE.steps}
