"""The operator's desk for thresholds: what the command line shows and sets, under the operator's own role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from shared.adapters.postgres_evidence import PostgresAuditLog
from shared.adapters.postgres_ledger import translated
from shared.adapters.postgres_statements import Statements
from shared.adapters.postgres_thresholds import PostgresThresholds
from shared.catalog.flows import FLOWS
from shared.workflow.thresholds import Breach, Threshold, check


class ThresholdDesk:
    """Limits and open breaches, read and set in one commit."""

    def __init__(self, connection: Statements) -> None:
        self._thresholds = PostgresThresholds(connection, _now)
        self._audit = PostgresAuditLog(connection, _now)

    def limits(self) -> list[Threshold]:
        """Return every limit, in order of flow, measure, partner and hours."""
        return self._thresholds.all()

    def breaches(self) -> dict[tuple[str, str, str], Breach]:
        """Return the open breaches by flow, partner and measure."""
        return {breach.key: breach for breach in self._thresholds.breaches()}

    def set(self, threshold: Threshold) -> None:
        """Set a limit and write down who did it; RejectedError `threshold-invalid` names the field that is wrong."""
        check(threshold, FLOWS)
        self._thresholds.put(threshold)
        subject = "/".join(filter(None, (threshold.flow, threshold.partner, threshold.measure, threshold.hours)))
        limit = "off" if threshold.limit is None else threshold.limit
        self._audit.record(threshold.actor, "threshold-set", subject, threshold.reason, limit=limit)


@contextmanager
def open_threshold_desk(url: str) -> Iterator[ThresholdDesk]:
    """Open the desk; it commits when the block ends. TransientError `ledger-unavailable` when nothing answers."""
    with translated(), psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
        statements = Statements(connection)
        yield ThresholdDesk(statements)
        statements.commit()


def _now() -> datetime:
    return datetime.now(UTC)
