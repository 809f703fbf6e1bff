"""A step that would find nothing is not owed, and that is said; in doubt it is owed (A17, F04, invariant 3)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from functions.intake.arrival import MOST_BYTES, SCREENS
from functions.intake.use_case import Submission, receive_hl7v2
from shared.adapters.memory import RecordedHints
from shared.authorization import Principal
from shared.catalog.flows import FLOWS
from shared.formats.hl7v2.message import MAX_REPETITIONS
from shared.partners.model import Partners
from shared.partners.profile import CodeMapping
from shared.ports import Ports
from shared.trace_context import span_id_of, start_trace, trace_id_of
from shared.workflow.critical_results import RULES
from tests.functions.messages import PARTNERS, oru

RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))
PROCESS, DETECT = "lab_results_process", "lab_results_detect_critical"


def post(ports: Ports, payload: bytes, partners: Partners = PARTNERS) -> str:
    submission = Submission("riverside-lab", payload, "text/plain", start_trace())
    return receive_hl7v2(submission, RIVERSIDE, replace(ports, partners=partners)).code


def hops(ledger_url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute("SELECT function, outcome, mapping FROM hop ORDER BY hop_id").fetchall()


def woken(hints: RecordedHints) -> set[str]:
    return {hint.function for hint in hints.take()}


def test_a_message_that_shows_nothing_critical_wakes_nobody_to_look_and_says_by_which_rules(
    ports: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(ports, oru())

    assert {PROCESS} == woken(hints)
    assert [("intake_receive_hl7v2", "accepted", None), (DETECT, "nothing-critical", RULES)] == hops(ledger_url)


def test_who_looked_at_the_door_is_a_span_of_the_posting(ports: Ports, ledger_url: str) -> None:
    post(ports, oru())

    with psycopg.connect(ledger_url) as connection:
        spans = connection.execute("SELECT traceparent, parent_span FROM hop ORDER BY hop_id").fetchall()
    (posted, _), (looked, parent) = spans
    assert (trace_id_of(posted), span_id_of(posted)) == (trace_id_of(looked), parent)
    assert span_id_of(posted) != span_id_of(looked)


def test_the_same_bytes_again_are_looked_at_once(ports: Ports, ledger_url: str) -> None:
    for _ in range(2):
        post(ports, oru())

    assert ["accepted", "nothing-critical", "duplicate"] == [outcome for _, outcome, _ in hops(ledger_url)]


@pytest.mark.parametrize("critical", [{"flag": "HH"}, {"value": "7.9"}])
def test_a_critical_value_is_for_the_step_that_opens_tasks(
    ports: Ports, hints: RecordedHints, ledger_url: str, critical: dict[str, str]
) -> None:
    post(ports, oru(**critical))

    assert {PROCESS, DETECT} == woken(hints)
    assert ["accepted"] == [outcome for _, outcome, _ in hops(ledger_url)]


def test_a_local_code_is_judged_by_what_its_partner_says_it_means(ports: Ports, hints: RecordedHints) -> None:
    sender = PARTNERS.by_name["riverside-lab"]
    assert sender.sends is not None
    codes = {"OBX-3": {"K-SER": CodeMapping("http://loinc.org", "2823-3")}}
    profile = replace(sender.sends.profile, code_maps=codes)
    told = Partners(
        {**PARTNERS.by_name, "riverside-lab": replace(sender, sends=replace(sender.sends, profile=profile))}
    )
    local = oru(value="7.9").replace(b"2823-3^Potassium^LN", b"K-SER^Potassium^L")

    assert ["AA", "AA"] == [post(ports, local), post(ports, local.replace(b"|T-1|", b"|T-2|"), told)]
    assert [DETECT] == [hint.function for hint in hints.take() if hint.function == DETECT]


def test_a_long_message_is_acknowledged_before_anybody_looks(ports: Ports, hints: RecordedHints) -> None:
    post(ports, oru() + b"NTE|1||" + b"x" * MOST_BYTES + b"\r")

    assert {PROCESS, DETECT} == woken(hints)


def test_what_cannot_be_looked_at_is_accepted_and_left_to_the_step(
    ports: Ports, hints: RecordedHints, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert "AA" == post(ports, oru().replace(b"|4.1|", b"|" + b"~" * MAX_REPETITIONS + b"|"))

    assert {PROCESS, DETECT} == woken(hints)
    assert ['screen failed {"function":"lab_results_detect_critical","error_type":"RejectedError"}'] == [
        record.getMessage() for record in caplog.records
    ]


def test_each_outcome_that_the_catalogue_names_has_its_screen() -> None:
    assert set(SCREENS) == {step.unless for flow in FLOWS for step in flow.steps if step.unless}
