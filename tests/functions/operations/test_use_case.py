"""Lost hints are found again; recorded facts are published, without PHI and at least once (D17, G11, invariant 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from functions.intake.use_case import Submission, receive_hl7v2
from functions.lab_results.use_case import PROCESS
from functions.operations.use_case import announce_recorded_events, publish_recorded_events, wake_overdue_streams
from shared.adapters.memory import FixedClock, RecordedFacts, RecordedHints
from shared.authorization import Principal
from shared.errors import TransientError
from shared.ledger import NewEntry
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace, trace_id_of
from tests.functions.messages import PARTNERS, oru

RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))


def append(ports: Ports) -> None:
    with ports.ledger.transaction() as tx:
        tx.streams.append(NewEntry("process", uuid4(), PROCESS.step.function, uuid4(), start_trace(), keep=True))


def test_a_stream_whose_hint_was_lost_is_woken_again(ports: Ports, hints: RecordedHints, clock: FixedClock) -> None:
    append(ports)
    (lost,) = hints.take()
    clock.advance(timedelta(seconds=6))

    assert 1 == wake_overdue_streams(ports)
    assert [(lost.stream_id, lost.function)] == [(hint.stream_id, hint.function) for hint in hints.take()]


def test_a_fresh_hint_is_given_its_time(ports: Ports, clock: FixedClock) -> None:
    append(ports)
    clock.advance(timedelta(seconds=4))

    assert 0 == wake_overdue_streams(ports)


@pytest.fixture
def processed(ports: Ports, hints: RecordedHints) -> str:
    """Process one result and return its trace id."""
    return process(ports, hints, oru(mrn="TEST-CANARY-1"))


def process(ports: Ports, hints: RecordedHints, payload: bytes) -> str:
    trace = start_trace()
    desk = replace(ports, partners=PARTNERS)
    receive_hl7v2(Submission("riverside-lab", payload, "text/plain", trace), RIVERSIDE, desk)
    for hint in hints.take():
        if hint.function == PROCESS.step.function:
            drain(PROCESS, hint.stream_id, desk)
    return trace_id_of(trace)


def test_a_recorded_event_is_published_once_as_a_cloud_event(ports: Ports, processed: str) -> None:
    assert [1, 0] == [publish_recorded_events(ports) for _ in range(2)]

    assert isinstance(ports.facts, RecordedFacts)
    (event,) = ports.facts.published
    assert ("1.0", "result.finalized") == (event["specversion"], event["type"])
    assert processed == trace_id_of(event["traceparent"])


def test_a_published_event_holds_no_identifier_of_the_patient(ports: Ports, processed: str) -> None:
    publish_recorded_events(ports)

    assert isinstance(ports.facts, RecordedFacts)
    assert "CANARY" not in str(ports.facts.published)
    assert "TESTPATIENT" not in str(ports.facts.published)


def test_what_is_recorded_while_a_transfer_runs_waits_for_the_next_run(
    ports: Ports, hints: RecordedHints, processed: str
) -> None:
    class SlowFacts(RecordedFacts):
        def publish(self, events: Sequence[dict[str, Any]]) -> None:
            super().publish(events)
            process(ports, hints, oru(control_id=f"LATER-{len(self.published)}"))

    slow = replace(ports, facts=SlowFacts())

    assert [1, 1] == [publish_recorded_events(slow) for _ in range(2)]


class Away(RecordedFacts):
    def publish(self, events: object) -> None:
        raise TransientError("bus-unavailable")


def test_while_one_publisher_is_away_the_other_gets_each_fact_once(
    ports: Ports, hints: RecordedHints, processed: str
) -> None:
    bus, event_grid = RecordedFacts(), RecordedFacts()
    without_grid, without_bus = (replace(ports, facts=bus, event_grid=Away()), replace(ports, facts=Away()))
    for _ in range(2):
        publish_recorded_events(without_grid)
        with pytest.raises(TransientError):
            announce_recorded_events(without_grid)
    process(ports, hints, oru(control_id="T-2"))
    for _ in range(2):
        announce_recorded_events(replace(without_bus, event_grid=event_grid))
        with pytest.raises(TransientError):
            publish_recorded_events(replace(without_bus, event_grid=event_grid))

    assert (1, 2) == (len(bus.published), len(event_grid.published))
    assert (1, 0) == tuple(
        act(replace(ports, facts=bus, event_grid=event_grid))
        for act in (publish_recorded_events, announce_recorded_events)
    )
    assert 2 == len({fact["id"] for fact in bus.published}) == len({fact["id"] for fact in event_grid.published})


def test_where_there_is_no_topic_of_event_grid_nothing_waits_for_one(ports: Ports, processed: str) -> None:
    assert (1, 0) == (publish_recorded_events(ports), announce_recorded_events(ports))

    assert 0 == announce_recorded_events(replace(ports, event_grid=RecordedFacts()))


def test_a_bus_that_is_away_leaves_the_event_for_the_next_time(ports: Ports, processed: str) -> None:
    with pytest.raises(TransientError):
        publish_recorded_events(replace(ports, facts=Away()))

    assert 1 == publish_recorded_events(ports)


def test_two_instances_do_not_publish_at_once(ports: Ports, processed: str) -> None:
    with ports.ledger.transaction() as tx:
        assert tx.jobs.take("operations-publish-events", "another-worker", timedelta(minutes=1))

    assert 0 == publish_recorded_events(ports)
