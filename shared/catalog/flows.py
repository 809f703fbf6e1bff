"""Every flow of Corridor, on a page: source -> middleware -> destination -> workflow action."""

from __future__ import annotations

from datetime import timedelta

from shared.catalog.model import (
    DataClass,
    Facts,
    FactSource,
    FileDrop,
    Flow,
    Member,
    MessageType,
    Ordering,
    Queue,
    Retention,
    Route,
    Schedule,
    Step,
    Subscription,
    Tier,
    Topic,
    TrafficClass,
)

CLINICAL_MESSAGE = Retention("clinical-message", timedelta(days=7 * 365))
OPERATIONAL_RECORD = Retention("operational-record", timedelta(days=400))

EVENTS = Topic("events")

# Who in the enterprise listens to the PHI-free facts, outside any flow of ours.
SUBSCRIPTIONS: tuple[Subscription, ...] = (Subscription(EVENTS, "analytics", sql_filter="type LIKE 'result.%'"),)


def _bulk(name: str) -> Queue:
    return Queue(name, TrafficClass.BULK, lock=timedelta(minutes=5))


def _process_bulk(flow: str) -> Step:
    """Return the step that processes what came in files: in the same streams, by workers of its own."""
    queue = _bulk(f"{flow}-process-bulk")
    return Step("process-bulk", Tier.BATCH, queue, ordering=Ordering.PATIENT, instead_of="process")


_HL7V2_BODY = ("application/hl7-v2", "application/hl7-v2+er7", "text/plain")
_HL7V2_VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2")

INTAKE = Flow(
    name="intake",
    sentence="partner -> Corridor -> archive and patient stream -> refusal tells the sender what to mend",
    steps=(
        Step(
            "receive-hl7v2",
            Tier.INGEST,
            Route("POST", "partners/{partner}/hl7v2", role="message.send", takes=_HL7V2_BODY, gives=_HL7V2_BODY[:1]),
        ),
        Step("message-status", Tier.API, Route("GET", "messages/{id}", role="message.send")),
        Step("health", Tier.INGEST, Route("GET", "health", role=None)),
        Step("take-files", Tier.BATCH, FileDrop("hl7v2-drops", _bulk("intake-take-files"))),
        Step("resume-files", Tier.BATCH, Schedule("*/5 * * * * *")),
    ),
    owner="integration-platform",
    support="integration-platform@corridor.example",
    sla=timedelta(seconds=2),
    data_class=DataClass.PHI,
    criticality="life-critical",
    retention=CLINICAL_MESSAGE,
)

LAB_RESULTS = Flow(
    name="lab-results",
    sentence="laboratory -> Corridor -> EHR, portal, analytics -> critical value becomes a task",
    steps=(
        Step("process", Tier.PROCESS, Queue("lab-results-process"), ordering=Ordering.PATIENT, on_arrival=True),
        Step(
            "detect-critical",
            Tier.WORKFLOW,
            Queue("lab-results-detect-critical"),
            on_arrival=True,
            unless="nothing-critical",
        ),
        _process_bulk("lab-results"),
    ),
    owner="lab-integration",
    support="lab-integration@corridor.example",
    sla=timedelta(minutes=5),
    data_class=DataClass.PHI,
    criticality="life-critical",
    retention=CLINICAL_MESSAGE,
    accepts=(MessageType("ORU", "R01", "ORU_R01", _HL7V2_VERSIONS),),
)

# Trigger event -> message structure (chapter 3 of HL7 v2.5.1).
_ADT_STRUCTURES = {
    **dict.fromkeys(("A01", "A04", "A08", "A13"), "ADT_A01"),
    "A02": "ADT_A02",
    "A03": "ADT_A03",
    **dict.fromkeys(("A05", "A28", "A31"), "ADT_A05"),
    **dict.fromkeys(("A06", "A07"), "ADT_A06"),
    **dict.fromkeys(("A11", "A12"), "ADT_A09"),
    "A17": "ADT_A17",
    "A18": "ADT_A18",
    **dict.fromkeys(("A21", "A22", "A23", "A25", "A26", "A27", "A29"), "ADT_A21"),
    "A24": "ADT_A24",
    **dict.fromkeys(("A30", "A34", "A46", "A47"), "ADT_A30"),
    **dict.fromkeys(("A40", "A41", "A42"), "ADT_A39"),
    **dict.fromkeys(("A43", "A44"), "ADT_A43"),
    "A45": "ADT_A45",
}

ADT_ROUTING = Flow(
    name="adt-routing",
    sentence="any facility -> Corridor -> every subscriber whose filter matches -> lasting disorder becomes a review",
    steps=(
        Step("process", Tier.PROCESS, Queue("adt-routing-process"), ordering=Ordering.PATIENT, on_arrival=True),
        Step("stop-waiting", Tier.PROCESS, Queue("adt-routing-stop-waiting")),
        _process_bulk("adt-routing"),
    ),
    owner="patient-administration",
    support="patient-administration@corridor.example",
    sla=timedelta(minutes=5),
    data_class=DataClass.PHI,
    criticality="life-critical",
    retention=CLINICAL_MESSAGE,
    accepts=tuple(
        MessageType("ADT", event, structure, _HL7V2_VERSIONS) for event, structure in sorted(_ADT_STRUCTURES.items())
    ),
    speaks_for=("Patient", "RelatedPerson", "Encounter", "Account", "Coverage"),
)

DELIVERY = Flow(
    name="delivery",
    sentence="canonical record -> Corridor -> every system that may have it -> refused delivery becomes a review",
    steps=(
        Step("send", Tier.DELIVER, Queue("delivery-send"), ordering=Ordering.PATIENT),
        Step("send-bulk", Tier.DELIVER, _bulk("delivery-send-bulk"), ordering=Ordering.PATIENT),
    ),
    owner="integration-platform",
    support="integration-platform@corridor.example",
    sla=timedelta(minutes=5),
    data_class=DataClass.PHI,
    criticality="life-critical",
    retention=CLINICAL_MESSAGE,
)

WORKLIST = Flow(
    name="worklist",
    sentence="flows -> Corridor -> owner queues -> overdue task escalates",
    steps=(Step("escalate", Tier.WORKFLOW, Schedule("*/5 * * * * *")),),
    owner="care-coordination",
    support="care-coordination@corridor.example",
    sla=timedelta(minutes=1),
    data_class=DataClass.PSEUDONYMOUS,
    criticality="life-critical",
    retention=CLINICAL_MESSAGE,
)

_EXPIRY = tuple(
    f"Microsoft.KeyVault.{what}{when}"
    for what in ("Certificate", "Key", "Secret")
    for when in ("NearExpiry", "Expired")
)
_HEALTH = tuple(
    f"Microsoft.ResourceNotifications.HealthResources.{what}"
    for what in ("AvailabilityStatusChanged", "ResourceAnnotated")
)

OPERATIONS = Flow(
    name="operations",
    sentence="every flow -> Corridor -> operators -> stuck work is woken or becomes a task",
    steps=(
        Step("sweep", Tier.OPS, Schedule("*/5 * * * * *")),
        Step("drain-dead-letters", Tier.OPS, Schedule("20 * * * * *")),
        Step("publish-events", Tier.OPS, Schedule("*/2 * * * * *")),
        Step("announce-events", Tier.OPS, Schedule("1/2 * * * * *")),
        Step("seal-audit", Tier.OPS, Schedule("*/15 * * * * *")),
        Step("watch-thresholds", Tier.OPS, Schedule("40 * * * * *")),
        Step("dispose", Tier.OPS, Schedule("50 * * * * *")),
        Step("note-expiry", Tier.OPS, Facts(FactSource.VAULT, _EXPIRY)),
        Step("note-health", Tier.OPS, Facts(FactSource.HEALTH, _HEALTH)),
    ),
    owner="integration-platform",
    support="integration-platform@corridor.example",
    sla=timedelta(minutes=1),
    data_class=DataClass.NONE,
    criticality="high",
    retention=OPERATIONAL_RECORD,
)

REPLAY = Flow(
    name="replay",
    sentence="ledger and archive -> Corridor -> approved destinations -> a plan waits for its approval",
    steps=(Step("advance", Tier.BATCH, Schedule("*/2 * * * * *")),),
    owner="integration-platform",
    support="integration-platform@corridor.example",
    sla=timedelta(minutes=5),
    data_class=DataClass.PHI,
    criticality="high",
    retention=CLINICAL_MESSAGE,
)

_OPERATOR = "operator"
_STEWARD = "steward"
_JSON = ("application/json",)
_KEY = "Idempotency-Key"
_REASON = Member("reason")
_QUESTION = (
    *(Member(name, required=False) for name in ("since", "until", "partner", "destination", "flow", "event")),
    *(Member(name, required=False) for name in ("code", "mapping")),
    Member("messages", "array", required=False),
    Member("rate", "number", required=False),
)


def _see(path: str, query: tuple[str, ...] = ()) -> Route:
    return Route("GET", path, role=_OPERATOR, query=query)


def _decide(path: str, *asks: Member, role: str = _OPERATOR, headers: tuple[str, ...] = ()) -> Route:
    return Route("POST", path, role=role, takes=_JSON, asks=(_REASON, *asks), headers=headers)


_HALT = Route(
    "PUT", "halts/{kind}/{name}", role=_OPERATOR, takes=_JSON, asks=(_REASON, Member("until", required=False))
)

CONSOLE = Flow(
    name="console",
    sentence="operators -> Corridor -> quarantine, halts and replays -> a decision with actor and reason",
    steps=(
        Step("describe-api", Tier.API, _see("openapi.json")),
        Step("list-quarantine", Tier.API, _see("quarantine", ("after", "code"))),
        Step("show-quarantine", Tier.API, _see("quarantine/{id}")),
        Step("release-quarantine", Tier.API, _decide("quarantine/{id}/release")),
        Step("discard-quarantine", Tier.API, _decide("quarantine/{id}/discard")),
        Step("reveal-quarantine", Tier.API, _decide("quarantine/{id}/reveal", role=_STEWARD)),
        Step("fix-quarantine", Tier.API, _decide("quarantine/{id}/fix", Member("payload"), role=_STEWARD)),
        Step("list-halts", Tier.API, _see("halts")),
        Step("halt", Tier.API, _HALT),
        Step("resume", Tier.API, _decide("halts/{kind}/{name}/resume")),
        Step("list-replays", Tier.API, _see("replays")),
        Step("plan-replay", Tier.API, _decide("replays", *_QUESTION, headers=(_KEY,))),
        Step("plan-feed", Tier.API, _decide("feeds", *_QUESTION, headers=(_KEY,))),
        Step("show-replay", Tier.API, _see("replays/{id}")),
        Step("list-replay-items", Tier.API, _see("replays/{id}/items", ("after",))),
        Step("approve-replay", Tier.API, _decide("replays/{id}/approve")),
        Step("run-replay", Tier.API, _decide("replays/{id}/run")),
        Step("cancel-replay", Tier.API, _decide("replays/{id}/cancel")),
    ),
    owner="integration-platform",
    support="integration-platform@corridor.example",
    sla=timedelta(seconds=2),
    data_class=DataClass.PHI,
    criticality="high",
    retention=OPERATIONAL_RECORD,
)

FLOWS: tuple[Flow, ...] = (INTAKE, LAB_RESULTS, ADT_ROUTING, DELIVERY, WORKLIST, OPERATIONS, REPLAY, CONSOLE)
