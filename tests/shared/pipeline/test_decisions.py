"""What people decide about quarantine moves both books, the stream, the task and the evidence at once (D05, D12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from functions.delivery.use_case import SEND
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from shared.adapters.memory import FakeDestinations, FixedClock, MemoryArchive, RecordedHints
from shared.adapters.postgres_books import read_books
from shared.errors import RejectedError
from shared.pipeline import drain
from shared.pipeline.decisions import discard, halt, release, resume
from shared.ports import Ports
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import delivery_of, post, work_off

OPERATOR = "operator/test"


def rows(url: str, query: str, *values: object) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query, values).fetchall()


def quarantined(url: str) -> UUID:
    ((found,),) = rows(url, "select quarantine_id from quarantine where disposition is null")
    assert isinstance(found, UUID)
    return found


@pytest.fixture
def refused(ports: Ports, hints: RecordedHints, clock: FixedClock) -> list[UUID]:
    """Two results of one patient; the EHR has refused the first, the second waits behind it."""
    assert isinstance(ports.destinations, FakeDestinations)
    ports.destinations.named("harbor-ehr")
    ports.destinations.by_name["harbor-ehr"].failures.append(RejectedError("destination-refused", text="HTTP 422"))
    messages = [post(ports, oru("T-1", filler="F-1"))]
    work_off(ports, hints)
    clock.advance(timedelta(seconds=1))
    messages.append(post(ports, oru("T-2", filler="F-2")))
    work_off(ports, hints)
    return messages


@pytest.fixture
def unreadable(ports: Ports, hints: RecordedHints) -> list[UUID]:
    """Two results of one patient; the archive has altered the first."""
    messages = [post(ports, oru("T-1", filler="F-1")), post(ports, oru("T-2", filler="F-2"))]
    assert isinstance(ports.archive, MemoryArchive)
    ports.archive.contents[f"received/{messages[0]}"] += b" "
    for hint in hints.take():
        if hint.function == PROCESS.step.function:
            drain(PROCESS, hint.stream_id, replace(ports, partners=PARTNERS))
    return messages


def sent(ports: Ports) -> list[str]:
    assert isinstance(ports.destinations, FakeDestinations)
    return [key for key, _ in ports.destinations.by_name["harbor-ehr"].effects]


def test_a_released_delivery_goes_in_its_old_place_and_what_waited_follows(
    ports: Ports, hints: RecordedHints, refused: list[UUID], ledger_url: str
) -> None:
    assert [] == sent(ports)

    release(quarantined(ledger_url), OPERATOR, "the EHR was mended", ports)
    books = read_books(ledger_url)
    work_off(ports, hints)

    assert (True, 2) == (books.balance, books.in_flight)
    assert [str(delivery_of(message)) for message in refused] == sent(ports)
    assert read_books(ledger_url).balance


def test_a_discarded_delivery_is_cancelled_and_what_waited_goes_on(
    ports: Ports, hints: RecordedHints, refused: list[UUID], ledger_url: str
) -> None:
    discard(quarantined(ledger_url), OPERATOR, "sent by hand", ports)
    work_off(ports, hints)

    assert [str(delivery_of(refused[1]))] == sent(ports)
    books = read_books(ledger_url)
    assert (True, [1, 0]) == (books.balance, [line.cancelled for line in books.deliveries])


@pytest.mark.parametrize(("decide", "status"), [(release, "received"), (discard, "discarded")])
def test_a_message_moves_in_its_book(
    decide: object, status: str, ports: Ports, hints: RecordedHints, unreadable: list[UUID], ledger_url: str
) -> None:
    decide(quarantined(ledger_url), OPERATOR, "looked at it", ports)  # type: ignore[operator]

    assert [(status,)] == rows(ledger_url, "select status from message where message_id = %s", unreadable[0])
    assert read_books(ledger_url).balance
    contents = ports.archive.contents  # type: ignore[attr-defined]
    contents[f"received/{unreadable[0]}"] = contents[f"received/{unreadable[0]}"].rstrip(b" ")
    work_off(ports, hints)
    assert [("processed",)] == rows(ledger_url, "select status from message where message_id = %s", unreadable[1])
    assert read_books(ledger_url).balance


def test_what_waited_behind_a_person_is_no_old_backlog(
    ports: Ports, clock: FixedClock, unreadable: list[UUID], ledger_url: str
) -> None:
    clock.advance(timedelta(hours=5))
    with psycopg.connect(ledger_url) as connection:
        connection.execute("delete from entry where function = %s", (DETECT_CRITICAL.step.function,))

    discard(quarantined(ledger_url), OPERATOR, "sent anew", ports)

    with ports.ledger.transaction() as tx:
        assert clock() == tx.pressure.measure().oldest_due


def test_a_decision_has_an_actor_and_a_reason_everywhere_and_ends_its_review(
    ports: Ports, refused: list[UUID], ledger_url: str
) -> None:
    decided = quarantined(ledger_url)
    discard(decided, OPERATOR, "sent by hand", ports)

    assert [("discarded", OPERATOR, "sent by hand")] == rows(
        ledger_url, "select disposition, decided_by, reason from quarantine"
    )
    assert [(OPERATOR, "sent by hand")] == rows(
        ledger_url, "select actor, reason from audit where action = 'discarded'"
    )
    assert [(OPERATOR, "destination-refused")] == rows(
        ledger_url, "select actor, code from hop where outcome = 'discarded'"
    )
    assert [("completed",)] == rows(ledger_url, "select state from task where kind = 'quarantine-review'")


def test_what_fails_again_after_its_release_is_reviewed_again(
    ports: Ports, hints: RecordedHints, refused: list[UUID], ledger_url: str
) -> None:
    release(quarantined(ledger_url), OPERATOR, "the EHR was mended", ports)
    ports.destinations.by_name["harbor-ehr"].failures.append(RejectedError("destination-refused"))  # type: ignore[attr-defined]
    work_off(ports, hints)

    assert [("completed",), ("queued",)] == rows(ledger_url, "select state from task order by state")
    release(quarantined(ledger_url), OPERATOR, "now it is", ports)
    work_off(ports, hints)
    assert 2 == len(sent(ports))


def test_the_search_for_critical_values_is_released_without_moving_the_message(
    ports: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    message = post(ports, oru(value="7.9", flag="HH"))
    contents = ports.archive.contents  # type: ignore[attr-defined]
    desk = replace(ports, partners=PARTNERS)
    taken = hints.take()
    for stage in (PROCESS, DETECT_CRITICAL):
        if stage is DETECT_CRITICAL:
            contents[f"received/{message}"] += b" "
        for hint in taken:
            if hint.function == stage.step.function:
                drain(stage, hint.stream_id, desk)
    contents[f"received/{message}"] = contents[f"received/{message}"].rstrip(b" ")

    release(quarantined(ledger_url), OPERATOR, "the archive is whole again", ports)
    assert [("processed",)] == rows(ledger_url, "select status from message")
    work_off(ports, hints)

    assert [("critical-result",)] == rows(ledger_url, "select kind from task where state = 'queued'")


def test_nothing_is_decided_twice_or_without_a_reason(ports: Ports, refused: list[UUID], ledger_url: str) -> None:
    decided = quarantined(ledger_url)
    for act, code in (
        (lambda: release(decided, OPERATOR, "  ", ports), "reason-missing"),
        (lambda: release(uuid4(), OPERATOR, "why", ports), "quarantine-unknown"),
        (lambda: halt("flow", "lab-results", OPERATOR, "", ports), "reason-missing"),
        (lambda: resume("flow", "lab-results", OPERATOR, "", ports), "reason-missing"),
    ):
        with pytest.raises(RejectedError, match=code):
            act()
    release(decided, OPERATOR, "why", ports)
    with pytest.raises(RejectedError, match="quarantine-decided"):
        discard(decided, OPERATOR, "why", ports)


def test_a_halted_flow_waits_but_critical_values_are_found(
    ports: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    halt("flow", "lab-results", OPERATOR, "wrong code map", ports)
    message = post(ports, oru(value="7.9", flag="HH"))
    work_off(ports, hints)

    assert [("received",)] == rows(ledger_url, "select status from message")
    assert [("halted", 0)] == rows(ledger_url, "select code, attempts from entry where status = 'held'")
    assert [("critical-result",)] == rows(ledger_url, "select kind from task")

    assert resume("flow", "lab-results", OPERATOR, "map corrected", ports)
    assert not resume("flow", "lab-results", OPERATOR, "map corrected", ports)
    work_off(ports, hints)
    assert [str(delivery_of(message))] == sent(ports)
    assert SEND.halting_flow == "delivery"
