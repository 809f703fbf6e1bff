"""
How a replay plan's list is frozen: one statement, so that the list is of one moment.

    replay   deliveries that ended (delivered, cancelled, withheld) and match the query; never one that repeats
             another, but what a feed has told counts like what was told at the time
    feed     processed messages whose event the destination's filter takes and that it was never owed

What is still owed is not repeated: it is released, or it arrives by itself. A state that was outdated when it came is
fed to nobody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.partners.model import Receiver
from shared.replay.plan import Query

_OF_THE_MESSAGE = """
    (%(since)s::timestamptz IS NULL OR message.received_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR message.received_at < %(until)s)
    AND (%(partner)s = '' OR message.partner = %(partner)s)
    AND (%(flow)s = '' OR message.flow = %(flow)s)
    AND (%(no_messages)s OR message.message_id = ANY (%(messages)s))
    AND (%(event)s = '' OR EXISTS (
        SELECT 1 FROM event WHERE event.message_id = message.message_id AND event.type = %(event)s))
    AND (%(mapping)s = '' OR EXISTS (
        SELECT 1 FROM conversion WHERE conversion.message_id = message.message_id
            AND conversion.mapping = %(mapping)s))
"""

# In the order in which messages were processed: one that came too early was received first and told last. Clocks do
# not tell, for two workers have two; hops of one patient are numbered while its stream is locked.
_POSITION = """
    row_number() OVER (ORDER BY (
        SELECT max(hop_id) FROM hop WHERE (hop.message_id, outcome) = (message.message_id, 'processed')), destination)
"""

FREEZE = f"""
    WITH frozen AS (
    INSERT INTO replay_item (plan_id, position, message_id, destination, original)
    SELECT %(plan_id)s, {_POSITION}, message.message_id, destination, delivery_id
    FROM delivery JOIN message USING (message_id)
    WHERE delivery.replay_of IS NULL AND delivery.status IN ('delivered', 'cancelled', 'withheld')
        AND (%(destination)s = '' OR destination = %(destination)s)
        AND (%(code)s = '' OR delivery.status_code = %(code)s OR EXISTS (
            SELECT 1 FROM quarantine
            WHERE quarantine.delivery_id = delivery.delivery_id AND quarantine.code = %(code)s))
        AND {_OF_THE_MESSAGE}
    ORDER BY 2 LIMIT %(limit)s RETURNING 1)
    SELECT count(*) FROM frozen
"""  # noqa: S608 -- our own text

FREEZE_FEED = f"""
    WITH frozen AS (
    INSERT INTO replay_item (plan_id, position, message_id, destination)
    SELECT %(plan_id)s, {_POSITION}, message.message_id, destination
    FROM message, (SELECT %(destination)s::text AS destination) AS subscriber
    WHERE message.status = 'processed' AND message.processing_id = ANY (%(processing_ids)s)
        AND EXISTS (
            SELECT 1 FROM event WHERE event.message_id = message.message_id AND event.type LIKE ANY (%(events)s))
        AND NOT EXISTS (
            SELECT 1 FROM delivery WHERE delivery.message_id = message.message_id
                AND (delivery.destination = %(destination)s OR delivery.status_code = 'newer-state-known'))
        AND {_OF_THE_MESSAGE}
    ORDER BY 2 LIMIT %(limit)s RETURNING 1)
    SELECT count(*) FROM frozen
"""  # noqa: S608 -- our own text


def parameters(plan_id: UUID, query: Query, limit: int) -> dict[str, Any]:
    """Return what `FREEZE` asks for: one row more than the limit tells that there are more."""
    return {
        "plan_id": plan_id,
        "since": query.since,
        "until": query.until,
        "partner": query.partner,
        "destination": query.destination,
        "flow": query.flow,
        "event": query.event,
        "code": query.code,
        "mapping": query.mapping,
        "messages": list(query.messages),
        "no_messages": not query.messages,
        "limit": limit + 1,
    }


def feed_parameters(plan_id: UUID, query: Query, receiver: Receiver, limit: int) -> dict[str, Any]:
    """Return what `FREEZE_FEED` asks for."""
    return {
        **parameters(plan_id, query, limit),
        "events": [_like(pattern) for pattern in receiver.events],
        "processing_ids": list(receiver.processing_ids),
    }


def _like(pattern: str) -> str:
    """Return a shell-style pattern of a partner file as one of SQL."""
    quoted = pattern.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return quoted.replace("*", "%").replace("?", "_")
