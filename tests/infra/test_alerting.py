"""The alerts follow from the catalogue, and the operators' page has them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from infra.alerting import alerts_table, bus_alerts, live_flows, log_alerts, severity_of
from shared.catalog.flows import DELIVERY, INTAKE, LAB_RESULTS, OPERATIONS, WORKLIST
from shared.catalog.model import DataClass, Flow, Retention, Schedule, Step, Tier

ROOT = Path(__file__).parents[2]
AZURES_WINDOWS = {1, 5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440, 2880}


def names(flow: Flow) -> set[str]:
    return {alert.name.removeprefix(f"{flow.name}-") for alert in (*log_alerts(flow), *bus_alerts(flow))}


def scheduled(expression: str) -> Flow:
    return Flow(
        name="sample",
        sentence="a -> b -> c -> d",
        steps=(Step("run", Tier.OPS, Schedule(expression)),),
        owner="owner",
        support="owner@corridor.example",
        sla=timedelta(minutes=1),
        data_class=DataClass.NONE,
        criticality="low",
        retention=Retention("short", timedelta(days=1)),
    )


def test_a_flow_is_watched_for_what_its_steps_can_suffer() -> None:
    assert {"breached", "failures", "deep", "dead-letters"} == names(LAB_RESULTS) == names(DELIVERY)
    assert {"breached", "failures", "slow", "refused", "deep", "dead-letters", "asleep-15"} == names(INTAKE)
    assert {"breached", "failures", "asleep-15"} == names(WORKLIST)
    assert {"breached", "failures", "asleep-15", "unwatched"} <= names(OPERATIONS)


def test_answers_are_slow_when_they_take_longer_than_the_sla() -> None:
    (slow,) = (alert for alert in log_alerts(INTAKE) if alert.query == "slow")

    assert 2000 == slow.values["limit"]
    # Anyone may ask how we are; nobody is refused there, and no partner waits for it.
    assert ("intake_receive_hl7v2", "intake_message_status") == slow.values["functions"]


def test_the_queues_of_a_flow_are_watched_and_no_others() -> None:
    watched = [alert.queues for alert in bus_alerts(LAB_RESULTS)]

    assert [("lab-results-process", "lab-results-detect-critical", "lab-results-process-bulk")] * 2 == watched


@pytest.mark.parametrize(
    ("expression", "window"),
    [("*/5 * * * * *", 15), ("40 * * * * *", 15), ("0 0 * * * *", 180), ("0 30 2 * * *", 2880)],
)
def test_a_schedule_is_missed_after_a_while_that_suits_it(expression: str, window: int) -> None:
    (asleep,) = (alert for alert in log_alerts(scheduled(expression)) if alert.query == "asleep")

    assert (window, ("sample_run",)) == (asleep.window, asleep.values["functions"])


def test_what_runs_less_than_daily_is_not_missed() -> None:
    assert {"breached", "failures"} == names(scheduled("0 0 3 * * 0"))


def test_the_more_critical_a_flow_the_more_urgent_its_alerts() -> None:
    assert (1, 2, 3) == (severity_of(INTAKE), severity_of(OPERATIONS), severity_of(scheduled("0 0 * * * *")))


def test_azure_takes_the_windows_and_asks_no_more_often_than_they_end() -> None:
    for flow in live_flows():
        for alert in log_alerts(flow):
            assert {alert.every, alert.window} <= AZURES_WINDOWS
            assert alert.every <= alert.window


def test_no_two_alerts_share_a_name() -> None:
    made = [alert.name for flow in live_flows() for alert in (*log_alerts(flow), *bus_alerts(flow))]

    assert sorted(set(made)) == sorted(made)


def test_the_operators_page_has_the_table_of_alerts() -> None:
    page = (ROOT / "docs/operating.md").read_text(encoding="utf-8")

    assert alerts_table() in page, "write it again: python -m infra.alerting"
