"""A day of admissions is the same for the same seed, legal per patient, and something that Corridor takes."""

from __future__ import annotations

from datetime import UTC, datetime

from local.traffic.stays import SENDER, hospital_stays
from shared.conversion import convert
from shared.formats.hl7v2.envelope import read_envelope
from shared.validation import find_errors


def test_the_same_seed_gives_the_same_day() -> None:
    assert hospital_stays(7) == hospital_stays(7)
    assert hospital_stays(7) != hospital_stays(8)


def test_every_message_is_one_that_may_be_accepted_and_converted() -> None:
    for movement in hospital_stays(3, patients=16):
        (conversion,) = convert(movement.payload, source="hl7v2", received=datetime(2026, 3, 14, tzinfo=UTC))

        assert () == read_envelope(movement.payload).problems
        assert [] == list(find_errors(conversion.bundle))


def test_control_ids_are_used_once() -> None:
    ids = [movement.control_id for movement in hospital_stays(3)]

    assert sorted(set(ids)) == sorted(ids)


def test_a_patient_who_was_registered_twice_is_merged_last() -> None:
    day = hospital_stays(3)
    merges = [movement for movement in day if movement.event == "A40"]

    assert merges
    for merge in merges:
        assert [] == [one for one in day[day.index(merge) :] if one.record == merge.merges]


def test_the_sender_is_a_partner() -> None:
    assert "harbor-hospital" == SENDER


def test_a_marked_day_names_the_retired_number_once_more_after_each_merge_and_marks_every_message() -> None:
    day = hospital_stays(3, patients=30, first=100, marked=True)
    merges = [movement for movement in day if movement.event == "A40"]

    assert all(movement.control_id.encode() in movement.payload.split(b"\rPID|")[1] for movement in day)
    assert 4 == len(merges)
    for merge in merges:
        line = [one for one in day if one.visit == merge.visit]
        (after,) = line[line.index(merge) + 1 :]
        assert merge.merges == after.record
        assert ("A01" if line[-3].event == "A11" else "A08") == after.event
    assert set() == {one.record for one in day} & {one.record for one in hospital_stays(3, patients=100)}
