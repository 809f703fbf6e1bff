"""A hospital that sends ADT, its subscribers, and the workers between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import psycopg

from functions.adt_routing.use_case import PROCESS
from functions.adt_routing.waiting import STOP_WAITING
from functions.delivery.use_case import SEND
from functions.intake.use_case import Answer, Submission, receive_hl7v2
from functions.lab_results import use_case as lab_results
from shared.adapters.memory import FakeDestinations, FixedClock, RecordedHints
from shared.authorization import Principal
from shared.ledger import Hint
from shared.partners.model import Credential, Endpoint, Partner, Partners, Receiver, Sender, VisitFilter
from shared.partners.profile import PartnerProfile
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace

HOSPITAL = "hill-hospital"
STAGES = {
    stage.step.function: stage
    for stage in (PROCESS, STOP_WAITING, SEND, lab_results.PROCESS, lab_results.DETECT_CRITICAL)
}
_ENDPOINT = Endpoint(
    "webhook", "NOWHERE_URL", Credential("hmac", "nowhere-secret"), idempotent=True, timeout_seconds=5
)
_STRUCTURES = {"A02": "ADT_A02", "A03": "ADT_A03", "A11": "ADT_A09", "A12": "ADT_A09", "A40": "ADT_A39"}


def subscriber(name: str, *events: str, **options: Any) -> Partner:
    return Partner(name, name, f"{name}@test.example", None, Receiver(_ENDPOINT, events, **options))


def hospital() -> Partner:
    profile = PartnerProfile(HOSPITAL, time_zone="UTC", assigning_authorities={"HILL": "urn:oid:1.2.3.4"})
    return Partner(HOSPITAL, HOSPITAL, "adt@test.example", Sender(("P",), False, profile), None)


SUBSCRIBERS = (
    subscriber("bed-board", "encounter.*", visits=VisitFilter(classes=("I",))),
    subscriber("ehr", "encounter.*", "patient.*", "result.*"),
    subscriber("icu", "encounter.*", "patient.*", visits=VisitFilter(units=("ICU*",))),
    subscriber("registry", "encounter.*", "patient.*", coalesce=timedelta(seconds=60)),
)


def adt(
    event: str,
    minute: int,
    *,
    control_id: str = "",
    mrn: str = "TEST-1",
    visit: str = "V-1",
    unit: str = "3W",
    before: str = "",
    patient_class: str = "I",
    family: str = "TESTPATIENT-ALDER",
    prior: str = "",
) -> bytes:
    """Return a message that was written down `minute` minutes after ten o'clock."""
    at = f"2026031410{minute:02d}00"
    segments = [
        f"MSH|^~\\&|ADT|HILL|CORRIDOR|TEST|{at}||ADT^{event}^{_STRUCTURES.get(event, 'ADT_A01')}"
        f"|{control_id or f'{event}-{minute}-{mrn}-{visit}'}|P|2.5.1",
        f"EVN|{event}|{at}",
        f"PID|1||{mrn}^^^HILL^MR||{family}^QUILL||19700102|F",
    ]
    if prior:
        segments.append(f"MRG|{prior}^^^HILL^MR")
    else:
        fields = ["PV1", "1", patient_class, f"{unit}^1^A^HILL", "", "", f"{before}^1^A^HILL" if before else ""]
        segments.append("|".join([*fields, *[""] * 12, f"{visit}^^^HILL"]))
    return "\r".join(segments).encode() + b"\r"


def move(minute: int, *, mrn: str, prior: str, visit: str = "V-1") -> bytes:
    """Return an A45: the visit was written down under the number `prior` and is that of `mrn`."""
    at = f"2026031410{minute:02d}00"
    segments = (
        f"MSH|^~\\&|ADT|HILL|CORRIDOR|TEST|{at}||ADT^A45^ADT_A45|A45-{minute}|P|2.5.1",
        f"EVN|A45|{at}",
        f"PID|1||{mrn}^^^HILL^MR||TESTPATIENT-ALDER^QUILL||19700102|F",
        f"MRG|{prior}^^^HILL^MR||||{visit}^^^HILL",
        f"PV1|1|I|3W^1^A^HILL{'|' * 16}{visit}^^^HILL",
    )
    return "\r".join(segments).encode() + b"\r"


def swap(minute: int, *others: tuple[str, str]) -> bytes:
    """Return an A17: each (number, visit) lies in the bed of the one before."""
    at = f"2026031410{minute:02d}00"
    segments = [f"MSH|^~\\&|ADT|HILL|CORRIDOR|TEST|{at}||ADT^A17^ADT_A17|A17-{minute}|P|2.5.1", f"EVN|A17|{at}"]
    for bed, (mrn, visit) in zip("BA", others, strict=True):
        segments.append(f"PID|1||{mrn}^^^HILL^MR||TESTPATIENT-ALDER^QUILL||19700102|F")
        segments.append(f"PV1|1|I|3W^1^{bed}^HILL{'|' * 16}{visit}^^^HILL")
    return "\r".join(segments).encode() + b"\r"


def with_visit(message: bytes, visit: str = "V-1") -> bytes:
    """Return the merge with a PV1, as many senders have it."""
    return message + b"PV1|1|I|3W^1^A^HILL" + b"|" * 16 + f"{visit}^^^HILL\r".encode()


def oru(control_id: str, *, mrn: str, value: str = "4.1", flag: str = "N") -> bytes:
    """Return a potassium result."""
    segments = (
        f"MSH|^~\\&|LIS|HILL|CORRIDOR|TEST|20260314102000||ORU^R01^ORU_R01|{control_id}|P|2.5.1",
        f"PID|1||{mrn}^^^HILL^MR||TESTPATIENT-ALDER^QUILL||19700102|F",
        f"OBR|1||{control_id}^HILL|24320-4^Basic metabolic panel^LN|||20260314093000{'|' * 15}20260314101500||CH|F",
        f"OBX|1|NM|2823-3^Potassium^LN||{value}|mmol/L|3.5-5.1|{flag}|||F|||20260314093000",
    )
    return "\r".join(segments).encode() + b"\r"


@dataclass
class Ward:
    """Everything between the hospital's interface and its subscribers."""

    ports: Ports
    hints: RecordedHints
    clock: FixedClock
    ledger_url: str
    left: list[Hint] = field(default_factory=list)

    def post(self, payload: bytes) -> Answer:
        principal = Principal(HOSPITAL, HOSPITAL, frozenset({"message.send"}))
        return receive_hl7v2(Submission(HOSPITAL, payload, "text/plain", start_trace()), principal, self.ports)

    def work(self, *, only: Callable[[Hint], bool] = lambda _: True) -> None:
        """Work off every hint that is due, until there is none; scheduled ones stay for later."""
        while todo := self._due(only):
            for hint in todo:
                drain(STAGES[hint.function], hint.stream_id, self.ports)

    def _due(self, only: Callable[[Hint], bool]) -> list[Hint]:
        self.left += self.hints.take()
        due = [one for one in self.left if (one.not_before or self.clock()) <= self.clock() and only(one)]
        self.left = [one for one in self.left if one not in due]
        return list({(one.stream_id, one.function): one for one in due}.values())

    def later(self, step: timedelta) -> None:
        self.clock.advance(step)
        self.work()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.ledger_url) as connection:
            return connection.execute(query).fetchall()

    def events(self) -> list[str]:
        query = (
            "select event.type from hop join event using (message_id)"
            " where hop.outcome = 'processed' and hop.function = 'adt_routing_process' order by hop_id"
        )
        return [row[0] for row in self.rows(query)]

    def deliveries(self, destination: str) -> list[dict[str, Any]]:
        """Return the bundles that the destination got, in the order of their arrival."""
        destinations = self.ports.destinations
        assert isinstance(destinations, FakeDestinations)
        found = destinations.by_name.get(destination)
        return [orjson.loads(body) for _, body in found.effects] if found else []

    def told(self, destination: str) -> list[str]:
        """Return the trigger events that the destination was told of, in order."""
        return [activity_of(bundle) for bundle in self.deliveries(destination)]

    def record(self, destination: str) -> dict[str, dict[str, Any]]:
        """Return what a FHIR server holds after these transactions: the last write of each resource."""
        held: dict[str, dict[str, Any]] = {}
        for bundle in self.deliveries(destination):
            for resource in resources(bundle):
                if resource["resourceType"] != "Provenance":
                    held[f"{resource['resourceType']}/{resource['id']}"] = resource
        return held


def resources(bundle: dict[str, Any], kind: str = "") -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [one for one in found if not kind or one["resourceType"] == kind]


def activity_of(bundle: dict[str, Any]) -> str:
    (provenance,) = resources(bundle, "Provenance")
    return str(provenance["activity"]["coding"][0]["code"])


def partners(*further: Partner) -> Partners:
    return Partners({partner.name: partner for partner in (hospital(), *SUBSCRIBERS, *further)})
