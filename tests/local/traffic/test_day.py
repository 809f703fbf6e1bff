from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest

from functions.intake.policy import envelope_problems, refusal_code
from functions.lab_results.policy import is_outdated, most_advanced, rank_of
from local.traffic.day import hospital_day
from local.traffic.posting import CriticalValue, Expected, Posting, summary_of
from shared.errors import RejectedError
from shared.events.result import result_event
from shared.formats.hl7v2.envelope import Identifier, read_envelope
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.results import report_states
from shared.formats.hl7v2.times import stated_at
from shared.partners.identity import patient_identity
from shared.partners.model import Partners, Sender
from shared.partners.profile import PartnerProfile
from shared.partners.reading import read_partners
from shared.workflow.critical_results import findings_in

ROOT = Path(__file__).parents[3]
DAY = hospital_day()
NO_CODES = PartnerProfile("any")
# Read, decided and counted alike on any day, not on one lucky seed.
DAYS = [DAY, hospital_day(seed=7, patients=25, messages=160), hospital_day(seed=8, patients=10, messages=60)]


@pytest.fixture(scope="module")
def partners() -> Partners:
    return read_partners(ROOT / "partners")


def sender_of(partners: Partners, posting: Posting) -> Sender:
    partner = partners.get(posting.partner)
    assert partner is not None
    assert partner.sends is not None
    return partner.sends


def parsed(partners: Partners, posting: Posting) -> Message:
    return parse(posting.payload, default_charset=sender_of(partners, posting).profile.default_charset)


def answer_to(partners: Partners, posting: Posting) -> tuple[str, str]:
    """Return MSA-1 ("" for a problem document) and the first error's code, as intake decides them."""
    sender = sender_of(partners, posting)
    try:
        envelope = read_envelope(posting.payload, default_charset=sender.profile.default_charset)
    except RejectedError as error:
        return "", error.code
    problems = envelope_problems(envelope, sender)
    return (refusal_code(problems), problems[0].code) if problems else ("AA", "")


def patient_of(partners: Partners, posting: Posting) -> Identifier | None:
    sender = sender_of(partners, posting)
    envelope = read_envelope(posting.payload, default_charset=sender.profile.default_charset)
    return patient_identity(envelope, posting.partner, sender)


def accepted(day: list[Posting]) -> list[Posting]:
    return [posting for posting in day if posting.expect.verdict == "accepted"]


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    def digest(day: list[Posting]) -> str:
        return sha256(repr(day).encode()).hexdigest()

    program = (
        "from hashlib import sha256; from local.traffic.day import hospital_day;"
        "print(sha256(repr(hospital_day()).encode()).hexdigest())"
    )
    elsewhere = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert digest(DAY) == elsewhere.stdout.strip()
    assert DAY == hospital_day()
    assert DAY != hospital_day(seed=2027)


def test_a_day_has_as_many_messages_as_asked_for_and_is_posted_in_order() -> None:
    for day, count in zip(DAYS, (400, 160, 60), strict=True):
        assert list(range(1, count + 1)) == [posting.sequence for posting in day]
        assert sorted(posting.at for posting in day) == [posting.at for posting in day]


@pytest.mark.parametrize("day", DAYS)
def test_intake_answers_every_posting_as_expected(day: list[Posting], partners: Partners) -> None:
    expected = {
        posting.sequence: (
            posting.expect.acknowledgment,
            posting.expect.code if posting.expect.verdict == "rejected" else "",
        )
        for posting in day
    }

    assert expected == {posting.sequence: answer_to(partners, posting) for posting in day}


@pytest.mark.parametrize("day", DAYS)
def test_a_duplicate_is_an_earlier_message_byte_for_byte_and_nothing_else_is(
    day: list[Posting], partners: Partners
) -> None:
    seen: set[tuple[str, bytes]] = set()
    repeated = []
    for posting in day:
        if answer_to(partners, posting)[0] == "AA":
            key = (posting.partner, posting.payload)
            repeated += [posting.sequence] if key in seen else []
            seen.add(key)

    assert [posting.sequence for posting in day if posting.expect.verdict == "duplicate"] == repeated


@pytest.mark.parametrize("day", DAYS)
def test_the_critical_values_are_those_that_our_rules_find(day: list[Posting], partners: Partners) -> None:
    for posting in accepted(day):
        findings = [finding.result for finding in findings_in(parsed(partners, posting), NO_CODES)]
        found = []
        for result in findings:
            *_, filler, service = result.report.split("|")
            found.append(CriticalValue(filler, service, result.code, result.sub_id))
        assert list(posting.expect.critical) == found, posting.sequence


@pytest.mark.parametrize("day", DAYS)
def test_the_critical_tasks_of_a_day_are_counted_as_the_rules_tell_values_apart(
    day: list[Posting], partners: Partners
) -> None:
    keys = {
        (posting.partner, finding.result.report, finding.result.code, finding.result.sub_id)
        for posting in accepted(day)
        for finding in findings_in(parsed(partners, posting), NO_CODES)
    }

    assert len(keys) == summary_of(day).critical_tasks


@pytest.mark.parametrize("day", DAYS)
def test_events_and_superseded_states_are_those_that_our_rules_decide(day: list[Posting], partners: Partners) -> None:
    newest: dict[tuple[Identifier, str], tuple[int, datetime | None]] = {}
    for posting in accepted(day):
        if posting.expect.quarantined:
            continue
        message = parsed(partners, posting)
        states = report_states(message)
        patient = patient_of(partners, posting)
        zone = sender_of(partners, posting).profile.time_zone
        outdated = set()
        for state in states if patient else ():
            assert patient is not None
            key, now = (patient, state.key), (rank_of(state.status), stated_at(state.changed, zone))
            late = is_outdated(newest.get(key), *now)
            outdated.add(late)
            if not late:
                newest[key] = now

        assert (posting.expect.event, {posting.expect.superseded} if patient else set()) == (
            result_event(most_advanced(states), {}).type,
            outdated,
        ), posting.sequence


@pytest.mark.parametrize("day", DAYS)
def test_a_held_message_is_alone_in_its_patients_stream(day: list[Posting], partners: Partners) -> None:
    streams = Counter(patient_of(partners, posting) for posting in accepted(day))
    held = [patient_of(partners, posting) for posting in day if posting.expect.quarantined]

    assert [1] * len(held) == [streams[patient] for patient in held]


def test_the_default_day_shows_every_kind(partners: Partners) -> None:
    messages = [(posting.partner, parsed(partners, posting)) for posting in accepted(DAY)]
    kinds = {segment.text(2) for _, message in messages for segment in message.all("OBX")}

    assert {"NM", "ST", "TX", "FT", "CE", "CWE", "SN", "DT", "TS", "DTM", "ED"} == kinds
    assert {"2.3.1", "2.4", "2.5", "2.5.1", "2.8"} == {message.version for _, message in messages}
    assert len({message.delimiters.encoding_characters for _, message in messages}) >= 4
    assert {"", "UNICODE UTF-8"} == {message.charset for _, message in messages}
    assert any(partner == "northside-lab" and not posting_is_ascii(message) for partner, message in messages)
    assert any(message.first("PID") is None for _, message in messages)
    assert {"P", "F", "C", "X", "Q"} == {segment.text(25) for _, message in messages for segment in message.all("OBR")}
    assert {b"\r\n", b"\n", b"\r", b"\x1c\r"} == {line_end(posting.payload) for posting in accepted(DAY)}
    assert {"ZTL"} <= {segment.name for _, message in messages for segment in message.segments}


def posting_is_ascii(message: Message) -> bool:
    return all(field.isascii() for segment in message.segments for field in segment.fields)


def line_end(payload: bytes) -> bytes:
    return next(end for end in (b"\x1c\r", b"\r\n", b"\n", b"\r") if payload.endswith(end))


def test_a_control_id_is_used_again_with_other_bytes(partners: Partners) -> None:
    uses = Counter((posting.partner, parsed(partners, posting).control_id) for posting in accepted(DAY))

    assert {1, 2} == set(uses.values())
    assert 2 == sum(1 for count in uses.values() if count == 2)


def test_nobody_in_the_traffic_could_be_real(partners: Partners) -> None:
    for posting in accepted(DAY):
        message = parsed(partners, posting)
        names = [segment.text(5) for segment in message.all("PID")]
        names += [segment.text(16, 2) for segment in message.all("OBR")]
        assert [name for name in names if name.startswith("TEST")] == names


def test_the_summary_counts_what_the_books_will_say() -> None:
    expect = summary_of(DAY)

    assert expect.received == expect.processed + expect.duplicates + expect.rejected + expect.quarantined
    assert expect.processed == sum(expect.events.values()) + expect.superseded
    assert (
        Expected(
            received=400,
            accepted=380,
            processed=377,
            duplicates=6,
            rejected=14,
            quarantined=3,
            superseded=4,
            critical_tasks=expect.critical_tasks,
            events=expect.events,
        )
        == expect
    )
    assert expect.critical_tasks > 10
    assert {"result.preliminary", "result.finalized", "result.corrected", "result.cancelled"} == set(expect.events)


def test_a_day_with_too_few_patients_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 10 patients"):
        hospital_day(patients=9)
