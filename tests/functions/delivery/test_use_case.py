"""Consent, minimise, validate, send; at least once, under one stable key (C14, D17, invariants 2, 8, 12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from functions.delivery.use_case import SEND
from shared.adapters.memory import FakeDestination, FakeDestinations, FixedClock, MemoryArchive
from shared.errors import RejectedError, TransientError
from shared.pipeline import drain
from shared.ports import Ports
from tests.functions.delivery.rooms import BUNDLE, Owe, deliveries, destination
from tests.functions.messages import PARTNERS


def test_what_is_due_is_sent_archived_and_receipted(desk: Ports, owe: Owe, ledger_url: str) -> None:
    drain(SEND, owe(), desk)

    ((key, body),) = destination(desk).effects
    assert BUNDLE == orjson.loads(body)
    assert [("delivered", "taken")] == deliveries(ledger_url, "status, receipt")
    assert isinstance(desk.archive, MemoryArchive)
    assert [body] == [content for name, content in desk.archive.contents.items() if name.startswith(f"sent/{key}")]


def test_a_portal_gets_only_what_its_file_allows(desk: Ports, owe: Owe) -> None:
    drain(SEND, owe("insight-portal"), desk)

    ((_, body),) = destination(desk, "insight-portal").effects
    assert b"TESTPATIENT-ALDER" in body
    assert b"555-0100" not in body


def test_a_denied_consent_withholds_with_a_reason(desk: Ports, owe: Owe, ledger_url: str) -> None:
    key = uuid4()
    with psycopg.connect(ledger_url) as connection:
        connection.execute(
            "insert into consent values (%s, 'harbor-ehr', 'deny', 'asked to', now())",
            (key,),
        )

    drain(SEND, owe(key=key), desk)

    assert [] == destination(desk).effects
    assert [("withheld", "consent-denied")] == deliveries(ledger_url)


def test_an_invalid_body_never_leaves(desk: Ports, owe: Owe, ledger_url: str) -> None:
    broken = orjson.loads(orjson.dumps(BUNDLE))
    broken["entry"][0]["resource"]["gender"] = "unheard-of"

    drain(SEND, owe(bundle=broken), desk)

    assert [] == destination(desk).effects
    ((status, _),) = deliveries(ledger_url)
    assert "quarantined" == status


def test_a_destination_that_is_down_loses_nothing_and_keeps_the_order(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock
) -> None:
    key = uuid4()
    destination(desk).failures.extend([TransientError("destination-unreachable")] * 3)
    stream_id = owe(key=key)
    clock.advance(timedelta(milliseconds=1))
    owe(key=key)

    for _ in range(4):
        drain(SEND, stream_id, desk)
        clock.advance(timedelta(minutes=5))

    assert [("delivered", 4), ("delivered", 1)] == deliveries(ledger_url, "status, attempts")
    with psycopg.connect(ledger_url) as connection:
        in_order = [
            str(row[0]) for row in connection.execute("select delivery_id from delivery order by due_since").fetchall()
        ]
    assert in_order == [effect for effect, _ in destination(desk).effects]


def test_a_refused_delivery_waits_for_a_person_and_holds_only_its_own_stream(
    desk: Ports, owe: Owe, ledger_url: str
) -> None:
    destination(desk).failures.append(RejectedError("destination-refused", text="HTTP 422"))

    drain(SEND, owe(), desk)
    drain(SEND, owe(), desk)

    assert [("delivered",), ("quarantined",)] == sorted(deliveries(ledger_url, "status"))


def test_a_crash_between_sending_and_committing_repeats_under_the_same_key(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock
) -> None:
    stream_id = owe()
    crashing = replace(desk, lease=timedelta(seconds=-1))

    class Crash(FakeDestination):
        def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Any:
            super().send(body, idempotency_key=idempotency_key, traceparent=traceparent)
            with desk.ledger.transaction() as tx:  # another worker takes the stream over meanwhile
                assert tx.streams.take(stream_id, "other", timedelta(seconds=-1), "")() is not None
            raise KeyboardInterrupt

    assert isinstance(desk.destinations, FakeDestinations)
    desk.destinations.by_name["harbor-ehr"] = crashed = Crash()
    with pytest.raises(KeyboardInterrupt):
        drain(SEND, stream_id, crashing)
    assert [("due",)] == deliveries(ledger_url, "status")
    desk.destinations.by_name["harbor-ehr"] = FakeDestination(effects=crashed.effects)

    drain(SEND, stream_id, desk)

    assert 1 == len(crashed.effects)
    assert [("delivered", False)] == deliveries(ledger_url, "status, possibly_repeated")


def test_a_destination_without_memory_has_its_repetition_recorded(desk: Ports, owe: Owe, ledger_url: str) -> None:
    partner = PARTNERS.by_name["harbor-ehr"]
    assert partner.receives is not None
    endpoint = replace(partner.receives.endpoint, idempotent=False)
    forgetful = replace(partner, receives=replace(partner.receives, endpoint=endpoint))
    desk = replace(desk, partners=replace(PARTNERS, by_name={**PARTNERS.by_name, "harbor-ehr": forgetful}))
    stream_id = owe()
    with psycopg.connect(ledger_url) as connection:
        connection.execute("update delivery set attempt_open = true")  # an attempt that nobody closed

    drain(SEND, stream_id, desk)

    assert [("delivered", True)] == deliveries(ledger_url, "status, possibly_repeated")
