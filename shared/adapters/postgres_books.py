"""
The two books, read in one snapshot (invariant 4), and what must be true for them to balance.

A status column always adds up; what can go wrong is that a row has no work behind it. So beside the sums every
row in flight is held against its stream, every delivery against its receipt, every message against its arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from shared.adapters.postgres_ledger import translated


@dataclass(frozen=True, slots=True)
class ItemsLine:
    """Book 1 of one partner and flow."""

    partner: str
    flow: str
    received: int
    processed: int
    duplicate: int
    rejected: int
    quarantined: int
    in_flight: int

    @property
    def balances(self) -> bool:
        """Tell whether everything received is accounted for."""
        return self.received == (self.processed + self.duplicate + self.rejected + self.quarantined + self.in_flight)


@dataclass(frozen=True, slots=True)
class DeliveriesLine:
    """Book 2 of one destination and flow; replays have a line of their own."""

    destination: str
    flow: str
    due: int
    delivered: int
    superseded: int
    withheld: int
    cancelled: int
    quarantined: int
    in_flight: int

    @property
    def balances(self) -> bool:
        """Tell whether everything that was ever due is accounted for."""
        return self.due == (
            self.delivered + self.superseded + self.withheld + self.cancelled + self.quarantined + self.in_flight
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks the books: which rule, and which opaque id."""

    rule: str
    subject: str


@dataclass(frozen=True, slots=True)
class Books:
    """Both books at one moment."""

    at: datetime
    items: list[ItemsLine]
    deliveries: list[DeliveriesLine]
    findings: list[Finding] = field(default_factory=list)

    @property
    def balance(self) -> bool:
        """Tell whether every line adds up and nothing was found."""
        return not self.findings and all(
            (*(line.balances for line in self.items), *(line.balances for line in self.deliveries))
        )

    @property
    def in_flight(self) -> int:
        """Return how much is still on its way."""
        return sum(line.in_flight for line in self.items) + sum(line.in_flight for line in self.deliveries)


_ITEMS = """
    SELECT message.partner, coalesce(message.flow, '-') AS flow,
        count(arrival.message_id) AS received,
        count(*) FILTER (WHERE status = 'processed') AS processed,
        count(*) FILTER (WHERE status = 'duplicate') AS duplicate,
        count(*) FILTER (WHERE status = 'rejected') AS rejected,
        count(*) FILTER (WHERE status IN ('quarantined', 'discarded')) AS quarantined,
        count(*) FILTER (WHERE status = 'received') AS in_flight
    FROM message LEFT JOIN (
        SELECT DISTINCT message_id FROM hop
        WHERE function LIKE 'intake\\_%' OR outcome = 'corrected') arrival USING (message_id)
    GROUP BY 1, 2 ORDER BY 1, 2
"""

_DELIVERIES = """
    SELECT destination,
        coalesce(message.flow, '-') || CASE WHEN delivery.replay_plan IS NULL THEN '' ELSE ' (replay)' END AS flow,
        count(*) AS due,
        count(*) FILTER (WHERE delivery.status = 'delivered') AS delivered,
        count(*) FILTER (WHERE delivery.status = 'superseded') AS superseded,
        count(*) FILTER (WHERE delivery.status = 'withheld') AS withheld,
        count(*) FILTER (WHERE delivery.status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE delivery.status = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE delivery.status = 'due') AS in_flight
    FROM delivery JOIN message USING (message_id) GROUP BY 1, 2 ORDER BY 1, 2
"""

_RULES = {
    "message-in-flight-without-work": """
        SELECT message_id FROM message WHERE status = 'received' AND NOT EXISTS (
            SELECT 1 FROM entry WHERE entry.message_id = message.message_id AND entry.delivery_id IS NULL
              AND entry.status <> 'fence')""",
    "message-quarantined-without-entry": """
        SELECT message_id FROM message WHERE status = 'quarantined' AND NOT EXISTS (
            SELECT 1 FROM quarantine
            WHERE quarantine.message_id = message.message_id AND quarantine.delivery_id IS NULL
              AND disposition IS NULL)""",
    "message-processed-without-event": """
        SELECT message_id FROM message WHERE status = 'processed' AND NOT EXISTS (
            SELECT 1 FROM event WHERE event.message_id = message.message_id)""",
    "delivery-in-flight-without-work": """
        SELECT delivery_id FROM delivery WHERE status = 'due' AND NOT EXISTS (
            SELECT 1 FROM entry WHERE entry.delivery_id = delivery.delivery_id)""",
    "delivery-without-exactly-one-receipt": """
        SELECT delivery.delivery_id FROM delivery LEFT JOIN hop
            ON hop.delivery_id = delivery.delivery_id AND hop.message_id = delivery.message_id
            AND hop.outcome = 'delivered'
        WHERE delivery.status = 'delivered' GROUP BY 1 HAVING count(hop.hop_id) <> 1""",
    "delivery-quarantined-without-entry": """
        SELECT delivery_id FROM delivery WHERE status = 'quarantined' AND NOT EXISTS (
            SELECT 1 FROM quarantine
            WHERE quarantine.delivery_id = delivery.delivery_id AND disposition IS NULL)""",
    "parked-without-quarantine": """
        SELECT message_id FROM entry WHERE status = 'parked' AND NOT EXISTS (
            SELECT 1 FROM quarantine
            WHERE quarantine.message_id = entry.message_id AND quarantine.function = entry.function
              AND quarantine.delivery_id IS NOT DISTINCT FROM entry.delivery_id AND disposition IS NULL)""",
    "accepted-without-acknowledgment": """
        SELECT message_id FROM message
        WHERE status NOT IN ('rejected', 'duplicate') AND acknowledgment_code IS DISTINCT FROM 'AA'""",
}


def read_books(url: str) -> Books:
    """Return both books and every finding, in one read-only snapshot of the database behind `url`."""
    with translated(), psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return _read(connection)


def _read(connection: Connection) -> Books:
    with connection.cursor(row_factory=class_row(ItemsLine)) as cursor:
        items = cursor.execute(_ITEMS).fetchall()
    with connection.cursor(row_factory=class_row(DeliveriesLine)) as cursor:
        deliveries = cursor.execute(_DELIVERIES).fetchall()
    findings = [
        Finding(rule, str(row[0])) for rule, query in _RULES.items() for row in connection.execute(query).fetchall()
    ]
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is None:
        raise LookupError("the database told no time")
    return Books(row[0], items, deliveries, findings)
