"""
Who speaks for a record: what a message carries along never overwrites what was told by those who know it.

A laboratory's message says of its patient what the laboratory knows, often a name and a number. Sent as an update, it
would take address, contacts and consent away from the Patient that registration has filled. So a flow declares which
resource types it speaks for (`speaks_for` in the catalogue); other flows carry them along, and a FHIR destination gets
them from there only as long as it has none from who speaks for them. Deliveries of one patient to one destination are
in one stream, so the answer cannot change between two attempts of one delivery.

Messages and webhooks are read whole by who gets them: nothing is left out of those.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from shared.catalog.flows import FLOWS
from shared.partners.model import Receiver

_SPOKEN_FOR = {kind: flow.name for flow in FLOWS for kind in flow.speaks_for}


def records_of(bundle: dict[str, Any], flow: str | None, receiver: Receiver) -> tuple[list[str], list[str]]:
    """Return which records (`Patient/id`) of a flow's bundle are carried along, and for which the flow speaks."""
    if receiver.endpoint.kind != "fhir-r4":
        return [], []
    borrowed: list[str] = []
    own: list[str] = []
    for kind, record in _spoken_for(bundle):
        if not receiver.allow or kind in receiver.allow:
            (own if _SPOKEN_FOR[kind] == flow else borrowed).append(record)
    return borrowed, own


def leave_out(bundle: dict[str, Any], held: Collection[str]) -> dict[str, Any]:
    """Return the transaction Bundle without these records; references to them (`Patient/id`) stay."""
    if not held:
        return bundle
    kept = [entry for entry in bundle.get("entry", ()) if _name_of(entry) not in held]
    return {**bundle, "entry": kept}


def _spoken_for(bundle: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in bundle.get("entry", ()):
        kind = entry["resource"]["resourceType"]
        if kind in _SPOKEN_FOR:
            yield kind, _name_of(entry)


def _name_of(entry: dict[str, Any]) -> str:
    resource = entry["resource"]
    return f"{resource['resourceType']}/{resource.get('id', '')}"
