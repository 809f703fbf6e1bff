"""The judge of the day finds each kind of fault, and nothing on a good day."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from uuid import UUID, uuid4

from cli.demo.judgement import Effect, Ledgered, judge
from cli.demo.sending import Sent
from cli.partner_client import Answer
from local.traffic.posting import Expectation, Expected, Posting
from shared.adapters.postgres_books import Books, DeliveriesLine, Finding, ItemsLine
from tests.fixtures.ledger import NOON

MESSAGE, PATIENT = uuid4(), uuid4()
FIRST, SECOND = uuid4(), uuid4()
EHR = "harbor-ehr"


def sent(code: str = "AA", expect: Expectation | None = None, resent: int = 0) -> Sent:
    posting = Posting(1, time(9), "riverside-lab", b"", "text/plain", expect or Expectation("accepted"))
    return Sent(posting, Answer(code, str(MESSAGE), ()), resent, 0.01, 0.0)


EXPECTED = Expected(1, 1, 1, 0, 0, 0, 0, 0, {})
BOOKS = Books(
    NOON,
    [ItemsLine("riverside-lab", "lab-results", 1, 1, 0, 0, 0, 0)],
    [DeliveriesLine(EHR, "lab-results", 2, 2, 0, 0, 0, 0, 0)],
)
LEDGERED = Ledgered(
    [(FIRST, EHR, PATIENT, "delivered"), (SECOND, EHR, PATIENT, "delivered")], 0, {str(MESSAGE): "processed"}
)
EFFECTS = [Effect(EHR, str(FIRST)), Effect(EHR, str(SECOND))]


def faults(
    sent_: Sent | None = None,
    expected: Expected = EXPECTED,
    books: Books = BOOKS,
    ledgered: Ledgered = LEDGERED,
    effects: list[Effect] = EFFECTS,
) -> str:
    return "; ".join(judge([sent_ or sent()], expected, books, ledgered, effects))


def test_a_good_day_has_no_fault() -> None:
    assert "" == faults()


def test_a_wrong_answer_is_a_fault() -> None:
    assert "AE, not AA" in faults(sent("AE"))
    assert "AA, not a problem" in faults(sent("AA", Expectation("rejected", acknowledgment="")))


def test_books_that_do_not_balance_are_a_fault() -> None:
    assert "do not balance" in faults(books=replace(BOOKS, findings=[Finding("rule", "row")]))


def test_what_is_still_in_flight_is_a_fault() -> None:
    waiting = [ItemsLine("riverside-lab", "lab-results", 1, 0, 0, 0, 0, 1)]
    assert "1 still in flight" in faults(books=replace(BOOKS, items=waiting))


def test_a_total_that_differs_is_a_fault() -> None:
    assert "processed: 1, not 2" in faults(expected=replace(EXPECTED, processed=2))
    assert "critical tasks: 0, not 1" in faults(expected=replace(EXPECTED, critical_tasks=1))


def test_a_copy_more_is_a_fault_unless_a_sender_tried_again() -> None:
    doubled = replace(BOOKS, items=[ItemsLine("riverside-lab", "lab-results", 2, 1, 1, 0, 0, 0)])

    assert "duplicates: 1, not 0" in faults(books=doubled)
    assert "" == faults(sent(resent=1), books=doubled)


def test_an_acknowledged_message_that_vanished_is_a_fault() -> None:
    assert "not accounted for" in faults(ledgered=replace(LEDGERED, statuses={}))


def test_a_delivery_without_effect_and_an_effect_without_delivery_are_faults() -> None:
    assert "delivered without effect" in faults(effects=EFFECTS[:1])
    assert "effect without delivery" in faults(effects=[*EFFECTS, Effect(EHR, str(UUID(int=7)))])


def test_a_doubled_effect_is_a_fault() -> None:
    assert "2 effects of" in faults(effects=[*EFFECTS, EFFECTS[1]])


def test_one_patients_effects_out_of_order_are_a_fault() -> None:
    assert "out of order" in faults(effects=EFFECTS[::-1])
