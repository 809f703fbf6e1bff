"""
Whether the day went as it must: judged from the partners' answers, the ledger's books and the destinations' effects.

Each fault is a sentence; an empty list is a good day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from cli.demo.sending import Sent
from local.traffic.posting import Expected
from shared.adapters.postgres_books import Books


@dataclass(frozen=True, slots=True)
class Effect:
    """One transaction or webhook that a destination acted on, in the order in which it did."""

    destination: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Ledgered:
    """What the ledger knows beyond its books: deliveries as (id, destination, patient, status), tasks, statuses."""

    deliveries: Sequence[tuple[UUID, str, UUID | None, str]]
    critical_tasks: int
    statuses: dict[str, str]


def judge(
    sent: Sequence[Sent], expected: Expected, books: Books, ledgered: Ledgered, effects: Sequence[Effect]
) -> list[str]:
    """Return every fault of the day."""
    return [
        *_answers(sent),
        *_totals(sent, expected, books, ledgered),
        *_accounted(sent, ledgered),
        *_effects(ledgered, effects),
    ]


def _answers(sent: Sequence[Sent]) -> Iterator[str]:
    for one in sent:
        expect, code = one.posting.expect, one.answer.code
        if expect.acknowledgment:
            if code != expect.acknowledgment:
                yield f"posting {one.posting.sequence} of {one.posting.partner}: {code}, not {expect.acknowledgment}"
        elif not code.startswith("HTTP 4"):
            yield f"posting {one.posting.sequence} of {one.posting.partner}: {code}, not a problem"


def _totals(sent: Sequence[Sent], expected: Expected, books: Books, ledgered: Ledgered) -> Iterator[str]:
    # Only copies and refusals may be more than the day has, where a sender had to try again.
    if not books.balance:
        yield f"the books do not balance: {len(books.findings)} findings"
    if books.in_flight:
        yield f"{books.in_flight} still in flight"
    said = {
        "processed": (sum(line.processed for line in books.items), expected.processed),
        "quarantined": (sum(line.quarantined for line in books.items), expected.quarantined),
        "critical tasks": (ledgered.critical_tasks, expected.critical_tasks),
    }
    for name, (is_, must) in said.items():
        if is_ != must:
            yield f"{name}: {is_}, not {must}"
    resent = sum(one.resent for one in sent)
    for name, is_, must in (
        ("duplicates", sum(line.duplicate for line in books.items), expected.duplicates),
        ("rejected", sum(line.rejected for line in books.items), expected.rejected),
    ):
        if not must <= is_ <= must + resent:
            yield f"{name}: {is_}, not {must} (and at most {resent} more by senders that tried again)"


def _accounted(sent: Sequence[Sent], ledgered: Ledgered) -> Iterator[str]:
    for one in sent:
        if one.answer.is_accepted and ledgered.statuses.get(one.answer.message_id) not in {"processed", "quarantined"}:
            yield f"acknowledged and not accounted for: message {one.answer.message_id}"


def _effects(ledgered: Ledgered, effects: Sequence[Effect]) -> Iterator[str]:
    counted = Counter((effect.destination, effect.idempotency_key) for effect in effects)
    due = {(destination, str(id_)) for id_, destination, _, status in ledgered.deliveries if status == "delivered"}
    yield from (f"delivered without effect: {key} at {name}" for name, key in sorted(due - counted.keys()))
    yield from (f"effect without delivery: {key} at {name}" for name, key in sorted(counted.keys() - due))
    yield from (f"{count} effects of {key} at {name}" for (name, key), count in counted.items() if count > 1)
    place = {(effect.destination, effect.idempotency_key): number for number, effect in enumerate(effects)}
    newest: defaultdict[tuple[str, UUID], int] = defaultdict(lambda: -1)
    for id_, destination, patient, _ in ledgered.deliveries:
        number = place.get((destination, str(id_)))
        if patient is None or number is None:
            continue
        if number < newest[destination, patient]:
            yield f"out of order: delivery {id_} at {destination}"
        newest[destination, patient] = max(number, newest[destination, patient])
