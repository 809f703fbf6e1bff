"""
What a trigger event (table 0003) says of the visit: its status, its places, its times.

    event                                    Encounter.status    places and times
    A01 A04 A06 A07 A10 admit, arrive        in-progress         PV1-3 active; period.start PV1-44, else EVN-6
    A02 A09 transfer, depart                 in-progress         PV1-3 active since, PV1-6 completed at EVN-6
    A12 A17 A26 A32 A33 swap, cancel         in-progress         A26: PV1-42 is reserved no longer
    A15 A16 A25 pending ...                  in-progress         A15: PV1-42 reserved
    A03 discharge                            finished            all completed; period.end PV1-45, else EVN-6
    A13 cancel discharge                     in-progress         no period.end, PV1-3 active again
    A05 A14 pre-admit, pending admit         planned             PV1-3 planned
    A11 A27 A38 cancel admit, pending, pre-  cancelled           all completed; A27: PV1-42 is reserved no longer
    A21 A53 leave of absence                 onleave
    A22 A52 back from it                     in-progress
    A23 delete the visit                     entered-in-error
    any other                                finished with PV1-45; else by PV1-44 or the class (PV1-2)
    none: a charge (DFT)                     finished with PV1-45; else by PV1-44, not by the class: it may come late

Specification: A01 A02 A03 A05 A11 A13 (map Event[EncounterStatus]) and the class (PatientClass[EncounterStatus]).
Policy: the rest, and three choices. A04 is `planned` in the guide's event map and `in-progress` by its class map: the
patient is there, so the class map holds. A08 is `unknown` there, for it does not tell: PV1 tells. A visit that has a
discharge time is finished, whatever event goes on to speak of it: a late A01 does not open it again.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.terminology.visit_maps import CLASS_STATUS

STATUS = {
    **dict.fromkeys(("A01", "A04", "A06", "A07", "A10", "A02", "A09", "A12", "A13", "A17"), "in-progress"),
    **dict.fromkeys(("A15", "A16", "A22", "A25", "A26", "A32", "A33", "A52"), "in-progress"),
    "A03": "finished",
    **dict.fromkeys(("A05", "A14"), "planned"),
    **dict.fromkeys(("A11", "A27", "A38"), "cancelled"),
    **dict.fromkeys(("A21", "A53"), "onleave"),
    "A23": "entered-in-error",
}
_PLACE = {
    "planned": "planned",
    **dict.fromkeys(("finished", "cancelled", "entered-in-error"), "completed"),
}
_STARTS = frozenset({"A01", "A04", "A06", "A07", "A10"})
_MOVES = frozenset({"A02", "A09"})
_RELEASES = frozenset({"A26", "A27"})
_NOT_DISCHARGED = "the event cancels the discharge"
_NOT_RESERVED = "the event cancels what was pending: the place is reserved no longer"


def apply_event(context: Context, event: str, encounter: Resource, pv1: Segment, evn: Segment | None) -> None:
    """Make the encounter what it is after the event."""
    encounter["status"] = _status(event, encounter, pv1)
    if event == "A13":
        _reopen(context, encounter, pv1)
    elif event in _STARTS:
        _put_time(context, encounter, "start", evn)
    elif event == "A03":
        _put_time(context, encounter, "end", evn)
    elif event in _MOVES:
        _put_move(context, encounter, pv1, evn)
    if event in _RELEASES:
        _release(context, encounter, pv1)
    _set_places(encounter)


def _status(event: str, encounter: Resource, pv1: Segment) -> str:
    status = STATUS.get(event, "")
    if status in ("", "in-progress") and event != "A13" and pv1.text(45):
        return "finished"
    if status:
        return status
    told: str = encounter["status"]
    return told if told != "unknown" or not event else CLASS_STATUS.get(pv1.text(2)) or "unknown"


def _put_time(context: Context, encounter: Resource, name: str, evn: Segment | None) -> None:
    """Set a bound of the period to when the event occurred (EVN-6), where PV1 does not give it."""
    period = encounter.get("period", {})
    if evn is None or name in period or f"_{name}" in period:
        return
    put_date_time(context, period, name, evn, 6)
    if period:
        encounter["period"] = period


def _put_move(context: Context, encounter: Resource, pv1: Segment, evn: Segment | None) -> None:
    if evn is None:
        return
    for number, name in ((6, "end"), (3, "start")):
        place = location_from_pl(context, pv1.first(number))
        period: Resource = {}
        put_date_time(context, period, name, evn, 6)
        for entry in encounter.get("location", ()) if place is not None and period else ():
            if entry["location"] == reference(place or {}):
                entry["period"] = period


def _reopen(context: Context, encounter: Resource, pv1: Segment) -> None:
    """Take the discharge back: a time that is sent along is the one that no longer holds."""
    for name in ("end", "_end"):
        encounter.get("period", {}).pop(name, None)
    if "period" in encounter and not encounter["period"]:
        del encounter["period"]
    if pv1.raw(45):
        context.drop_field(pv1, 45, _NOT_DISCHARGED)
    here = location_from_pl(context, pv1.first(3))
    for entry in encounter.get("location", ()):
        if here is not None and entry["location"] == reference(here):
            entry["status"] = "active"


def _release(context: Context, encounter: Resource, pv1: Segment) -> None:
    kept = [entry for entry in encounter.get("location", ()) if entry["status"] != "reserved"]
    if pv1.raw(42):
        context.drop_field(pv1, 42, _NOT_RESERVED)
    if kept:
        encounter["location"] = kept
    else:
        encounter.pop("location", None)


def _set_places(encounter: Resource) -> None:
    """Nobody is where the visit is only planned, or over."""
    here = _PLACE.get(encounter["status"])
    for entry in encounter.get("location", ()):
        if here and entry["status"] == "active":
            entry["status"] = here
