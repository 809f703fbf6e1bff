"""
Thresholds in PostgreSQL: limits, readings, breaches.

Readings look back over minutes, by the summaries on `hop.at` and `message.received_at`; they lock nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import LiteralString

from psycopg.rows import class_row, tuple_row

from shared.adapters.postgres_statements import Statements
from shared.catalog.flows import INTAKE, OPERATIONS
from shared.catalog.index import steps
from shared.catalog.model import FileDrop, Queue
from shared.ports import Clock
from shared.workflow.thresholds import (
    EVERY_PARTNER,
    SILENCE_LOOK_BACK_MINUTES,
    Breach,
    Measure,
    Reading,
    Threshold,
)

_RECENT = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_FEWEST_ATTEMPTS = 20
_FAILED = ["retry", "quarantined"]

# What a function's measures are in its flow: one after another, or the worst of them.
_SUMMED = frozenset({Measure.BACKLOG, Measure.QUARANTINED})

_OF_FUNCTIONS: dict[Measure, LiteralString] = {
    Measure.BACKLOG: "SELECT function, count(*) FROM entry WHERE status <> 'fence' GROUP BY function",
    Measure.QUARANTINED: "SELECT function, count(*) FROM quarantine WHERE disposition IS NULL GROUP BY function",
    Measure.OLDEST: """
        SELECT wanted.function, extract(epoch FROM %(now)s - head.due_at)::bigint
        FROM unnest(%(functions)s::text[]) AS wanted (function), LATERAL (
            SELECT due_at FROM entry
            WHERE entry.function = wanted.function AND status = 'waiting' AND due_at <= %(now)s AND NOT EXISTS (
                SELECT 1 FROM entry earlier
                WHERE earlier.stream_id = entry.stream_id AND earlier.seq < entry.seq)
            ORDER BY due_at LIMIT 1) head
        """,
    Measure.FAILURE_RATE: """
        SELECT function, (100 * count(*) FILTER (WHERE outcome = ANY(%(failed)s)) / count(*))::bigint
        FROM hop WHERE at > %(recent)s AND at <= %(now)s GROUP BY function HAVING count(*) >= %(fewest)s
        """,
    Measure.LATENCY: """
        SELECT function,
            percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM hop.at - message.received_at))::bigint
        FROM hop JOIN message USING (message_id)
        WHERE hop.at > %(recent)s AND hop.at <= %(now)s AND outcome <> ALL(%(failed)s) GROUP BY function
        """,
}


class PostgresThresholds:
    """Limits that belong to operators; a seed never replaces one."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def seed(self, seeds: Iterable[Threshold]) -> None:
        """Add each limit where there is none."""
        self._write(seeds, "ON CONFLICT DO NOTHING")

    def put(self, threshold: Threshold) -> None:
        """Set a limit, whatever it was before."""
        self._write(
            [threshold],
            'ON CONFLICT (flow, partner, measure, hours) DO UPDATE SET "limit" = excluded."limit",'
            " time_zone = excluded.time_zone, actor = excluded.actor, reason = excluded.reason, at = excluded.at",
        )

    def all(self) -> list[Threshold]:
        """Return every limit."""
        with self._connection.cursor(row_factory=class_row(Threshold)) as cursor:
            return cursor.execute(
                'SELECT flow, partner, measure, hours, "limit", time_zone, actor, reason FROM threshold'
                " ORDER BY flow, measure, partner, hours"
            ).fetchall()

    def readings(self) -> list[Reading]:
        """Measure every flow, and every partner where that means something."""
        return [*self._of_functions(), *self._of_queues(), *self._of_messages()]

    def breaches(self) -> list[Breach]:
        """Return the breaches that are open."""
        with self._connection.cursor(row_factory=class_row(Breach)) as cursor:
            return cursor.execute('SELECT flow, partner, measure, since, value, "limit" FROM breach').fetchall()

    def open(self, breach: Breach) -> None:
        """Note that a breach began."""
        self._connection.execute(
            'INSERT INTO breach (flow, partner, measure, since, value, "limit") VALUES (%s, %s, %s, %s, %s, %s)',
            (*breach.key, breach.since, breach.value, breach.limit),
        )

    def close(self, breach: Breach) -> None:
        """Note that it ended."""
        self._connection.execute("DELETE FROM breach WHERE (flow, partner, measure) = (%s, %s, %s)", breach.key)

    def _write(self, thresholds: Iterable[Threshold], on_conflict: LiteralString) -> None:
        rows = [
            (
                each.flow,
                each.partner,
                each.measure,
                each.hours,
                each.limit,
                each.time_zone,
                each.actor,
                each.reason,
                self._clock(),
            )
            for each in thresholds
        ]
        with self._connection.cursor(tuple_row) as cursor:
            cursor.executemany(
                'INSERT INTO threshold (flow, partner, measure, hours, "limit", time_zone, actor, reason, at)'  # noqa: S608
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) " + on_conflict,
                rows,
            )

    def _of_functions(self) -> Iterator[Reading]:
        """Every flow with a queue is measured, also where there is nothing: zero ends a breach."""
        flows = {step.function: step.flow for step in steps() if isinstance(step.inbound, Queue | FileDrop)}
        now = self._clock()
        values = {
            "now": now,
            "recent": now - _RECENT,
            "functions": list(flows),
            "failed": _FAILED,
            "fewest": _FEWEST_ATTEMPTS,
        }
        for measure, query in _OF_FUNCTIONS.items():
            found = dict.fromkeys(flows.values(), 0)
            for function, value in self._connection.execute(query, values):
                if (flow := flows.get(function)) is not None:
                    found[flow] = found[flow] + value if measure in _SUMMED else max(found[flow], value)
            yield from (Reading(flow, EVERY_PARTNER, measure, value) for flow, value in found.items())

    def _of_queues(self) -> Iterator[Reading]:
        """Count dead letters by the flow of their queue; those of the enterprise's subscriptions are operations'."""
        flows = {step.queue.name: step.flow for step in steps() if isinstance(step.inbound, Queue | FileDrop)}
        found = dict.fromkeys([*flows.values(), OPERATIONS.name], 0)
        for entity, count in self._connection.execute(
            "SELECT entity, count(*) FROM dead_letter WHERE drained_at > %s GROUP BY entity", (self._clock() - _HOUR,)
        ):
            found[flows.get(entity, OPERATIONS.name)] += count
        yield from (Reading(flow, EVERY_PARTNER, Measure.DEAD_LETTERS, count) for flow, count in found.items())

    def _of_messages(self) -> Iterator[Reading]:
        """Count refusals and silence, per partner and flow; what was refused before its type was read is intake's."""
        now = self._clock()
        rows = self._connection.execute(
            """
            SELECT coalesce(flow, %(unread)s) AS flow, partner,
                count(*) FILTER (WHERE status = 'rejected' AND received_at > %(hour)s),
                floor(extract(epoch FROM %(now)s - max(received_at) FILTER (WHERE status <> 'rejected')) / 60)::bigint
            FROM message WHERE received_at > %(since)s GROUP BY 1, 2
            """,
            {
                "unread": INTAKE.name,
                "now": now,
                "hour": now - _HOUR,
                "since": now - timedelta(minutes=SILENCE_LOOK_BACK_MINUTES),
            },
        ).fetchall()
        refused: dict[str, int] = defaultdict(int)
        silent: dict[str, int] = {}
        for flow, partner, rejections, minutes in rows:
            yield Reading(flow, partner, Measure.REJECTIONS, rejections)
            refused[flow] += rejections
            if minutes is not None:
                yield Reading(flow, partner, Measure.SILENCE, minutes)
                silent[flow] = min(minutes, silent.get(flow, minutes))
        yield from (Reading(flow, EVERY_PARTNER, Measure.REJECTIONS, count) for flow, count in refused.items())
        yield from (Reading(flow, EVERY_PARTNER, Measure.SILENCE, minutes) for flow, minutes in silent.items())
