"""The books balance over a day's ways, and each rule finds the row that breaks it (invariant 4)."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from shared.adapters.memory import FakeDestinations, RecordedHints
from shared.adapters.postgres_books import DeliveriesLine, ItemsLine, read_books
from shared.errors import RejectedError, TransientError
from shared.ports import Ports
from tests.functions.messages import oru
from tests.shared.adapters.parts import nobody
from tests.shared.adapters.rooms import delivery_of, post, work_off


def alter(url: str, statement: str, *values: object) -> None:
    with psycopg.connect(url) as connection:
        changed = connection.execute(statement, values)
        assert 1 == changed.rowcount, "the test must break exactly one row"


@pytest.fixture
def processed(ports: Ports, hints: RecordedHints) -> UUID:
    message = post(ports, oru("T-1"))
    work_off(ports, hints)
    return message


@pytest.fixture
def parked(ports: Ports, hints: RecordedHints) -> UUID:
    """A message of which the delivery to the EHR was refused, and waits in quarantine."""
    assert isinstance(ports.destinations, FakeDestinations)
    ports.destinations.named("harbor-ehr")
    ports.destinations.by_name["harbor-ehr"].failures.append(RejectedError("destination-refused", text="HTTP 422"))
    message = post(ports, oru("T-9", mrn="TEST-0009"))
    work_off(ports, hints)
    return message


def test_an_empty_ledger_balances(ledger_url: str) -> None:
    books = read_books(ledger_url)

    assert ([], [], True, 0) == (books.items, books.deliveries, books.balance, books.in_flight)


def test_every_way_is_accounted_for(ports: Ports, hints: RecordedHints, processed: UUID, ledger_url: str) -> None:
    post(ports, oru("T-1"))
    post(ports, oru("T-2", version="9.9"))
    with pytest.raises(RejectedError):
        post(ports, b"not HL7")
    post(ports, oru("T-3", mrn="TEST-0003"))

    books = read_books(ledger_url)

    assert [
        ItemsLine("riverside-lab", "-", 1, 0, 0, 1, 0, 0),
        ItemsLine("riverside-lab", "lab-results", 4, 1, 1, 1, 0, 1),
    ] == books.items
    assert [
        DeliveriesLine("harbor-ehr", "lab-results", 1, 1, 0, 0, 0, 0, 0),
        DeliveriesLine("insight-portal", "lab-results", 1, 1, 0, 0, 0, 0, 0),
    ] == books.deliveries
    assert ([], True, 1) == (books.findings, books.balance, books.in_flight)


def test_what_waits_for_a_person_balances(parked: UUID, ledger_url: str) -> None:
    books = read_books(ledger_url)

    assert (True, 0) == (books.balance, books.in_flight)
    assert [1, 0] == [line.quarantined for line in books.deliveries]


def found(url: str) -> list[tuple[str, str]]:
    books = read_books(url)
    assert not books.balance
    return [(finding.rule, finding.subject) for finding in books.findings]


def test_a_message_that_nobody_works_on_is_found(ports: Ports, ledger_url: str) -> None:
    message = post(ports, oru())
    with psycopg.connect(ledger_url) as connection:
        connection.execute("delete from entry")

    assert [("message-in-flight-without-work", str(message))] == found(ledger_url)


def test_a_quarantined_message_that_nobody_sees_is_found(processed: UUID, ledger_url: str) -> None:
    alter(ledger_url, "update message set status = 'quarantined' where message_id = %s", processed)

    assert [("message-quarantined-without-entry", str(processed))] == found(ledger_url)


def test_a_processed_message_of_which_nothing_was_made_is_found(processed: UUID, ledger_url: str) -> None:
    alter(ledger_url, "delete from event where message_id = %s", processed)

    assert [("message-processed-without-event", str(processed))] == found(ledger_url)


def test_a_delivery_that_nobody_works_on_is_found(processed: UUID, ledger_url: str) -> None:
    delivery = delivery_of(processed)
    alter(ledger_url, "update delivery set status = 'due' where delivery_id = %s", delivery)

    assert [("delivery-in-flight-without-work", str(delivery))] == found(ledger_url)


def test_a_delivery_without_a_receipt_is_found(processed: UUID, ledger_url: str) -> None:
    delivery = delivery_of(processed)
    alter(ledger_url, "delete from hop where delivery_id = %s", delivery)

    assert [("delivery-without-exactly-one-receipt", str(delivery))] == found(ledger_url)


def test_a_delivery_with_two_receipts_is_found(processed: UUID, ledger_url: str) -> None:
    delivery = delivery_of(processed)
    alter(
        ledger_url,
        "insert into hop (message_id, delivery_id, function, source, target, at, actor, outcome, attempt, traceparent)"
        " select message_id, delivery_id, function, source, target, at, actor, outcome, attempt, traceparent"
        " from hop where delivery_id = %s",
        delivery,
    )

    assert [("delivery-without-exactly-one-receipt", str(delivery))] == found(ledger_url)


def test_a_quarantined_delivery_that_nobody_sees_is_found(processed: UUID, ledger_url: str) -> None:
    delivery = delivery_of(processed)
    alter(ledger_url, "update delivery set status = 'quarantined' where delivery_id = %s", delivery)

    assert [("delivery-quarantined-without-entry", str(delivery))] == found(ledger_url)


def test_a_stream_that_is_parked_for_nobody_is_found(parked: UUID, ledger_url: str) -> None:
    alter(ledger_url, "update quarantine set disposition = 'discarded' where delivery_id = %s", delivery_of(parked))

    assert [
        ("delivery-quarantined-without-entry", str(delivery_of(parked))),
        ("parked-without-quarantine", str(parked)),
    ] == found(ledger_url)


def test_an_accepted_message_that_was_not_acknowledged_is_found(processed: UUID, ledger_url: str) -> None:
    alter(ledger_url, "update message set acknowledgment_code = 'AE' where message_id = %s", processed)

    assert [("accepted-without-acknowledgment", str(processed))] == found(ledger_url)


def test_a_message_without_an_arrival_breaks_its_line(processed: UUID, ledger_url: str) -> None:
    alter(ledger_url, "delete from hop where function like 'intake%%' and message_id = %s", processed)
    books = read_books(ledger_url)

    assert ([], False) == (books.findings, books.balance)
    assert [False] == [line.balances for line in books.items]


def test_the_operators_role_may_read_the_books(processed: UUID, ledger_url: str) -> None:
    assert read_books(f"{ledger_url}?options=-c%20role%3Dcorridor_operator").balance


def test_a_ledger_that_is_down_heals() -> None:
    with nobody() as port, pytest.raises(TransientError, match="ledger-unavailable"):
        read_books(f"postgresql://any:any@127.0.0.1:{port}/any")
