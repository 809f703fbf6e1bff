"""A hospital's admissions reach a FHIR record, a bed management in its own HL7 v2, and a registry's folder."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.destination import Destinations
from tests.e2e.partner import Partner
from tests.e2e.platform_process import PlatformProcess, wait_until


class Message:
    """One ADT message, as the hospital writes it."""

    def __init__(self, event: str, minute: int, mrn: str, visit: str = "", unit: str = "3W", prior: str = "") -> None:
        at = f"2026031410{minute:02d}00"
        structure = {"A02": "ADT_A02", "A03": "ADT_A03", "A40": "ADT_A39"}.get(event, "ADT_A01")
        last = f"MRG|{prior}^^^HARBOR^MR" if prior else f"PV1|1|I|{unit}^1^A^HARBOR{'|' * 16}{visit}^^^HARBOR"
        lines = (
            f"MSH|^~\\&|ADT|HARBOR|CORRIDOR|HARBOR|{at}||ADT^{event}^{structure}|{uuid.uuid4().hex[:20]}|P|2.5.1",
            f"EVN|{event}|{at}",
            f"PID|1||{mrn}^^^HARBOR^MR||Testperson^Invented||19700102|F",
            last,
        )
        self.delimiters = "|^~\\&"
        self.payload = "".join(f"{line}\r" for line in lines).encode()


@pytest.fixture
def hospital(platform: PlatformProcess) -> Iterator[Partner]:
    with Partner(platform, "harbor-hospital") as partner:
        yield partner


def told(platform: PlatformProcess, destination: str, *message_ids: str) -> list[str]:
    """Return the keys of the deliveries to a destination, once all of them have arrived."""
    query = (
        "SELECT delivery_id, status FROM delivery WHERE destination = %s AND message_id = ANY(%s::uuid[])"
        " ORDER BY array_position(%s::uuid[], message_id)"
    )
    ids = list(message_ids)
    wait_until(lambda: all(row[1] != "due" for row in platform.rows(query, destination, ids, ids)))
    return [str(row[0]) for row in platform.rows(query, destination, ids, ids)]


def test_a_stay_is_told_in_order_to_every_subscriber(
    platform: PlatformProcess, hospital: Partner, destinations: Destinations
) -> None:
    mrn, visit = f"E2E-{uuid.uuid4().hex[:8]}", f"V{uuid.uuid4().hex[:8]}"
    stay = [Message("A01", 0, mrn, visit), Message("A02", 1, mrn, visit, "ICU-1"), Message("A03", 2, mrn, visit)]
    ids = [hospital.accepted(message) for message in stay]  # type: ignore[arg-type]
    for message_id in ids:
        hospital.outcome(message_id)

    keys = told(platform, "harbor-beds", *ids)
    arrived = [effect["idempotencyKey"] for effect in platform_effects(destinations, "hl7v2")]
    (encounter,) = destinations.search("Encounter", subject=f"Patient/{destinations.patient(mrn)['id']}")
    assert keys == [key for key in arrived if key in keys]
    first = destinations.http.get(f"/admin/deliveries/{keys[0]}").raise_for_status().content.decode()
    assert "ADT^A01" in first.split("\r")[0]
    assert "|2.3.1" in first.split("\r")[0]
    assert "finished" == encounter["status"]
    files = [
        json.loads((drop(platform) / f"{key}.json").read_bytes()) for key in told(platform, "county-registry", *ids)
    ]
    assert ["in-progress", "finished"] == [status for file in files for status in statuses(file)]


def test_a_discharge_before_its_admission_waits_for_it(
    platform: PlatformProcess, hospital: Partner, destinations: Destinations
) -> None:
    mrn, visit = f"E2E-{uuid.uuid4().hex[:8]}", f"V{uuid.uuid4().hex[:8]}"
    discharge = hospital.accepted(Message("A03", 5, mrn, visit))  # type: ignore[arg-type]
    wait_until(lambda: platform.rows("SELECT 1 FROM hop WHERE message_id = %s AND outcome = 'waiting'", discharge))
    admission = hospital.accepted(Message("A01", 0, mrn, visit))  # type: ignore[arg-type]

    hospital.outcome(discharge)

    keys = told(platform, "harbor-ehr", admission, discharge)
    assert keys == [key for key in destinations.order("harbor-ehr") if key in keys]


def test_after_a_merge_everything_is_the_survivors(
    platform: PlatformProcess, hospital: Partner, destinations: Destinations
) -> None:
    prior, survivor, visit = (f"E2E-{uuid.uuid4().hex[:8]}" for _ in range(3))
    messages = [
        Message("A01", 0, prior, visit),
        Message("A40", 1, survivor, prior=prior),
        Message("A02", 2, prior, visit, "ICU-1"),
    ]
    for message_id in [hospital.accepted(message) for message in messages]:  # type: ignore[arg-type]
        hospital.outcome(message_id)

    # The retired number stays with the survivor, as an old one, so that both are found by it.
    found = destinations.search("Patient", identifier=f"urn:oid:2.16.840.1.113883.19.4.27|{survivor}")
    (patient,) = [one for one in found if one.get("active", True)]
    (encounter,) = destinations.search("Encounter", subject=f"Patient/{patient['id']}")
    assert "in-progress" == encounter["status"]


def platform_effects(destinations: Destinations, log: str) -> list[dict[str, str]]:
    answer = destinations.http.get("/admin/effects", params={"destination": log})
    return list(answer.raise_for_status().json())


def drop(platform: PlatformProcess) -> Path:
    folder = platform.data / "destinations" / "county-registry"
    deadline = time.monotonic() + 10
    while not folder.is_dir() and time.monotonic() < deadline:
        time.sleep(0.1)
    return folder


def statuses(bundle: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [one["status"] for one in found if one["resourceType"] == "Encounter"]
