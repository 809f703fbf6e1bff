from __future__ import annotations

import os
import signal
import threading
import time

import httpx
import psycopg
import pytest

from tests.e2e.destination import FHIR, Destinations
from tests.e2e.er7 import Hl7, Observation, unique
from tests.e2e.partner import Partner
from tests.e2e.platform_process import PlatformProcess, wait_until


def course(patients: int, messages: int) -> list[Hl7]:
    """Return messages about several patients, one after the other; each report has a number of its own."""
    numbers = [unique("MRN") for _ in range(patients)]
    return [
        Hl7(mrn=numbers[index % patients], observations=(Observation(f"4.{index % 10}"),)) for index in range(messages)
    ]


@pytest.mark.parametrize("mode", ["down", "lost-answer", "flaky"])
def test_a_destination_that_fails_loses_nothing_and_keeps_each_patients_order(
    platform: PlatformProcess, lab: Partner, faults: httpx.Client, destinations: Destinations, mode: str
) -> None:
    order = {"destination": "fhir", "mode": mode, "for_seconds": 2.5}
    faults.post("/admin/faults", json=order).raise_for_status()
    sent: dict[str, list[str]] = {}
    for message in course(patients=4, messages=16):
        sent.setdefault(message.mrn, []).append(lab.accepted(message))
    ids = [one for of_patient in sent.values() for one in of_patient]
    wait_until(lambda: _delivered(platform, ids) == 32, 90, "every delivery")

    assert [] == destinations.misplaced(sent)
    assert [] != destinations.misplaced({patient: messages[::-1] for patient, messages in sent.items()})
    assert [] == destinations.doubled()
    retried = "SELECT count(*) FROM hop WHERE message_id = ANY(%s::uuid[]) AND outcome = 'retry' AND target = %s"
    ((retries,),) = platform.rows(retried, ids, "delivery_send")
    assert retries > 0
    assert 0 == platform.cli("reconcile").returncode


def test_a_destination_that_refuses_holds_up_only_its_own_deliveries(
    platform: PlatformProcess, lab: Partner, faults: httpx.Client
) -> None:
    faults.post("/admin/faults", json={"destination": "fhir", "mode": "refuse"}).raise_for_status()
    page = lab.outcome(lab.accepted(Hl7()))

    assert {"delivered": 1, "quarantined": 1} == page["deliveries"]
    assert 0 == platform.cli("reconcile").returncode


@pytest.mark.parametrize("module", ["local.functions_host", "local.service_bus", "local.postgres"])
def test_a_kill_while_messages_come_in_changes_nothing_in_the_end(
    platform: PlatformProcess, lab: Partner, destinations: Destinations, module: str
) -> None:
    messages = course(patients=5, messages=30)
    killed = platform.process(module)
    sent: dict[str, list[str]] = {}
    resent = 0
    with Killer(killed) as killer:
        for number, message in enumerate(messages):
            if number == 10:
                killer.now.set()
            receipt, again = lab.send_until_answered(message)
            assert "AA" == receipt.code
            sent.setdefault(message.mrn, []).append(receipt.message_id)
            resent += again
    ids = [one for of_patient in sent.values() for one in of_patient]
    wait_until(lambda: _delivered(platform, ids) == 60, 120, "every delivery")

    assert killed != platform.process(module)
    assert resent > 0 or module != "local.functions_host"
    assert len(messages) == len(set(ids))
    assert [] == destinations.misplaced(sent)
    assert [] == destinations.doubled()
    assert len(messages) == len({key for key in destinations.order(FHIR) if key in _deliveries(platform, ids)})
    assert 0 == platform.cli("reconcile").returncode


class Killer(threading.Thread):
    """Ends a process, and what it started, by SIGKILL while the test goes on."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.now = threading.Event()

    def __enter__(self) -> Killer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.now.set()
        self.join()

    def run(self) -> None:
        self.now.wait()
        time.sleep(0.005)  # into the middle of the next request
        os.killpg(os.getpgid(self.pid), signal.SIGKILL)


def _delivered(platform: PlatformProcess, ids: list[str]) -> int:
    try:
        return len(_deliveries(platform, ids))
    except psycopg.OperationalError:
        return 0


def _deliveries(platform: PlatformProcess, ids: list[str]) -> set[str]:
    query = "SELECT delivery_id FROM delivery WHERE message_id = ANY(%s::uuid[]) AND status = 'delivered'"
    return {str(row[0]) for row in platform.rows(query, ids)}
