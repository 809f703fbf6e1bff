"""Every flow of Corridor, on a page: source -> middleware -> destination -> workflow action."""

from __future__ import annotations

from datetime import timedelta

from shared.catalog.model import (
    DataClass,
    Flow,
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
)

CLINICAL_MESSAGE = Retention("clinical-message", timedelta(days=7 * 365))
OPERATIONAL_RECORD = Retention("operational-record", timedelta(days=400))

EVENTS = Topic("events")

# Who in the enterprise listens to the PHI-free facts, outside any flow of ours.
SUBSCRIPTIONS: tuple[Subscription, ...] = (Subscription(EVENTS, "analytics", sql_filter="type LIKE 'result.%'"),)

_HL7V2_BODY = ("application/hl7-v2", "application/hl7-v2+er7", "text/plain")
_ORU_VERSIONS = ("2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2")

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
        Step("detect-critical", Tier.WORKFLOW, Queue("lab-results-detect-critical"), on_arrival=True),
    ),
    owner="lab-integration",
    support="lab-integration@corridor.example",
    sla=timedelta(minutes=5),
    data_class=DataClass.PHI,
    criticality="life-critical",
    retention=CLINICAL_MESSAGE,
    accepts=(MessageType("ORU", "R01", "ORU_R01", _ORU_VERSIONS),),
)

DELIVERY = Flow(
    name="delivery",
    sentence="canonical record -> Corridor -> every system that may have it -> refused delivery becomes a review",
    steps=(Step("send", Tier.DELIVER, Queue("delivery-send"), ordering=Ordering.PATIENT),),
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

OPERATIONS = Flow(
    name="operations",
    sentence="every flow -> Corridor -> operators -> stuck work is woken or becomes a task",
    steps=(
        Step("sweep", Tier.OPS, Schedule("*/5 * * * * *")),
        Step("drain-dead-letters", Tier.OPS, Schedule("20 * * * * *")),
        Step("publish-events", Tier.OPS, Schedule("*/2 * * * * *")),
        Step("seal-audit", Tier.OPS, Schedule("*/15 * * * * *")),
    ),
    owner="integration-platform",
    support="integration-platform@corridor.example",
    sla=timedelta(minutes=1),
    data_class=DataClass.NONE,
    criticality="high",
    retention=OPERATIONAL_RECORD,
)

FLOWS: tuple[Flow, ...] = (INTAKE, LAB_RESULTS, DELIVERY, WORKLIST, OPERATIONS)
