"""The whole day through the real converter and validator: what is accepted and not held leaves as valid FHIR."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.traffic.day import hospital_day
from local.traffic.posting import Posting
from shared.conversion import Conversion, convert
from shared.errors import ReviewNeededError
from shared.events.result import result_event
from shared.formats.hl7v2.results import report_states
from shared.partners.reading import read_partners
from shared.pipeline.opening import refuse_unknown_status
from shared.validation import validate

PARTNERS = read_partners(Path(__file__).parents[3] / "partners")
RECEIVED = datetime(2026, 3, 15, tzinfo=UTC)
ACCEPTED = [posting for posting in hospital_day() if posting.expect.verdict == "accepted"]


def converted(posting: Posting) -> Conversion:
    partner = PARTNERS.get(posting.partner)
    assert partner is not None
    assert partner.sends is not None
    (conversion,) = convert(posting.payload, source="hl7v2", partner=partner.sends.profile, received=RECEIVED)
    return conversion


@pytest.mark.unmeasured
def test_every_accepted_message_that_is_not_held_becomes_valid_fhir() -> None:
    faults = [
        (posting.sequence, issue.code, issue.location, issue.text)
        for posting in ACCEPTED
        if not posting.expect.quarantined
        for issue in validate(converted(posting).bundle)
        if issue.severity in {"error", "fatal"}
    ]

    assert [] == faults


@pytest.mark.unmeasured
def test_every_held_message_needs_a_person() -> None:
    for posting in ACCEPTED:
        if posting.expect.quarantined:
            with pytest.raises(ReviewNeededError) as caught:
                refuse_unknown_status(converted(posting).issues)
            assert posting.expect.code == caught.value.code


@pytest.mark.unmeasured
def test_every_report_and_result_of_a_message_is_in_its_event() -> None:
    for posting in ACCEPTED:
        if not posting.expect.quarantined:
            conversion = converted(posting)
            event = result_event("F", conversion.bundle)
            assert (
                len(report_states(conversion.message)),
                sum(1 for _ in conversion.message.all("OBX")),
            ) == (len(event.reports), len(set(event.observations))), posting.sequence
