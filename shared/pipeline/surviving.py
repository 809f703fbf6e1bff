"""After a merge everything lands on the survivor: records that still name the retired Patient are rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.events.patient import MERGES, PAIRS
from shared.formats.hl7v2.envelope import Envelope, Identifier
from shared.ledger import MessageRow
from shared.ledger_ports import Transaction
from shared.partners.identity import other_identities, prior_identities
from shared.partners.model import Sender
from shared.ports import Ports
from shared.workflow.visits import Survivor


def on_survivor(bundle: dict[str, Any], tx: Transaction) -> dict[str, Any]:
    """
    Return the bundle with every Patient that was merged away as the one it lives on in.

    What the message says of the person is said of the survivor; the retired number stays with it, as an old one. A
    Patient that this very message retires is left alone.
    """
    people = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]
    retiring = {one["id"] for one in people if is_retired(one)}
    found = tx.survivors.of([one["id"] for one in people if one["id"] not in retiring]) if people else {}
    moving = {old: survivor for old, survivor in found.items() if survivor.patient_id not in retiring}
    return moved(bundle, moving)


def survivors_in(bundle: Mapping[str, Any]) -> dict[str, Survivor]:
    """Return who lives on in whom by what this very bundle says; nobody where it is no merge."""
    people = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]
    living = [Survivor(one["id"], list(one.get("identifier", ()))) for one in people if not is_retired(one)]
    return {one["id"]: survivor for survivor in living[:1] for one in people if is_retired(one)}


def others_in(envelope: Envelope, partner: str, sender: Sender) -> tuple[Identifier, ...]:
    """Return who else a message is about, for whom it must come in order too: nobody of what is about one patient."""
    if envelope.trigger_event in MERGES:
        return prior_identities(envelope, partner, sender)
    return other_identities(envelope, partner, sender) if envelope.trigger_event in PAIRS else ()


def other_keys(tx: Transaction, ports: Ports, message: MessageRow, envelope: Envelope) -> list[UUID]:
    """Return the stream keys of the other patients of a merge, a swap, a move: those that intake has fenced."""
    partner = ports.partners.get(message.partner)
    if partner is None or partner.sends is None:
        return []
    others = others_in(envelope, message.partner, partner.sends)
    asked = [tx.patients.key_for(one.authority, one.value) for one in others]
    return [key for one in asked if (key := one()) != message.patient_key]


def is_retired(patient: Mapping[str, Any]) -> bool:
    """Tell whether the Patient says that another replaces it."""
    return any(link["type"] == "replaced-by" for link in patient.get("link", ()))


def moved(bundle: dict[str, Any], moving: Mapping[str, Survivor]) -> dict[str, Any]:
    """Return the bundle with these Patients, and whatever refers to them, as the ones they live on in."""
    if not moving:
        return bundle
    names = {
        f"{kind}{old}": f"{kind}{survivor.patient_id}"
        for old, survivor in moving.items()
        for kind in ("Patient/", "urn:uuid:")
    }
    present = {entry["resource"].get("id") for entry in bundle["entry"]}
    entries = []
    for entry in bundle["entry"]:
        resource = entry["resource"]
        survivor = moving.get(resource.get("id", "")) if resource["resourceType"] == "Patient" else None
        if survivor is None:
            entries.append({**entry, "resource": _pointed(resource, names)})
        elif survivor.patient_id not in present:
            present.add(survivor.patient_id)
            entries.append(_reborn(entry, survivor, names))
    return {**bundle, "entry": entries}


def _reborn(entry: dict[str, Any], survivor: Survivor, names: Mapping[str, str]) -> dict[str, Any]:
    patient = entry["resource"]
    known = list(survivor.identifiers)
    values = [(one.get("system"), one.get("value")) for one in known]
    old = [
        {**one, "use": "old"}
        for one in patient.get("identifier", ())
        if (one.get("system"), one.get("value")) not in values
    ]
    resource = {**_pointed(patient, names), "id": survivor.patient_id, "identifier": [*known, *old]}
    return {
        **entry,
        "fullUrl": names.get(entry["fullUrl"], entry["fullUrl"]),
        "resource": resource,
        "request": {**entry["request"], "url": f"Patient/{survivor.patient_id}"},
    }


def _pointed(value: Any, names: Mapping[str, str]) -> Any:
    """Return `value` with its references to the retired ones pointing at the survivors."""
    if isinstance(value, dict):
        return {
            name: names.get(part, part) if name == "reference" and isinstance(part, str) else _pointed(part, names)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_pointed(part, names) for part in value]
    return value
