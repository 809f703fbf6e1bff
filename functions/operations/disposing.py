"""Dispose of what is settled and past its retention (requirement G15): in small commits, each with its audit."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.audit.retention import DISPOSED, START, Looked, classes
from shared.catalog.flows import INTAKE, OPERATIONS
from shared.catalog.model import Retention
from shared.ledger_ports import Transaction
from shared.ports import Ports
from shared.structured_log import log_event

_log = logging.getLogger(__name__)

ACTOR = f"corridor/{OPERATIONS.step('dispose').tier}/{OPERATIONS.step('dispose').function}"

_LOOKED_AT_ONCE = 200
_COMMITS_PER_RUN = 50
_DISPOSING = "operations-dispose"
_LEASE = timedelta(minutes=1)


def dispose(ports: Ports, look: int = _LOOKED_AT_ONCE, commits: int = _COMMITS_PER_RUN) -> int:
    """
    Dispose of messages past their flow's retention, then of files and dead letters; return how many messages.

    One runner at a time, by lease; at most `commits` commits of `look` messages for each class, so that traffic has
    the ledger meanwhile. What must stay is stepped over, and looked at again once the end was reached. Idempotent.
    """
    gone = 0
    for retention, flows in classes().items():
        for _ in range(commits):
            looked = _next(ports, retention, flows, look)
            gone += sum(1 for one in looked if one.disposed)
            if len(looked) < look:
                break
    _dispose_of_records(ports, look)
    if gone:
        log_event(_log, logging.INFO, "disposed", code="messages", count=gone)
    return gone


def _next(ports: Ports, retention: Retention, flows: Sequence[str], look: int) -> list[Looked]:
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(_DISPOSING, ports.instance, _LEASE):
            return []
        after = tx.disposal.reached(retention.name)
        looked = tx.disposal.messages(flows, ports.clock() - retention.keep, after, look)
        for one in looked:
            if one.disposed:
                _note(tx, "message", str(one.place.message_id), retention, one.place.received_at)
        place = looked[-1].place if len(looked) == look else START
        if place != after:
            tx.disposal.reach(retention.name, place)
    return looked


def _dispose_of_records(ports: Ports, limit: int) -> None:
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(_DISPOSING, ports.instance, _LEASE):
            return
        for file_id in tx.disposal.files(ports.clock() - INTAKE.retention.keep, limit):
            _note(tx, "file", str(file_id), INTAKE.retention)
        before = ports.clock() - OPERATIONS.retention.keep
        if count := tx.disposal.dead_letters(before, limit):
            tx.audit.record(ACTOR, DISPOSED, "dead-letters", OPERATIONS.retention.name, count=count)


def _note(tx: Transaction, kind: str, subject: str, retention: Retention, received_at: datetime | None = None) -> None:
    received = {"received_at": received_at.isoformat()} if received_at else {}
    tx.audit.record(ACTOR, DISPOSED, subject, retention.name, kind=kind, **received)
