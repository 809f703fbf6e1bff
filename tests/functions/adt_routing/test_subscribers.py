"""The same event in each subscriber's own format: HL7 v2 in its version and codes, a file, a bundle (A01)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shared.adapters.file_drop import Directory, FileDropDestination
from shared.adapters.memory import FakeDestinations
from shared.errors import TransientError
from shared.formats.hl7v2.parse import parse
from shared.partners.hl7v2_writing import WritingPreferences
from shared.partners.model import Credential, Endpoint, Partner
from tests.functions.adt_routing.rooms import Ward, adt, partners, subscriber

HL7 = Endpoint("hl7v2", "NOWHERE_URL", Credential("oauth2", "nowhere"), idempotent=True, timeout_seconds=5)
FILES = Endpoint("file", "NOWHERE_URL", Credential("managed-identity", ""), idempotent=True, timeout_seconds=5)
OLD = WritingPreferences(version="2.3.1", receiving_application="BEDS", receiving_facility="SOUTH")


def speaking(name: str, endpoint: Endpoint) -> Partner:
    partner = subscriber(name, "encounter.*", "patient.*")
    assert partner.receives is not None
    return replace(partner, receives=replace(partner.receives, endpoint=endpoint, hl7v2=OLD))


def taken(ward: Ward, name: str) -> list[bytes]:
    destinations = ward.ports.destinations
    assert isinstance(destinations, FakeDestinations)
    return [body for _, body in destinations.by_name[name].effects]


@pytest.fixture
def beds(ward: Ward) -> Ward:
    return replace(ward, ports=replace(ward.ports, partners=partners(speaking("beds", HL7))))


@pytest.mark.parametrize(
    ("event", "written"),
    [("A01", "A01"), ("A04", "A04"), ("A08", "A08"), ("A05", "A08"), ("A27", "A11")],
)
def test_a_subscriber_gets_hl7_in_its_own_version(beds: Ward, event: str, written: str) -> None:
    beds.post(adt(event, 0))
    beds.work()

    (message,) = (parse(body) for body in taken(beds, "beds"))
    pid = message.first("PID")
    assert pid is not None
    assert ("ADT", written, "2.3.1", "BEDS", "TEST-1") == (
        message.code, message.event, message.version, message.header.text(5), pid.text(3),
    )  # fmt: skip


def test_a_merge_is_written_as_one_with_the_prior_number(beds: Ward) -> None:
    beds.post(adt("A40", 0, mrn="TEST-2", prior="TEST-1"))
    beds.work()

    (message,) = (parse(body) for body in taken(beds, "beds"))
    mrg = message.first("MRG")
    assert mrg is not None
    assert ("A40", "TEST-1") == (message.event, mrg.text(1))


def test_a_repeated_delivery_has_the_same_bytes(beds: Ward) -> None:
    destinations = beds.ports.destinations
    assert isinstance(destinations, FakeDestinations)
    destinations.named("beds")
    destinations.by_name["beds"].failures.append(TransientError("destination-unavailable"))
    beds.post(adt("A01", 0))
    beds.work()
    beds.later(beds.ports.lease)

    assert 1 == len(taken(beds, "beds"))
    sent = [name for name in beds.ports.archive.contents if name.startswith("sent/")]  # type: ignore[attr-defined]
    assert 3 == len(sent) - 1


def test_a_patient_who_is_told_as_once_before_is_told_under_a_new_control_id(ward: Ward) -> None:
    told_little = speaking("beds", HL7)
    assert told_little.receives is not None
    allow = {"Patient": ("identifier", "name"), "Encounter": ("status", "class", "subject")}
    beds = replace(told_little, receives=replace(told_little.receives, allow=allow))
    desk = replace(ward, ports=replace(ward.ports, partners=partners(beds)))
    for minute, family in enumerate(("TESTPATIENT-ALDER", "TESTPATIENT-ASH", "TESTPATIENT-ALDER")):
        desk.post(adt("A08", minute, family=family))
        desk.work()

    control_ids = [parse(body).header.text(10) for body in taken(desk, "beds")]
    assert (3, 3) == (len(control_ids), len(set(control_ids)))


def test_an_event_that_hl7_here_has_no_words_for_waits_for_a_person(beds: Ward) -> None:
    beds.post(adt("A29", 0))
    beds.work()

    assert [("unsupported-event",)] == beds.rows("select code from quarantine where delivery_id is not null")


def test_a_file_drop_gets_one_file_per_delivery(ward: Ward, tmp_path: Path) -> None:
    drop = FileDropDestination(Directory(tmp_path / "drop"))
    destinations = ward.ports.destinations
    assert isinstance(destinations, FakeDestinations)
    destinations.by_name["files"] = drop  # type: ignore[assignment]
    desk = replace(ward, ports=replace(ward.ports, partners=partners(speaking("files", FILES))))
    desk.post(adt("A01", 0))
    desk.post(adt("A03", 1))
    desk.work()

    files = sorted((tmp_path / "drop").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    assert ["A01", "A03"] == [parse(file.read_bytes()).event for file in files]
    assert {f"{row[0]}.hl7" for row in desk.rows("select delivery_id from delivery where destination = 'files'")} == {
        file.name for file in files
    }
