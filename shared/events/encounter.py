"""
`encounter.*`: something happened in a visit. Small and versioned; it mirrors no source's fields.

    encounter.pre-admitted  encounter.admitted   encounter.registered  encounter.class-changed  encounter.transferred
    encounter.swapped       encounter.leave-started  encounter.leave-ended  encounter.discharged  encounter.updated
    encounter.deleted       encounter.merged     encounter.moved

What takes something back is an event of its own: `encounter.admission-cancelled`, `transfer-cancelled`,
`discharge-cancelled`, `pending-admission-cancelled`, `pending-transfer-cancelled`, `pending-discharge-cancelled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VERSION = 1
UPDATED = "encounter.updated"

TYPE_OF_EVENT = {
    "A01": "encounter.admitted",
    "A02": "encounter.transferred",
    "A03": "encounter.discharged",
    "A04": "encounter.registered",
    "A05": "encounter.pre-admitted",
    "A06": "encounter.class-changed",
    "A07": "encounter.class-changed",
    "A08": UPDATED,
    "A11": "encounter.admission-cancelled",
    "A12": "encounter.transfer-cancelled",
    "A13": "encounter.discharge-cancelled",
    "A17": "encounter.swapped",
    "A21": "encounter.leave-started",
    "A22": "encounter.leave-ended",
    "A23": "encounter.deleted",
    "A25": "encounter.pending-discharge-cancelled",
    "A26": "encounter.pending-transfer-cancelled",
    "A27": "encounter.pending-admission-cancelled",
    "A42": "encounter.merged",
    "A45": "encounter.moved",
}


@dataclass(frozen=True, slots=True)
class EncounterEvent:
    """What happened, with references into the message's bundle; the ledger knows to whom and by which message."""

    type: str
    encounters: tuple[str, ...]
    patients: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """Return the event's data as kept in the ledger (never published)."""
        return {"encounters": list(self.encounters), "patients": list(self.patients)}


def encounter_event(trigger: str, bundle: dict[str, Any]) -> EncounterEvent:
    """Return the event of a bundle made of a message with this trigger event (MSH-9.2); KeyError for another's."""
    references: dict[str, list[str]] = {"Encounter": [], "Patient": []}
    for entry in bundle["entry"]:
        kind = entry["resource"]["resourceType"]
        if kind in references:
            references[kind].append(f"{kind}/{entry['resource']['id']}")
    return EncounterEvent(TYPE_OF_EVENT[trigger], tuple(references["Encounter"]), tuple(references["Patient"]))
