"""
What is our policy about visits: which event stands on what, and which of two overtakes the other.

    event                          visit afterwards    stands on a visit that is
    A01 A04                        open                anything, unknown too
    A05                            planned             anything, unknown too
    A06 A07                        open                planned, open, on leave
    A03                            discharged          open, on leave, discharged
    A11                            cancelled           planned, open, on leave, cancelled
    A13                            open                discharged
    A21                            on leave            open, on leave
    A22                            open                on leave
    A23                            deleted             known
    A27                            cancelled           anything, unknown too
    A02 A12 A17                    as before           open, on leave
    A08                            as before           unknown, planned, open, on leave, discharged
    any other                      as before           anything, unknown too

An event that lacks what it stands on came too early: it waits. One that tells of more than the visit it names (a
merge, a swap) is never outdated by what is known of that visit. None of this is in the standard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from functions.adt_routing.reading import Told
from shared.events import encounter, patient
from shared.partners.model import Whereabouts
from shared.workflow.visits import EarlyMessage, Visit

RULES = "adt-order/1"

COALESCED = frozenset({encounter.UPDATED, patient.UPDATED})
"""The events of which a newer one says everything that an older one said."""


class State(StrEnum):
    """Where a visit stands."""

    UNKNOWN = "unknown"
    PLANNED = "planned"
    OPEN = "open"
    ON_LEAVE = "on-leave"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class Verdict(StrEnum):
    """How a message stands to what is known: in turn, late but still telling, outdated, or too early."""

    IN_TURN = "in-turn"
    LATE = "late"
    OUTDATED = "outdated"
    EARLY = "early"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an event does to a visit (None: nothing) and what it stands on (empty: on nothing)."""

    after: State | None = None
    stands_on: frozenset[State] = frozenset()


_HERE = frozenset({State.OPEN, State.ON_LEAVE})
_KNOWN = frozenset(State) - {State.UNKNOWN}
_MOVE = Rule(None, _HERE)
_RULES = {
    **dict.fromkeys(("A01", "A04"), Rule(State.OPEN)),
    "A05": Rule(State.PLANNED),
    **dict.fromkeys(("A06", "A07"), Rule(State.OPEN, _HERE | {State.PLANNED})),
    "A03": Rule(State.DISCHARGED, _HERE | {State.DISCHARGED}),
    "A11": Rule(State.CANCELLED, _HERE | {State.PLANNED, State.CANCELLED}),
    "A13": Rule(State.OPEN, frozenset({State.DISCHARGED})),
    "A21": Rule(State.ON_LEAVE, _HERE),
    "A22": Rule(State.OPEN, frozenset({State.ON_LEAVE})),
    "A23": Rule(State.DELETED, _KNOWN),
    "A27": Rule(State.CANCELLED),
    **dict.fromkeys(("A02", "A12", "A17"), _MOVE),
    "A08": Rule(None, _HERE | {State.UNKNOWN, State.PLANNED, State.DISCHARGED}),
}
_NO_RULE = Rule()
_MORE_THAN_THE_VISIT = patient.MERGES | {"A17", "A24", "A41", "A42", "A43", "A44", "A45"}

# What FHIR calls a visit in this state; an open one is what its message says.
_STATUS = {
    State.PLANNED: "planned",
    State.ON_LEAVE: "onleave",
    State.DISCHARGED: "finished",
    State.CANCELLED: "cancelled",
    State.DELETED: "entered-in-error",
}
_OVER = frozenset({State.DISCHARGED, State.CANCELLED, State.DELETED})


def judge(
    told: Told,
    visit: Visit | None,
    waiting: Sequence[EarlyMessage],
    message_id: UUID,
    *,
    impatient: bool = False,
) -> Verdict:
    """
    Return how the message stands to its visit.

    What changes a visit's state is outdated when a later change is known, what describes it when a later description
    is. What comes after an event that waits waits behind it. Nothing is too early for the `impatient`.
    """
    rule = _RULES.get(told.trigger, _NO_RULE)
    known_at = None if visit is None else visit.moved_at if rule.after else visit.stated_at
    if told.trigger not in _MORE_THAN_THE_VISIT and is_before(told.stated_at, known_at):
        return Verdict.OUTDATED
    if rule.stands_on and not impatient:
        state = State(visit.state) if visit else State.UNKNOWN
        if state not in rule.stands_on or _comes_after(told, waiting, message_id):
            return Verdict.EARLY
    if visit is not None and is_before(told.stated_at, visit.stated_at):
        return Verdict.LATE
    return Verdict.IN_TURN


def is_before(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether both times are known and the first is the earlier."""
    return one is not None and other is not None and one < other


def _comes_after(told: Told, waiting: Sequence[EarlyMessage], message_id: UUID) -> bool:
    for early in waiting:
        if early.message_id == message_id:
            return False  # what is behind it in the row came or was stated later
        if is_before(early.stated_at, told.stated_at):
            return True
    return False


def visit_after(told: Told, visit: Visit | None, verdict: Verdict, message_id: UUID) -> Visit | None:
    """Return what is known of the visit once the message is applied; None when it names none."""
    if told.visit is None:
        return None
    rule = _RULES.get(told.trigger, _NO_RULE)
    if visit is None:
        assumed = State.DISCHARGED if told.is_over else State.OPEN
        return Visit(
            told.visit, rule.after or assumed, told.stated_at if rule.after else None, told.stated_at,
            told.facility, told.patient_class, told.unit, message_id,
        )  # fmt: skip
    moved = replace(
        visit,
        state=rule.after or visit.state,
        moved_at=(told.stated_at or visit.moved_at) if rule.after else visit.moved_at,
        message_id=message_id,
    )
    if verdict is Verdict.LATE:
        return moved
    return replace(
        moved,
        stated_at=told.stated_at or visit.stated_at,
        facility=told.facility or visit.facility,
        patient_class=told.patient_class or visit.patient_class,
        unit=told.unit or visit.unit,
    )


def whereabouts(told: Told, visit: Visit | None) -> Whereabouts:
    """Return whom the event concerns: where the patient is, and where the patient was."""
    before = (visit.facility, visit.patient_class, visit.unit) if visit else ("", "", "")
    return Whereabouts(
        facilities=frozenset({told.facility, before[0]} - {""}),
        classes=frozenset({told.patient_class, before[1]} - {""}),
        units=frozenset({told.unit, told.prior_unit, before[2]} - {""}),
    )


def settle(bundle: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """Return the bundle with its Encounter in the visit's state: an update that does not say so reopens nothing."""
    status = _STATUS.get(State(visit.state))
    return {
        **bundle,
        "entry": [
            {**entry, "resource": _settled(entry["resource"], visit, status)}
            if status and entry["resource"].get("id") == visit.key
            else entry
            for entry in bundle["entry"]
        ],
    }


def _settled(resource: dict[str, Any], visit: Visit, status: str) -> dict[str, Any]:
    settled = {**resource, "status": status}
    if State(visit.state) in _OVER and "location" in resource:
        settled["location"] = [
            {**place, "status": "completed"} if place.get("status") == "active" else place
            for place in resource["location"]
        ]
    return settled


def overlay(late: dict[str, Any], newer: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """
    Return one coherent bundle of a late event and the newer description that overtook it.

    The newer one holds for every resource; of the visit, the late event adds its times and its state (see `settle`),
    of a person, who lives on in whom. What the newer one says of another visit and its patient (a swap) stays there.
    """
    described = {entry["fullUrl"]: entry for entry in newer["entry"]}
    elsewhere = _of_another_visit(newer, visit)
    kept = {
        url: entry
        for url, entry in described.items()
        if entry["resource"]["resourceType"] != "Provenance" and _reference(entry["resource"]) not in elsewhere
    }
    entries = [kept.pop(entry["fullUrl"], entry) for entry in late["entry"]]
    arrived = {entry["fullUrl"]: entry["resource"] for entry in late["entry"]}
    combined = [
        {**entry, "resource": _both(entry["resource"], arrived[entry["fullUrl"]], visit)}
        if entry["fullUrl"] in arrived
        else entry
        for entry in (*kept.values(), *entries)
    ]
    return {**late, "entry": combined}


def _of_another_visit(bundle: dict[str, Any], visit: Visit) -> set[str]:
    subjects = {
        _reference(entry["resource"]): entry["resource"].get("subject", {}).get("reference")
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Encounter"
    }
    own = subjects.pop(f"Encounter/{visit.key}", None)
    return {*subjects, *subjects.values()} - {own}


def _reference(resource: dict[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '')}"


def _both(newer: dict[str, Any], late: dict[str, Any], visit: Visit) -> dict[str, Any]:
    if newer.get("id") == visit.key:
        return _timed(newer, late, visit)
    if newer["resourceType"] == "Patient" and "link" in late:
        return {**newer, "link": late["link"]}
    return newer


def _timed(newer: dict[str, Any], late: dict[str, Any], visit: Visit) -> dict[str, Any]:
    period = {**newer.get("period", {}), **late.get("period", {})}
    if State(visit.state) not in _OVER:
        period.pop("end", None)
    timed = {**newer, "status": late["status"], "period": period}
    if State(visit.state) not in _OVER and "location" in newer:
        timed["location"] = _here_again(newer["location"])
    return timed if period else {name: value for name, value in timed.items() if name != "period"}


def _here_again(places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the places with one where the patient is: the assigned one (PV1-3) comes first."""
    if any(place.get("status") == "active" for place in places) or places[0].get("status") != "completed":
        return places
    return [{**places[0], "status": "active"}, *places[1:]]
