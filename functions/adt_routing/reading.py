"""
What an ADT message tells of a visit, as far as routing needs it.

    visit          the Encounter's id, where PV1-19 names the visit
    stated_at      EVN-2, else MSH-7: when the sender wrote it down
    occurred_at    EVN-6, else stated_at
    place          by PV1 (`shared.formats.hl7v2.visits`)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.formats.hl7v2.message import Message, Segment
from shared.formats.hl7v2.times import stated_at
from shared.formats.hl7v2.visits import visit_place
from shared.partners.profile import PartnerProfile

# A time further ahead of our own clock than this is a clock gone wrong, and orders nothing.
_PLAUSIBLE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Told:
    """What the message tells; empty where it does not say."""

    trigger: str
    visit: str | None
    stated_at: datetime | None
    occurred_at: datetime | None
    facility: str
    patient_class: str
    unit: str
    prior_unit: str
    is_over: bool


def told_by(message: Message, bundle: dict[str, Any], profile: PartnerProfile, received: datetime) -> Told:
    """Return what the message tells; `bundle` is what it was converted to."""
    evn, pv1 = message.first("EVN"), message.first("PV1")
    stated = _time(evn, 2, profile) or _time(message.header, 7, profile)
    if stated is not None and stated > received + _PLAUSIBLE:
        stated = None
    place = visit_place(message)
    return Told(
        trigger=message.event or _text(evn, 1),
        visit=_visit(pv1, bundle),
        stated_at=stated,
        occurred_at=_time(evn, 6, profile) or stated,
        facility=place.facility,
        patient_class=place.patient_class,
        unit=place.unit,
        prior_unit=place.prior_unit,
        is_over=bool(_text(pv1, 45)),
    )


def _visit(pv1: Segment | None, bundle: dict[str, Any]) -> str | None:
    if not _text(pv1, 19):
        return None
    return next(
        (entry["resource"]["id"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Encounter"),
        None,
    )


def _time(segment: Segment | None, number: int, profile: PartnerProfile) -> datetime | None:
    return stated_at(_text(segment, number), profile.time_zone)


def _text(segment: Segment | None, number: int) -> str:
    return segment.text(number) if segment is not None else ""
