"""What can be seen of a running platform from outside: its books, its deliveries, the destinations' effects."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import psycopg

from cli.demo.judgement import Effect, Ledgered
from shared.adapters.postgres_books import Books, read_books
from shared.errors import TransientError

_DESTINATION = {"fhir": "harbor-ehr", "webhook": "insight-portal", "hl7v2": "harbor-beds"}


def wait_until_settled(url: str, progress: Callable[[int], None], patience: float = 120.0) -> Books:
    """
    Return the books once nothing is in flight, or as they are when the patience (seconds) is at its end.

    `progress` is told how much is in flight.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            books = read_books(url)
            progress(books.in_flight)
            if not books.in_flight or time.monotonic() > deadline:
                return books
        except TransientError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def read_ledger(url: str) -> Ledgered:
    """Return deliveries in the order in which they became due, the critical tasks, and each message's status."""
    with psycopg.connect(url, prepare_threshold=None) as connection:
        deliveries = connection.execute(
            "SELECT delivery_id, destination, patient_key, delivery.status"
            " FROM delivery JOIN message USING (message_id) ORDER BY due_since"
        ).fetchall()
        tasks = connection.execute("SELECT count(*) FROM task WHERE kind = 'critical-result'").fetchone()
        statuses = connection.execute("SELECT message_id, status FROM message").fetchall()
    return Ledgered(
        [(id_, destination, patient, status) for id_, destination, patient, status in deliveries],
        tasks[0] if tasks else 0,
        {str(id_): status for id_, status in statuses},
    )


def read_effects(destinations_url: str) -> list[Effect]:
    """
    Return what each destination acted on, in its order: one effect per idempotency key.

    A resource that was written twice under one key is a second effect of that key.
    """
    rows = httpx.get(f"{destinations_url}/admin/effects", timeout=30).raise_for_status().json()
    known: set[tuple[str, str]] = set()
    written: set[tuple[str, str, str, str]] = set()
    effects = []
    for row in rows:
        name, key = _DESTINATION[row["destination"]], row["idempotencyKey"]
        resource = (name, key, row["resourceType"], row["id"])
        if (name, key) not in known or resource in written:
            effects.append(Effect(name, key))
        known.add((name, key))
        written.add(resource)
    return effects
