"""Replay plans in PostgreSQL: as they stand, approved by whom, how far they have come."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shared.adapters.postgres_replay_lists import FREEZE, FREEZE_FEED, feed_parameters, parameters
from shared.adapters.postgres_statements import Statements
from shared.delivery import lanes
from shared.ledger import ConversionRow
from shared.partners.model import Receiver
from shared.ports import Clock
from shared.replay.plan import LEFT_OUT, Forecast, Item, NewPlan, Passed, Plan, PlanState, Query, Tally

_PLAN = (
    "plan_id, kind, query, rate, state, requested_at, requested_by, reason, approved_at, approved_by,"
    " approval_reason, started_at, next_at, ended_at, problem"
)
_ITEM = (
    "plan_id, position, message_id, destination, original, effect, code, location, differences, more, mapping,"
    " delivery_id"
)
_SENT = "delivery_id IS NULL AND effect IS NOT NULL AND effect <> ALL (%(left_out)s)"
_OPEN = ["requested", "forecasting", "running"]


class PostgresReplays:
    """Replay plans within one transaction."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, plan: NewPlan) -> bool:
        """Add the plan; the same id again changes nothing and is answered with False."""
        added = self._connection.execute(
            "INSERT INTO replay_plan (plan_id, kind, query, rate, state, requested_at, requested_by, reason)"
            " VALUES (%s, %s, %s, %s, 'requested', %s, %s, %s) ON CONFLICT (plan_id) DO NOTHING RETURNING plan_id",
            (
                plan.plan_id,
                plan.kind,
                Jsonb(plan.query.document(), dumps=orjson.dumps),
                plan.rate,
                self._clock(),
                plan.actor,
                plan.reason,
            ),
        ).fetchone()
        return added is not None

    def get(self, plan_id: UUID) -> Plan | None:
        """Return the plan as it stands."""
        return self._plan("WHERE plan_id = %s", plan_id)

    def locked(self, plan_id: UUID) -> Plan | None:
        """Lock the plan: two commits never move it at once."""
        return self._plan("WHERE plan_id = %s FOR UPDATE", plan_id)

    def _plan(self, condition: str, plan_id: UUID) -> Plan | None:
        with self._connection.cursor(row_factory=class_row(Plan)) as cursor:
            return cursor.execute(
                f"SELECT {_PLAN} FROM replay_plan {condition}",  # noqa: S608 -- our own column list
                (plan_id,),
            ).fetchone()

    def page(self, limit: int) -> list[Plan]:
        """Return the newest plans."""
        with self._connection.cursor(row_factory=class_row(Plan)) as cursor:
            return cursor.execute(
                f"SELECT {_PLAN} FROM replay_plan ORDER BY requested_at DESC, plan_id LIMIT %s",  # noqa: S608 -- as above
                (limit,),
            ).fetchall()

    def open(self) -> list[UUID]:
        """Return the plans that are to be frozen, forecast or run."""
        rows = self._connection.execute(
            "SELECT plan_id FROM replay_plan WHERE state = ANY (%s) ORDER BY requested_at, plan_id", (_OPEN,)
        ).fetchall()
        return [row[0] for row in rows]

    def tallies(self, plan_id: UUID) -> list[Tally]:
        """Count the items by destination and effect."""
        with self._connection.cursor(row_factory=class_row(Tally)) as cursor:
            return cursor.execute(
                "SELECT destination, effect, count(*) AS items, count(delivery_id) AS owed FROM replay_item"
                " WHERE plan_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
                (plan_id,),
            ).fetchall()

    def items(self, plan_id: UUID, after: int, limit: int) -> list[Item]:
        """Return a page of items."""
        return self._items(
            "WHERE plan_id = %(plan_id)s AND position > %(after)s ORDER BY position LIMIT %(limit)s",
            {"plan_id": plan_id, "after": after, "limit": limit},
        )

    def _items(self, condition: str, wanted: Mapping[str, object]) -> list[Item]:
        with self._connection.cursor(row_factory=class_row(Item)) as cursor:
            return cursor.execute(f"SELECT {_ITEM} FROM replay_item {condition}", wanted).fetchall()  # noqa: S608 -- ours

    def move(self, plan_id: UUID, state: PlanState, problem: str | None = None) -> None:
        """Move the plan to `state`."""
        ended = self._clock() if state in {"done", "cancelled"} else None
        self._connection.execute(
            "UPDATE replay_plan SET state = %s, ended_at = %s, problem = %s WHERE plan_id = %s",
            (state, ended, problem, plan_id),
        )

    def approve(self, plan_id: UUID, actor: str, reason: str) -> None:
        """Note the approval."""
        self._connection.execute(
            "UPDATE replay_plan SET state = 'approved', approved_at = %s, approved_by = %s, approval_reason = %s"
            " WHERE plan_id = %s",
            (self._clock(), actor, reason, plan_id),
        )

    def start(self, plan_id: UUID) -> None:
        """Let the plan run."""
        now = self._clock()
        self._connection.execute(
            "UPDATE replay_plan SET state = 'running', started_at = %s, next_at = %s WHERE plan_id = %s",
            (now, now, plan_id),
        )

    def freeze(self, plan_id: UUID, query: Query, limit: int) -> int:
        """Write down the deliveries that `query` takes, in one statement and so at one moment."""
        return self._frozen(FREEZE, parameters(plan_id, query, limit))

    def freeze_feed(self, plan_id: UUID, query: Query, receiver: Receiver, limit: int) -> int:
        """Write down the events that `receiver` was never told of, in one statement and so at one moment."""
        return self._frozen(FREEZE_FEED, feed_parameters(plan_id, query, receiver, limit))

    def _frozen(self, statement: str, wanted: Mapping[str, object]) -> int:
        counted = self._connection.execute(statement, wanted).fetchone()
        return counted[0] if counted else 0

    def unforecast(self, plan_id: UUID, limit: int) -> list[Item]:
        """Return the last items that have no forecast yet."""
        return self._items(
            "WHERE plan_id = %(plan_id)s AND effect IS NULL ORDER BY position DESC LIMIT %(limit)s",
            {"plan_id": plan_id, "limit": limit},
        )

    def forecast(self, item: Item, forecast: Forecast) -> None:
        """Note the forecast."""
        self._connection.execute(
            "UPDATE replay_item SET effect = %s, code = %s, location = %s, differences = %s, more = %s, mapping = %s"
            " WHERE (plan_id, position) = (%s, %s)",
            (
                forecast.effect,
                forecast.code,
                forecast.location,
                Jsonb(forecast.differences, dumps=orjson.dumps),
                forecast.more,
                forecast.mapping,
                item.plan_id,
                item.position,
            ),
        )

    def passed(self, item: Item) -> Passed | None:
        """Return the event of the item's message, and the delivery that arrived at its destination last."""
        with self._connection.cursor(row_factory=class_row(Passed)) as cursor:
            return cursor.execute(
                """
                SELECT event.type AS event_type, event.data, processed.hop_id AS place,
                    sent.delivery_id AS sent_as, sent.sent_hash
                FROM message JOIN event USING (message_id)
                JOIN hop processed ON (processed.message_id, processed.outcome) = (message.message_id, 'processed')
                LEFT JOIN LATERAL (
                    SELECT delivery_id, sent_hash FROM delivery
                    WHERE delivery.message_id = message.message_id AND destination = %(destination)s
                        AND status = 'delivered' AND sent_hash IS NOT NULL
                    ORDER BY status_at DESC LIMIT 1) sent ON true
                WHERE message.message_id = %(message_id)s ORDER BY processed.hop_id DESC LIMIT 1
                """,
                {"message_id": item.message_id, "destination": item.destination},
            ).fetchone()

    def later(self, item: Item, key: UUID | None, passed: Passed) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return those that the destination will not be told again by the same plan; who was merged is one patient."""
        return self._connection.execute(
            """
            SELECT event.type, event.data FROM message JOIN event USING (message_id)
                JOIN hop processed ON (processed.message_id, processed.outcome) = (message.message_id, 'processed')
                JOIN delivery ON delivery.message_id = message.message_id AND destination = %(destination)s
            WHERE message.patient_key IN (
                    SELECT %(key)s UNION SELECT merged.key FROM stream own JOIN stream merged
                        ON coalesce(own.joined_to, own.stream_id) IN (merged.stream_id, merged.joined_to)
                    WHERE (own.lane, own.key) = (%(lane)s, %(key)s))
                AND processed.hop_id > %(place)s
                AND delivery.status IN ('delivered', 'due', 'quarantined') AND NOT EXISTS (
                    SELECT 1 FROM replay_item again
                    WHERE again.plan_id = %(plan_id)s AND again.message_id = message.message_id
                        AND again.destination = delivery.destination
                        AND (again.effect IS NULL OR again.effect <> ALL (%(left_out)s)))
            """,
            {
                "destination": item.destination,
                "key": key,
                "lane": lanes.PROCESS,
                "place": passed.place,
                "plan_id": item.plan_id,
                "left_out": list(LEFT_OUT),
            },
        ).fetchall()

    def is_planned_elsewhere(self, item: Item) -> bool:
        """Tell whether a plan that is not yet at its end has forecast the same delivery."""
        found = self._connection.execute(
            "SELECT 1 FROM replay_item other JOIN replay_plan USING (plan_id)"
            " WHERE (message_id, destination) = (%(message_id)s, %(destination)s) AND plan_id <> %(plan_id)s"
            " AND state IN ('forecasting', 'ready', 'approved', 'running') AND effect <> ALL (%(left_out)s) LIMIT 1",
            {
                "message_id": item.message_id,
                "destination": item.destination,
                "plan_id": item.plan_id,
                "left_out": list(LEFT_OUT),
            },
        ).fetchone()
        return found is not None

    def keep_bundle(self, plan_id: UUID, message_id: UUID, mapping: str, bundle: bytes) -> None:
        """Keep what the plan sends for a message; its other destinations find it there."""
        self._connection.execute(
            "INSERT INTO replay_bundle (plan_id, message_id, mapping, bundle, bundle_hash) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (plan_id, message_id, mapping, zlib.compress(bundle, level=1), sha256(bundle).digest()),
        )

    def bundle(self, plan_id: UUID, message_id: UUID) -> ConversionRow | None:
        """Return what was kept."""
        row = self._connection.execute(
            "SELECT mapping, bundle, bundle_hash FROM replay_bundle WHERE (plan_id, message_id) = (%s, %s)",
            (plan_id, message_id),
        ).fetchone()
        return ConversionRow(message_id, row[0], zlib.decompress(row[1]), row[2]) if row else None

    def next_due(self, plan_id: UUID) -> Item | None:
        """Return the first item whose turn it is."""
        found = self._items(
            f"WHERE plan_id = %(plan_id)s AND {_SENT} AND EXISTS (SELECT 1 FROM replay_plan"  # noqa: S608 -- ours
            " WHERE replay_plan.plan_id = %(plan_id)s AND state = 'running' AND next_at <= %(now)s)"
            " ORDER BY position LIMIT 1",
            {"plan_id": plan_id, "now": self._clock(), "left_out": list(LEFT_OUT)},
        )
        return found[0] if found else None

    def is_complete(self, plan_id: UUID) -> bool:
        """Tell whether nothing is left to be owed."""
        left = self._connection.execute(
            f"SELECT 1 FROM replay_item WHERE plan_id = %(plan_id)s AND {_SENT} LIMIT 1",  # noqa: S608 -- our own text
            {"plan_id": plan_id, "left_out": list(LEFT_OUT)},
        ).fetchone()
        return left is None

    def owe(self, item: Item, rate: float, earliest: datetime) -> None:
        """Add the delivery, link it to the item and to what it repeats, and take the plan's turn."""
        now = self._clock()
        self._connection.execute(
            "INSERT INTO delivery (delivery_id, message_id, destination, status, status_at, due_since, replay_of,"
            " replay_plan) VALUES (%s, %s, %s, 'due', %s, %s, %s, %s)",
            (item.key, item.message_id, item.destination, now, now, item.original, item.plan_id),
        )
        self._connection.execute(
            "UPDATE replay_item SET delivery_id = %s WHERE (plan_id, position) = (%s, %s)",
            (item.key, item.plan_id, item.position),
        )
        self._connection.execute(
            "UPDATE replay_plan SET next_at = greatest(next_at, %s) + %s WHERE plan_id = %s",
            (earliest, timedelta(seconds=1 / rate), item.plan_id),
        )
