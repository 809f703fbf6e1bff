"""What the destinations themselves have to say: their raw arrivals, their effects, the record's merged patients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import httpx

from local.destinations.arrivals import Arrival
from local.platform.running import Platform
from local.soak.partners import PLAIN
from local.soak.traffic import BEDS, MARKS, PORTAL, RECORD, REGISTRY, Errand

_OF_PATH: Final = {"/fhir": RECORD, "/webhook": PORTAL, "/hl7v2": BEDS, "/plain": PLAIN}
_OF_LOG: Final = {"fhir": RECORD, "webhook": PORTAL, "hl7v2": BEDS, "plain": PLAIN}
_MARK = re.compile(rb"%s\d{6,}|\bADT\d{6,}\b" % MARKS.encode())
_ORDER = re.compile(rb"\b(?:RV|NS)-26-\d{5,}-1\b")
_HARBOR = "urn:oid:2.16.840.1.113883.19.4.27"


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a destination did, in the order in which it did it; `target` is what was written."""

    destination: str
    key: str
    target: str
    at: float


@dataclass(frozen=True, slots=True)
class Merged:
    """What the record says of a merge: the active patient of each number, and whose the visit is."""

    active: tuple[str, ...]
    of_retired: tuple[str, ...]
    visit_of: str


def mark_of(body: bytes) -> str:
    """Return the mark that a body carries, or nothing."""
    found = _MARK.search(body) or _ORDER.search(body)
    return found[0].decode() if found else ""


def destination_of(arrival: Arrival) -> str:
    """Return the partner that a request came to."""
    return _OF_PATH.get(arrival.path.rstrip("/"), arrival.path)


def read_effects(destinations_url: str) -> list[Effect]:
    """Return the effect log of the destinations that speak HTTP, in the order of their commits."""
    rows = httpx.get(f"{destinations_url}/admin/effects", timeout=60, trust_env=False).raise_for_status().json()
    return [
        Effect(
            _OF_LOG[row["destination"]],
            row["idempotencyKey"] or "",
            f"{row['resourceType']}/{row['id']}",
            float(row["number"]),
        )
        for row in rows
    ]


def read_files(drop_url: str) -> list[tuple[Effect, str]]:
    """Return the files that the registry was given, in the order in which they were written, with their marks."""
    folder = Path(unquote(urlsplit(drop_url).path))
    files = [file for file in folder.iterdir() if not file.name.startswith(".")] if folder.is_dir() else []
    written = sorted((file.stat().st_mtime_ns, file) for file in files)
    return [(Effect(REGISTRY, file.stem, "file", at / 1e9), mark_of(file.read_bytes())) for at, file in written]


def read_merges(platform: Platform, errands: Iterable[Errand]) -> dict[str, Merged]:
    """Return, by the mark of each merge, what the record says of the two numbers and the visit."""
    layout = platform.layout
    form = {
        "grant_type": "client_credentials",
        "client_id": "corridor-delivery",
        "client_secret": platform.principals.secret("harbor-ehr-client-secret"),
        "scope": "api://harbor-ehr/.default",
    }
    with httpx.Client(timeout=30, trust_env=False) as client:
        token = client.post(layout.token_url, data=form).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return {
            errand.posting.mark: _merged(client, layout.fhir_url, *errand.merge) for errand in errands if errand.merge
        }


def _merged(client: httpx.Client, url: str, survivor: str, retired: str, visit: str) -> Merged:
    def found(kind: str, value: str) -> Iterator[dict[str, Any]]:
        query = {"identifier": f"{_HARBOR}|{value}"}
        answer = client.get(f"{url}/{kind}", params=query).raise_for_status().json()
        yield from (entry["resource"] for entry in answer.get("entry", ()))

    def active(number: str) -> tuple[str, ...]:
        return tuple(sorted(one["id"] for one in found("Patient", number) if one.get("active", True)))

    visits = [one["subject"]["reference"].removeprefix("Patient/") for one in found("Encounter", visit)]
    return Merged(active(survivor), active(retired), visits[0] if len(visits) == 1 else "")
