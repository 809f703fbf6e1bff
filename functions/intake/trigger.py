"""The partner's door: POST a message, ask where it is. Authentication is checked here again (ADR 7)."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

import azure.functions as func

from shared import bootstrap
from shared.authorization import admit
from shared.catalog.flows import INTAKE
from shared.errors import IntegrationError, RejectedError
from shared.problem import answer_of
from shared.signatures import HEADER
from shared.trace_context import start_trace

blueprints = {step.tier: func.Blueprint() for step in INTAKE.steps}

RECEIVE = INTAKE.step("receive-hl7v2")
STATUS = INTAKE.step("message-status")
HEALTH = INTAKE.step("health")
TAKE_FILES = INTAKE.step("take-files")
RESUME_FILES = INTAKE.step("resume-files")


def _answered(work: Callable[[], func.HttpResponse]) -> func.HttpResponse:
    """Turn an expected failure into a problem document, with Retry-After where trying again can help."""
    try:
        return work()
    except IntegrationError as error:
        return func.HttpResponse(**answer_of(error))


@blueprints[RECEIVE.tier].function_name(RECEIVE.function)
@blueprints[RECEIVE.tier].route(route=RECEIVE.route.name, methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def intake_receive_hl7v2(req: func.HttpRequest) -> func.HttpResponse:
    """Answer with an HL7 ACK: 200 for AA or CA, 422 for a refusal; problem+json where no ACK can be given."""
    from functions.intake.use_case import Submission, receive_hl7v2

    def work() -> func.HttpResponse:
        ports = bootstrap.ports()
        principal = admit(req.headers, RECEIVE.route, ports.tokens, behind_gateway=ports.behind_gateway)
        submission = Submission(
            partner=req.route_params["partner"],
            payload=req.get_body(),
            media_type=(req.headers.get("Content-Type") or "").partition(";")[0].strip().lower(),
            traceparent=start_trace(req.headers.get("traceparent")),
            signature=req.headers.get(HEADER),
        )
        answer = receive_hl7v2(submission, principal, ports)
        return func.HttpResponse(
            answer.acknowledgment,
            status_code=HTTPStatus.OK if answer.code == "AA" else HTTPStatus.UNPROCESSABLE_ENTITY,
            mimetype="application/hl7-v2",
            headers={"Corridor-Message-Id": str(answer.message_id)},
        )

    return _answered(work)


@blueprints[STATUS.tier].function_name(STATUS.function)
@blueprints[STATUS.tier].route(route=STATUS.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def intake_message_status(req: func.HttpRequest) -> func.HttpResponse:
    """Tell a partner where its message is."""
    import orjson

    from functions.intake.use_case import read_status

    def work() -> func.HttpResponse:
        ports = bootstrap.ports()
        principal = admit(req.headers, STATUS.route, ports.tokens, behind_gateway=ports.behind_gateway)
        try:
            message_id = UUID(req.route_params["id"])
        except ValueError as error:
            raise RejectedError("message-unknown", "id", "no message of yours has this id") from error
        return func.HttpResponse(orjson.dumps(read_status(message_id, principal, ports)), mimetype="application/json")

    return _answered(work)


@blueprints[HEALTH.tier].function_name(HEALTH.function)
@blueprints[HEALTH.tier].route(route=HEALTH.route.name, methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def intake_health(req: func.HttpRequest) -> func.HttpResponse:
    """Answer 200 when the ledger answers, without which nothing is accepted, else 503; the one anonymous route."""

    def work() -> func.HttpResponse:
        bootstrap.ports().ledger.check()
        return func.HttpResponse(b'{"status":"pass"}', mimetype="application/health+json")

    return _answered(work)


@blueprints[TAKE_FILES.tier].function_name(TAKE_FILES.function)
@blueprints[TAKE_FILES.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=TAKE_FILES.queue.name
)
def intake_take_files(message: func.ServiceBusMessage) -> None:
    """Note the file that a storage event tells of, and take what is due; redelivery is harmless."""
    from functions.intake.file_events import register_file
    from functions.intake.files import work_on_files

    ports = bootstrap.ports()
    register_file(message.get_body(), ports)
    work_on_files(ports)


@blueprints[RESUME_FILES.tier].function_name(RESUME_FILES.function)
@blueprints[RESUME_FILES.tier].timer_trigger(arg_name="timer", schedule=RESUME_FILES.inbound.name)
def intake_resume_files(timer: func.TimerRequest) -> None:
    """Go on with files that wait, or whose worker died."""
    from functions.intake.files import work_on_files

    work_on_files(bootstrap.ports())
