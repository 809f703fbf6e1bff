"""One message's whole way, by any of its ids; whoever looks is written down (H03, H06, H07)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_trace import read_traces
from shared.errors import TransientError
from shared.ports import Ports
from shared.trace_context import start_trace, trace_id_of
from tests.functions.messages import oru
from tests.shared.adapters.parts import nobody
from tests.shared.adapters.rooms import delivery_of, post, work_off

TRACE = start_trace()


@pytest.fixture
def message(ports: Ports, hints: RecordedHints) -> UUID:
    """A critical result that went its whole way."""
    post(ports, oru("OTHER", mrn="TEST-0002", filler="F-2"))
    found = post(ports, oru("T-1", value="7.9", flag="HH"), trace=TRACE)
    work_off(ports, hints)
    return found


def one(url: str, column: str, table: str, message: UUID) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(f"select {column} from {table} where message_id = %s", (message,)).fetchone()
    assert row is not None
    return str(row[0])


def ids(url: str, any_id: str) -> list[UUID]:
    return [trace.message.message_id for trace in read_traces(url, any_id)]


def test_a_message_is_found_by_each_of_its_ids(message: UUID, ledger_url: str) -> None:
    any_of = {
        "message": str(message),
        "message in capitals": str(message).upper(),
        "delivery": str(delivery_of(message, "insight-portal")),
        "task": one(ledger_url, "task_id", "task", message),
        "event": one(ledger_url, "event_id", "event", message),
        "control id": "T-1",
        "trace": trace_id_of(TRACE),
        "trace in capitals": trace_id_of(TRACE).upper(),
    }

    assert {kind: [message] for kind in any_of} == {kind: ids(ledger_url, any_id) for kind, any_id in any_of.items()}


def test_the_whole_way_is_told(message: UUID, ledger_url: str) -> None:
    (trace,) = read_traces(ledger_url, str(message))

    assert ("riverside-lab", "T-1", "processed", "AA") == (
        trace.message.partner,
        trace.message.control_id,
        trace.message.status,
        trace.message.acknowledgment_code,
    )
    assert {
        ("intake_receive_hl7v2", "accepted"),
        ("lab_results_process", "processed"),
        ("lab_results_detect_critical", "task-opened"),
        ("delivery_send", "delivered"),
    } == {(hop.function, hop.outcome) for hop in trace.hops}
    assert [("harbor-ehr", "delivered"), ("insight-portal", "delivered")] == [
        (delivery.destination, delivery.status) for delivery in trace.deliveries
    ]
    assert ["critical-result"] == [task.kind for task in trace.tasks]
    assert (["result.finalized"], []) == (trace.events, trace.waiting)
    assert {trace_id_of(TRACE)} == {trace_id_of(hop.traceparent) for hop in trace.hops}


def test_what_is_still_to_be_done_is_told(ports: Ports, ledger_url: str) -> None:
    message = post(ports, oru(flag="HH"))

    (trace,) = read_traces(ledger_url, str(message))

    assert [
        ("lab_results_detect_critical", "waiting", 0, None),
        ("lab_results_process", "waiting", 0, None),
    ] == sorted(trace.waiting)


def test_a_control_id_of_several_partners_finds_all_of_them_oldest_first(
    ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    first = post(ports, oru("SHARED"), "riverside-lab")
    clock.advance(timedelta(seconds=1))
    second = post(ports, oru("SHARED"), "northside-lab")

    assert [first, second] == ids(ledger_url, "SHARED")


def test_of_very_many_the_oldest_are_told(ports: Ports, clock: FixedClock, ledger_url: str) -> None:
    posted = []
    for number in range(5):
        posted.append(post(ports, oru("SHARED", value=f"4.{number}")))
        clock.advance(timedelta(seconds=1))

    assert posted[:3] == [trace.message.message_id for trace in read_traces(ledger_url, "SHARED", limit=3)]


def test_a_control_id_that_looks_like_an_id_of_ours_is_a_control_id(ports: Ports, ledger_url: str) -> None:
    control_id = str(uuid4())
    message = post(ports, oru(control_id))

    assert [message] == ids(ledger_url, control_id)


def test_an_unknown_id_finds_nothing_and_writes_nothing(message: UUID, ledger_url: str) -> None:
    unknown = ["", "nothing", str(uuid4()), uuid4().hex, "'; drop table message; --", "%"]

    assert [[]] * len(unknown) == [ids(ledger_url, one) for one in unknown]
    assert [] == looks(ledger_url)


def looks(url: str) -> list[tuple[str, str, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select actor, subject, reason from audit where action = 'trace' order by audit_id"
        ).fetchall()


def test_who_looked_is_written_down(message: UUID, ledger_url: str) -> None:
    read_traces(f"{ledger_url}?options=-c%20role%3Dcorridor_operator", str(message))
    read_traces(ledger_url, "T-1")

    assert [("operator", str(message), "command line")] * 2 == looks(ledger_url)


def test_a_ledger_that_is_down_heals() -> None:
    with nobody() as port, pytest.raises(TransientError, match="ledger-unavailable"):
        read_traces(f"postgresql://any:any@127.0.0.1:{port}/any", "T-1")
