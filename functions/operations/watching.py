"""
Hold what is measured against the limits that operators set: a breach is one task and one line a minute in the log.

The lines are the metric: Azure alerts on `threshold breached`, and on `thresholds evaluated` when it stays away.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from shared.catalog.flows import FLOWS, OPERATIONS
from shared.ledger import NewTask
from shared.ledger_ports import Transaction
from shared.ports import Ports
from shared.structured_log import log_event
from shared.workflow.escalation import THRESHOLD_BREACH, ladder_of
from shared.workflow.thresholds import Breach, Judgement, Reading, judge, seeds

_log = logging.getLogger(__name__)

_WATCHING = OPERATIONS.step("watch-thresholds").function
ACTOR = f"corridor/{OPERATIONS.step('watch-thresholds').tier}/{_WATCHING}"


def watch_thresholds(ports: Ports) -> int:
    """
    Evaluate every threshold; return how many are breached. One evaluator at a time, by lease; idempotent.

    A breach opens a task, which closes itself when the measure is back within its limit.
    """
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(_WATCHING, ports.instance, timedelta(seconds=50)):
            return 0
        tx.thresholds.seed(seeds(FLOWS))
        readings = tx.thresholds.readings()
        judgement = judge(readings, tx.thresholds.all(), tx.thresholds.breaches(), ports.clock())
        for breach in judgement.begun:
            _begin(tx, breach, ports)
        for breach in judgement.ended:
            tx.thresholds.close(breach)
            tx.tasks.close(_task_of(breach), ACTOR, "back-within-its-limit")
    _tell(readings, judgement)
    return len(judgement.holding)


def _begin(tx: Transaction, breach: Breach, ports: Ports) -> None:
    ladder = ladder_of(THRESHOLD_BREACH)
    tx.thresholds.open(breach)
    tx.tasks.open(
        NewTask(
            kind=THRESHOLD_BREACH,
            dedupe_key=_task_of(breach),
            flow=breach.flow,
            owner_queue=ladder.rung(0),
            message_id=None,
            due_at=ports.clock() + ladder.within,
            explanation={
                "partner": breach.partner,
                "measure": breach.measure,
                "value": breach.value,
                "limit": breach.limit,
            },
        ),
        ACTOR,
        "above-its-limit",
    )


def _task_of(breach: Breach) -> str:
    return ":".join((THRESHOLD_BREACH, *breach.key, breach.since.isoformat()))


def _tell(readings: list[Reading], judgement: Judgement) -> None:
    for reading in readings:
        log_event(_log, logging.INFO, "measured", **_fields(reading), count=reading.value)
    for breach in judgement.holding:
        log_event(
            _log, logging.WARNING, "threshold breached", **_fields(breach), count=breach.value, limit=breach.limit
        )
    for breach in judgement.ended:
        log_event(_log, logging.INFO, "threshold recovered", **_fields(breach), limit=breach.limit)
    log_event(_log, logging.INFO, "thresholds evaluated", count=len(readings))


def _fields(what: Reading | Breach) -> dict[str, str | int]:
    whose: dict[str, str | int] = {"partner": what.partner} if what.partner else {}
    return {"flow": what.flow, "measure": what.measure, **whose}
