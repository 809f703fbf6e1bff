"""Deliveries that are owed, and the destinations that get them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
import psycopg
import pytest

from functions.delivery.use_case import SEND
from shared.adapters.memory import FakeDestination, FakeDestinations
from shared.delivery import lanes
from shared.ledger import NewEntry, Receipt
from shared.pipeline import Stage
from shared.ports import Ports
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS

PATIENT_ID = "0b8ddf52-93c7-5b2c-a2b2-0a4e2f5c0001"
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": f"urn:uuid:{PATIENT_ID}",
            "resource": {
                "resourceType": "Patient",
                "id": PATIENT_ID,
                "name": [{"family": "TESTPATIENT-ALDER"}],
                "telecom": [{"system": "phone", "value": "555-0100"}],
            },
            "request": {"method": "PUT", "url": f"Patient/{PATIENT_ID}"},
        }
    ],
}

Owe = Callable[..., int]


@pytest.fixture
def desk(ports: Ports) -> Ports:
    return replace(ports, partners=PARTNERS)


@pytest.fixture
def owe(desk: Ports, ledger_url: str) -> Owe:
    def add(
        destination: str = "harbor-ehr",
        key: UUID | None = None,
        bundle: dict[str, Any] = BUNDLE,
        flow: str = "lab-results",
        stage: Stage = SEND,
    ) -> int:
        message_id, trace, key = uuid4(), start_trace(), key or uuid4()
        receipt = Receipt(
            message_id, "riverside-lab", "T-1", message_id.bytes, 1, "text/plain", "ORU", "R01", "ORU_R01",
            "2.5.1", "P", flow, desk.clock(), trace,
        )  # fmt: skip
        delivery_id = uuid5(message_id, destination)
        with desk.ledger.transaction() as tx:
            tx.messages.add(receipt, "processed", ("AA", b"ACK"))
            tx.conversions.add(message_id, "test/1", orjson.dumps(bundle), b"{}", [])
            tx.deliveries.add(delivery_id, message_id, destination, "due")
            tx.streams.append(
                NewEntry(
                    lanes.deliver_to(destination),
                    key,
                    stage.step.function,
                    message_id,
                    trace,
                    keep=True,
                    delivery_id=delivery_id,
                )
            )
        with psycopg.connect(ledger_url) as connection:
            found = connection.execute("select stream_id from stream where key = %s", (key,)).fetchone()
        assert found is not None
        return int(found[0])

    return add


def deliveries(ledger_url: str, columns: str = "status, status_code") -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(f"select {columns} from delivery order by due_since, delivery_id").fetchall()


def destination(desk: Ports, name: str = "harbor-ehr") -> FakeDestination:
    assert isinstance(desk.destinations, FakeDestinations)
    found = desk.destinations.named(name)
    assert isinstance(found, FakeDestination)
    return found
