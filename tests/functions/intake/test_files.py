"""A dropped file is taken once, whole or not at all, item by item, by whichever worker lives (D08, D14-D16)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest

from functions.intake.file_events import register_file
from functions.intake.files import work_on_files
from functions.lab_results.use_case import PROCESS_BULK
from shared.adapters.memory import FixedClock, MemoryArchive, MemoryLanding, OpenDoor, RecordedHints
from shared.errors import RejectedError, TransientError
from shared.formats.hl7v2.parse import parse
from shared.landing import Sighting
from shared.ledger_ports import Ledger, Transaction
from shared.pipeline import drain
from shared.ports import Ports
from tests.functions.messages import PARTNERS, oru

CONTAINER, NAME = "hl7v2-drops", "riverside-lab/night.hl7"

Rows = Callable[[str], list[tuple[object, ...]]]


def batch(*messages: bytes, count: int | None = None) -> bytes:
    head = (
        b"FHS|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR|20260314||||F-77\rBHS|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR|||||B-78\r"
    )
    stated = len(messages) if count is None else count
    return head + b"".join(messages) + f"BTS|{stated}\rFTS|1\r".encode()


def event(name: str = NAME, etag: str = "etag-1", container: str = CONTAINER) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "e-1",
            "type": "Microsoft.Storage.BlobCreated",
            "source": "/landing",
            "subject": f"/blobServices/default/containers/{container}/blobs/{name}",
            "time": "2026-03-14T12:00:00+00:00",
            "data": {"api": "PutBlob", "eTag": f'"{etag}"', "contentLength": 1},
        }
    ).encode()


@pytest.fixture
def desk(ports: Ports) -> Ports:
    return replace(ports, partners=PARTNERS, lease=timedelta(0))


@pytest.fixture
def landing(desk: Ports) -> MemoryLanding:
    assert isinstance(desk.landing, MemoryLanding)
    return desk.landing


@pytest.fixture
def rows(ledger_url: str) -> Rows:
    def ask(query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(ledger_url) as connection:
            return connection.execute(query).fetchall()

    return ask


def drop(desk: Ports, content: bytes, name: str = NAME) -> None:
    assert isinstance(desk.landing, MemoryLanding)
    sighting = desk.landing.put(CONTAINER, name, content)
    register_file(event(name, sighting.etag), desk)
    work_on_files(desk)


def answer(landing: MemoryLanding, name: str = NAME) -> list[list[str]]:
    _, content = landing.contents[CONTAINER, f"{name}.ack"]
    return [line.split("|") for line in content.decode().split("\r") if line]


def told(landing: MemoryLanding, name: str = NAME) -> list[tuple[str, str]]:
    return [(line[1], line[2]) for line in answer(landing, name) if line[0] == "MSA"]


def test_each_message_of_a_file_is_accepted_alone_and_answered_in_a_batch(
    desk: Ports, landing: MemoryLanding, rows: Rows
) -> None:
    drop(desk, batch(oru("T-1"), oru("T-2", version="9.9"), oru("T-3")))

    assert [("AA", "T-1"), ("AR", "T-2"), ("AA", "T-3")] == told(landing)
    assert [("T-1", "received"), ("T-2", "rejected"), ("T-3", "received")] == rows(
        "select control_id, status from message order by control_id"
    )
    assert [("taken", 3)] == rows("select status, items from dropped_file")


def test_the_answer_refers_to_the_file_and_counts_its_acknowledgments(desk: Ports, landing: MemoryLanding) -> None:
    drop(desk, batch(oru("T-1"), oru("T-2")))

    first, second, *_, last_but_one, last = answer(landing)
    assert ["FHS", "^~\\&", "CORRIDOR", "HARBOR", "LIS", "RIVERSIDE"] == first[:6]
    assert ("F-77", "B-78") == (first[11], second[11])
    assert [["BTS", "2"], ["FTS", "1"]] == [last_but_one, last]
    assert (
        "MSH"
        == parse(b"\r".join(b"|".join(f.encode() for f in line) for line in answer(landing)[2:4])).segments[0].name
    )


def test_messages_without_any_header_are_a_file_as_well(desk: Ports, landing: MemoryLanding) -> None:
    drop(desk, oru("T-1") + oru("T-2"))

    assert [("AA", "T-1"), ("AA", "T-2")] == told(landing)


def test_what_a_file_brings_waits_in_queues_of_its_own_but_for_critical_values(
    desk: Ports, hints: RecordedHints, rows: Rows
) -> None:
    drop(desk, batch(oru("T-1", flag="HH")))

    sent = hints.take()
    assert {"lab_results_process_bulk", "lab_results_detect_critical"} == {hint.function for hint in sent}
    for hint in sent:
        if hint.function == PROCESS_BULK.step.function:
            drain(PROCESS_BULK, hint.stream_id, desk)
    assert [("processed",)] == rows("select status from message")


def test_a_file_and_a_posting_about_one_patient_keep_one_order(desk: Ports, rows: Rows) -> None:
    drop(desk, batch(oru("T-1"), oru("T-2")))

    assert [(1,)] == rows("select count(distinct stream_id) from entry where function = 'lab_results_process_bulk'")


def test_the_same_file_twice_has_no_effect_and_the_same_answer(
    desk: Ports, landing: MemoryLanding, rows: Rows
) -> None:
    drop(desk, batch(oru("T-1"), oru("T-2")))
    drop(desk, batch(oru("T-1"), oru("T-2")), "riverside-lab/again.hl7")
    register_file(event(), desk)

    assert told(landing) == told(landing, "riverside-lab/again.hl7")
    assert [(2,)] == rows("select count(*) from message")
    assert {("taken",), ("duplicate",)} == set(rows("select status from dropped_file"))


def test_a_message_that_came_before_is_answered_as_it_was_then(
    desk: Ports, landing: MemoryLanding, rows: Rows
) -> None:
    drop(desk, batch(oru("T-1")))
    drop(desk, batch(oru("T-1"), oru("T-2")), "riverside-lab/more.hl7")

    assert [("AA", "T-1"), ("AA", "T-2")] == told(landing, "riverside-lab/more.hl7")
    assert [("duplicate",), ("received",), ("received",)] == sorted(rows("select status from message"))


def test_a_night_without_results_is_taken_and_answered_with_nothing(
    desk: Ports, landing: MemoryLanding, rows: Rows
) -> None:
    drop(desk, batch())

    assert [("taken",)] == rows("select status from dropped_file")
    assert [] == told(landing)
    assert [(0,)] == rows("select count(*) from task")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (batch(oru("T-1"), count=2), "batch-count-differs"),
        (batch(count=2), "batch-count-differs"),
        (batch(oru("T-1"))[:-7], "batch-trailer-missing"),
        (oru("T-1") + oru("T-2")[:-30], "file-end-missing"),
        (b"FHS|^~\\&\rFTS|1\r", "file-empty"),
        (b"%PDF-1.7 and more that is no message", "not-hl7v2"),
        (oru("T-1").decode().encode("utf-16"), "file-encoding-unsupported"),
    ],
    ids=["counts-differ", "all-lost", "no-trailer", "cut-off", "empty", "no-hl7", "utf-16"],
)
def test_nothing_is_taken_of_a_file_that_is_not_whole(
    desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows, content: bytes, code: str
) -> None:
    drop(desk, content)
    clock.advance(timedelta(minutes=11))
    work_on_files(desk)

    assert [(0,)] == rows("select count(*) from message")
    assert [("refused", code)] == rows("select status, code from dropped_file")
    assert ["AE"] == [status for status, _ in told(landing)]
    assert [("file-refused", "integration-steward")] == rows("select kind, owner_queue from task")


def test_a_file_that_is_still_being_written_is_left_alone_until_its_end_is_there(
    desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows
) -> None:
    whole = batch(oru("T-1"), oru("T-2"))
    drop(desk, whole[: len(whole) // 2])
    assert [("waiting", "file-still-written")] == rows("select status, code from dropped_file")
    drop(desk, whole)
    clock.advance(timedelta(minutes=1))
    work_on_files(desk)

    assert [("superseded",), ("taken",)] == sorted(rows("select status from dropped_file"))
    assert [(2,)] == rows("select count(*) from message")


def test_a_file_that_changes_while_it_is_taken_goes_on_as_its_new_version(
    desk: Ports, landing: MemoryLanding, rows: Rows
) -> None:
    first, second = batch(oru("T-1"), oru("T-2")), batch(oru("T-1"), oru("T-3"))

    class Overwritten(MemoryArchive):
        def put(self, name: str, content: bytes) -> None:
            super().put(name, content)
            if len(self.contents) == 1:
                landing.put(CONTAINER, NAME, second)

    drop(replace(desk, archive=Overwritten()), first)

    assert [("superseded", "file-changed"), ("taken", None)] == sorted(
        rows("select status, code from dropped_file"), key=str
    )
    assert [("AA", "T-1"), ("AA", "T-3")] == told(landing)


class DiedError(BaseException):
    """As `kill -9`: nothing catches it."""


@dataclass
class DyingLedger:
    """Dies right before or right after the commit of one transaction."""

    real: Ledger
    at: int
    committed: bool
    count: int = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        self.count += 1
        dies = self.count == self.at
        with self.real.transaction() as tx:
            yield tx
            if dies and not self.committed:
                raise DiedError
        if dies:
            raise DiedError

    def statements(self) -> object:
        return self.real.statements()

    def check(self) -> None:
        self.real.check()


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_a_worker_that_dies_at_any_commit_loses_and_doubles_nothing(
    desk: Ports, landing: MemoryLanding, rows: Rows, committed: bool
) -> None:
    deaths = 0
    for at in range(1, 12):
        name, messages = f"riverside-lab/n{at}.hl7", [oru(f"T-{at}-{number}") for number in range(3)]
        sighting = landing.put(CONTAINER, name, batch(*messages))
        register_file(event(name, sighting.etag), desk)
        try:
            work_on_files(replace(desk, ledger=DyingLedger(desk.ledger, at, committed)))  # type: ignore[arg-type]
        except DiedError:
            deaths += 1
        work_on_files(desk)
        assert [("AA", f"T-{at}-{number}") for number in range(3)] == told(landing, name)

    assert deaths >= 8
    assert [(33, 33)] == rows("select count(*), count(*) filter (where status = 'received') from message")
    assert [(33,)] == rows("select count(*) from file_item")
    assert {("taken",)} == set(rows("select status from dropped_file"))


def test_a_file_stops_at_its_checkpoint_while_intake_is_closed_and_goes_on_later(
    desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows
) -> None:
    closed = TransientError("backlog-full", text="too much is waiting", retry_after=30.0)
    drop(replace(desk, intake=OpenDoor({"riverside-lab": closed})), batch(oru("T-1")))
    assert [("taking", "backlog-full", 0)] == rows("select status, code, items from dropped_file")
    assert 0 == work_on_files(desk)

    clock.advance(timedelta(seconds=31))
    work_on_files(desk)
    assert [("AA", "T-1")] == told(landing)


def test_a_file_that_waits_for_hours_is_somebodys_task_until_it_is_taken(
    desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows
) -> None:
    landing.away = True
    landing.contents.clear()
    register_file(event(), desk)
    clock.advance(timedelta(hours=5))
    work_on_files(desk)
    assert [("waiting-too-long", "queued")] == rows("select kind, state from task")

    landing.away = False
    clock.advance(timedelta(minutes=2))
    landing.put(CONTAINER, NAME, batch(oru("T-1")))
    work_on_files(desk)
    assert [("waiting-too-long", "completed")] == rows("select kind, state from task")


def test_a_file_that_a_clock_far_ahead_has_put_off_goes_on_once_it_is_right(
    desk: Ports, landing: MemoryLanding, clock: FixedClock
) -> None:
    closed = TransientError("backlog-full", text="too much is waiting", retry_after=30.0)
    clock.advance(timedelta(days=1))
    drop(replace(desk, intake=OpenDoor({"riverside-lab": closed})), batch(oru("T-1")))
    clock.advance(timedelta(days=-1))

    work_on_files(desk)

    assert [("AA", "T-1")] == told(landing)


class DefectiveLanding(MemoryLanding):
    """Reads as only a defect would."""

    def read(self, file: Sighting, position: int) -> Iterator[bytes]:
        raise ZeroDivisionError


def test_a_file_that_meets_a_defect_backs_off_and_is_told_and_the_next_one_is_taken(
    desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows
) -> None:
    defective = replace(desk, landing=DefectiveLanding(clock, landing.contents))
    with pytest.raises(ZeroDivisionError):
        drop(defective, batch(oru("T-1")))
    assert 0 == work_on_files(defective)

    clock.advance(timedelta(seconds=1))
    drop(desk, batch(oru("T-2")), "riverside-lab/next.hl7")
    assert [("AA", "T-2")] == told(landing, "riverside-lab/next.hl7")

    clock.advance(timedelta(hours=5))
    with pytest.raises(ZeroDivisionError):
        work_on_files(defective)
    assert [("waiting-too-long", "unexpected-error")] == rows("select kind, explanation->>'code' from task")


def test_a_message_that_is_too_long_costs_its_neighbours_nothing(desk: Ports, landing: MemoryLanding) -> None:
    long = oru("T-2") + b"NTE|1||" + b"x" * 5000 + b"\r"
    drop(replace(desk, max_body_bytes=2000), batch(oru("T-1"), long, oru("T-3")))

    assert [("AA", "T-1"), ("AE", ""), ("AA", "T-3")] == told(landing)
    assert ["too-large"] == [line[5].split("^")[0] for line in answer(landing) if line[0] == "ERR"]


def test_an_item_that_cannot_be_read_is_answered_without_a_control_id(desk: Ports, landing: MemoryLanding) -> None:
    drop(desk, batch(oru("T-1"), b"MSH|||\r", oru("T-3")))

    assert [("AA", "T-1"), ("AE", ""), ("AA", "T-3")] == told(landing)


def test_a_partners_files_are_taken_in_the_order_in_which_they_came(
    desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows
) -> None:
    closed = replace(desk, intake=OpenDoor({"riverside-lab": TransientError("partner-halted", retry_after=60.0)}))
    drop(closed, batch(oru("T-1")), "riverside-lab/a.hl7")
    clock.advance(timedelta(seconds=1))
    drop(desk, batch(oru("T-2")), "riverside-lab/b.hl7")
    assert [(0,)] == rows("select count(*) from message")

    clock.advance(timedelta(minutes=2))
    work_on_files(desk)
    assert ["T-1", "T-2"] == [
        row[0] for row in rows("select control_id from message order by received_at, control_id")
    ]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("riverside-lab/Test Patient.hl7", "file-name-invalid"),
        ("nobody/x.hl7", "not-a-sender"),
        ("harbor-ehr/x.hl7", "not-a-sender"),
    ],
)
def test_a_file_of_nobody_or_with_a_telling_name_is_refused(desk: Ports, rows: Rows, name: str, code: str) -> None:
    drop(desk, batch(oru("T-1")), name)

    assert [("refused", code)] == rows("select status, code from dropped_file")
    assert [(0,)] == rows("select count(*) from message")


@pytest.mark.parametrize("name", ["riverside-lab/x.hl7.ack", "riverside-lab/x.part", "riverside-lab/x.filepart"])
def test_our_own_answers_and_unfinished_transfers_are_left_alone(desk: Ports, rows: Rows, name: str) -> None:
    assert not register_file(event(name), desk)
    assert [] == rows("select * from dropped_file")


@pytest.mark.parametrize(
    "body", [b"no json", b"[]", b'{"type":"x","subject":"y","data":{}}', event(container="other")]
)
def test_an_event_of_something_else_is_refused(desk: Ports, body: bytes) -> None:
    with pytest.raises(RejectedError, match="file-event-invalid"):
        register_file(body, desk)


def test_a_file_that_its_sender_took_back_is_forgotten(desk: Ports, rows: Rows) -> None:
    register_file(event(), desk)
    work_on_files(desk)

    assert [("superseded", "file-missing")] == rows("select status, code from dropped_file")
    assert [] == rows("select kind from task")


def test_a_long_file_is_taken_in_slices(desk: Ports, landing: MemoryLanding, clock: FixedClock, rows: Rows) -> None:
    class Slow(MemoryArchive):
        def put(self, name: str, content: bytes) -> None:
            super().put(name, content)
            clock.advance(timedelta(seconds=50))

    slow = replace(desk, archive=Slow())
    drop(slow, batch(*(oru(f"T-{number}") for number in range(5))))
    assert [("taking", 3, None)] == rows("select status, items, code from dropped_file")

    work_on_files(slow)
    assert [("AA", f"T-{number}") for number in range(5)] == told(landing)
