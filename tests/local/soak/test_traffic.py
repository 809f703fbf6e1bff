"""A soak's traffic says who must hear of what, and carries a mark that tells it apart everywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.platform.programs import PARTNERS
from local.soak.disorder import PATIENCE_SECONDS
from local.soak.evidence import mark_of
from local.soak.partners import PLAIN, write_partners
from local.soak.traffic import Errand, soak_traffic
from local.traffic.stays import SENDER
from shared.conversion import convert
from shared.events import encounter, patient
from shared.formats.fhir.encoding import serialize
from shared.partners.model import Whereabouts
from shared.partners.profile import PartnerProfile
from shared.partners.reading import read_partners


@pytest.fixture(scope="module")
def traffic() -> list[Errand]:
    return soak_traffic(11, 400)


def accepted(traffic: list[Errand]) -> list[Errand]:
    return [one for one in traffic if one.posting.expect.verdict == "accepted"]


@pytest.mark.unmeasured
def test_the_same_seed_gives_the_same_traffic(traffic: list[Errand]) -> None:
    assert soak_traffic(11, 400) == traffic
    assert soak_traffic(12, 400) != traffic


def test_the_traffic_is_about_as_long_as_was_asked_for_and_numbered(traffic: list[Errand]) -> None:
    assert 360 <= len(traffic) <= 460
    assert list(range(1, len(traffic) + 1)) == [one.posting.sequence for one in traffic]
    with pytest.raises(ValueError, match="at least 60"):
        soak_traffic(1, 59)


@pytest.mark.unmeasured
def test_every_message_that_may_arrive_has_a_mark_of_its_own_that_its_record_carries(traffic: list[Errand]) -> None:
    marks = [one.posting.mark for one in accepted(traffic)]
    assert len(set(marks)) == len(marks)
    for errand in accepted(traffic)[::7]:
        if errand.posting.expect.quarantined:
            continue
        (conversion,) = convert(
            errand.posting.payload,
            source="hl7v2",
            partner=profile(errand.posting.partner),
            received=datetime(2026, 3, 14, tzinfo=UTC),
        )
        assert errand.posting.mark == mark_of(serialize(conversion.bundle))


def profile(name: str) -> PartnerProfile:
    partner = read_partners(PARTNERS).get(name)
    assert partner is not None
    assert partner.sends is not None
    return partner.sends.profile


def test_it_has_merges_copies_refusals_and_held_messages(traffic: list[Errand]) -> None:
    verdicts = {one.posting.expect.verdict for one in traffic if one.posting.partner == SENDER}
    assert {"accepted", "duplicate"} == verdicts
    assert [] != [one for one in traffic if one.posting.expect.verdict == "rejected"]
    assert [] != [one for one in traffic if one.posting.expect.quarantined and not one.due]
    merges = [one for one in traffic if one.merge]
    assert [] != merges
    for merge in merges:
        assert merge.merge is not None
        survivor, retired, _ = merge.merge
        later = [
            one for one in traffic if one.subject == merge.subject and one.posting.sequence > merge.posting.sequence
        ]
        assert {f"{SENDER}/{survivor}"} == {one.subject for one in later}
        assert retired in {one.posting.subject for one in later}  # an update that still names the retired number


def test_laboratories_and_the_hospital_share_no_patient(traffic: list[Errand]) -> None:
    hospital = {one.posting.subject for one in traffic if one.posting.partner == SENDER}
    laboratories = {one.posting.subject for one in traffic if one.posting.partner != SENDER}

    assert set() == hospital & laboratories


def test_who_is_due_agrees_with_the_partner_files(traffic: list[Errand], tmp_path: Path) -> None:
    partners = read_partners(write_partners(PARTNERS, tmp_path / "partners"))
    types = {**encounter.TYPE_OF_EVENT, **patient.TYPE_OF_EVENT}
    for errand in accepted(traffic):
        posting = errand.posting
        if posting.partner == SENDER:
            event = posting.payload.split(b"\rEVN|")[1][:3].decode()
            classes = {"A04": "E", "A05": "P", "A40": ""}.get(event, "I")
            if errand.disordered and not errand.due:
                continue  # overtaken
            kind, where = types[event], Whereabouts(frozenset({"HARBOR"}), frozenset({classes} - {""}))
        else:
            kind, where = posting.expect.event, Whereabouts()
            if not kind or posting.expect.superseded:
                assert frozenset() == errand.due
                continue
        assert {one.name for one in partners.receivers_of(kind, "P", where)} == errand.due, kind


def test_the_plain_destination_honours_no_key_and_windows_are_short(tmp_path: Path) -> None:
    partners = read_partners(write_partners(PARTNERS, tmp_path / "partners"))
    plain, registry = partners.get(PLAIN), partners.get("county-registry")

    assert plain is not None
    assert plain.receives is not None
    assert not plain.receives.endpoint.idempotent
    assert registry is not None
    assert registry.receives is not None
    assert 2 == registry.receives.coalesce.total_seconds()
    hospital = partners.get(SENDER)
    assert hospital is not None
    assert hospital.sends is not None
    assert PATIENCE_SECONDS == hospital.sends.reorder_within.total_seconds()
