"""What the destinations have, asked for as anyone with the right token may ask."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import Any

import httpx

from tests.e2e.partner import fetch_token
from tests.e2e.platform_process import PlatformProcess

HARBOR = "urn:oid:2.16.840.1.113883.19.4.27"
FHIR, PORTAL = "harbor-ehr", "insight-portal"
_LOG = {FHIR: "fhir", PORTAL: "webhook"}


class Destinations:
    """The sample EHR and the sample portal."""

    def __init__(self, platform: PlatformProcess) -> None:
        self.platform = platform
        self.http = httpx.Client(base_url=platform.destinations_url, timeout=30)
        token = fetch_token(
            platform.environment["token_url"],
            client_id="corridor-delivery",
            client_secret=platform.secret("harbor-ehr-client-secret"),
            scope="api://harbor-ehr/.default",
        )
        self.authorization = {"Authorization": f"Bearer {token}"}

    def __enter__(self) -> Destinations:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def search(self, kind: str, **query: str) -> list[dict[str, Any]]:
        """Return the EHR's resources of a type."""
        answer = self.http.get(f"/fhir/{kind}", params=query, headers=self.authorization).raise_for_status()
        return [entry["resource"] for entry in answer.json().get("entry", ())]

    def patient(self, mrn: str) -> dict[str, Any]:
        """Return the one patient with this record number."""
        (patient,) = self.search("Patient", identifier=f"{HARBOR}|{mrn}")
        return patient

    def received_by_portal(self, delivery_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/admin/deliveries/{delivery_id}").raise_for_status().json())

    def effects(self, destination: str) -> list[dict[str, Any]]:
        """Return everything that a destination acted on, in its order."""
        answer = self.http.get("/admin/effects", params={"destination": _LOG[destination]})
        return list(answer.raise_for_status().json())

    def order(self, destination: str) -> list[str]:
        """Return the idempotency keys in the order of their first effect."""
        return list(dict.fromkeys(effect["idempotencyKey"] for effect in self.effects(destination)))

    def doubled(self) -> list[tuple[str, ...]]:
        """Return what was written more than once under one key: there may be none."""
        counted = Counter(
            (name, effect["idempotencyKey"], effect["resourceType"], effect["id"])
            for name in _LOG
            for effect in self.effects(name)
        )
        return [what for what, count in counted.items() if count > 1]

    def misplaced(self, sent: dict[str, list[str]]) -> list[str]:
        """Return what is wrong at the destinations about `sent`: per patient the message ids, in their order."""
        place = {name: {key: number for number, key in enumerate(self.order(name))} for name in _LOG}
        faults = []
        for patient, messages in sent.items():
            for name in _LOG:
                numbers = [place[name].get(self._delivery(message, name), -1) for message in messages]
                if -1 in numbers:
                    faults.append(f"{patient}: {numbers.count(-1)} of {len(numbers)} are not at {name}")
                elif numbers != sorted(numbers):
                    faults.append(f"{patient}: out of order at {name}")
        return faults

    def _delivery(self, message_id: str, destination: str) -> str:
        query = "SELECT delivery_id FROM delivery WHERE message_id = %s AND destination = %s"
        ((delivery_id,),) = self.platform.rows(query, message_id, destination)
        return str(delivery_id)
