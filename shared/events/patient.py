"""
`patient.*`: somebody said who a person is, or that two records are one. Small and versioned.

    patient.added  patient.updated  patient.deleted  patient.merged  patient.linked  patient.moved
    patient.account-merged  patient.account-moved
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

VERSION = 1
MERGED = "patient.merged"
UPDATED = "patient.updated"

MERGES = frozenset({"A18", "A30", "A34", "A40", "A46", "A47"})
"""The trigger events after which one patient lives on in another (MRG names the prior one)."""

PAIRS = frozenset({"A17", "A24", "A43", "A44", "A45"})
"""The trigger events that concern a second patient, who goes on alone: of the second PID, or whom MRG names."""

TYPE_OF_EVENT = {
    **dict.fromkeys(MERGES, MERGED),
    "A24": "patient.linked",
    "A28": "patient.added",
    "A29": "patient.deleted",
    "A31": UPDATED,
    "A41": "patient.account-merged",
    "A43": "patient.moved",
    "A44": "patient.account-moved",
}


@dataclass(frozen=True, slots=True)
class PatientEvent:
    """What happened, with references into the message's bundle; `retired` live on in the others."""

    type: str
    patients: tuple[str, ...]
    retired: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """Return the event's data as kept in the ledger (never published)."""
        return {"patients": list(self.patients), "retired": list(self.retired)}


def patient_event(trigger: str, bundle: dict[str, Any]) -> PatientEvent:
    """Return the event of a bundle made of a message with this trigger event (MSH-9.2); KeyError for another's."""
    people = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]
    retired = [one for one in people if any(link["type"] == "replaced-by" for link in one.get("link", ()))]
    return PatientEvent(
        TYPE_OF_EVENT[trigger],
        tuple(f"Patient/{one['id']}" for one in people if one not in retired),
        tuple(f"Patient/{one['id']}" for one in retired),
    )
