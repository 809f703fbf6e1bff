"""Functions whose every result is compared between the host and the real worker."""

from typing import List  # noqa: UP035  the worker refuses list[...]

import azure.functions as func

app = func.FunctionApp()
ANYONE = func.AuthLevel.ANONYMOUS


def told(context: func.Context) -> dict[str, object]:
    return {
        "function": context.function_name,
        "directory": context.function_directory.rsplit("/", 1)[-1],
        "invocation": context.invocation_id,
        "thread": context.thread_local_storage.invocation_id,  # type: ignore[attr-defined]
        "parent": context.trace_context.trace_parent,
        "state": context.trace_context.trace_state,
        "attributes": dict(context.trace_context.attributes),
        "retry": context.retry_context.retry_count,
        "most": context.retry_context.max_retry_count,
    }


@app.route("plain", auth_level=ANYONE)
def plain(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    facts = [req.method, req.url, dict(req.headers), dict(req.params), dict(req.route_params), told(context)]
    response = func.HttpResponse(repr(facts).encode() + req.get_body(), status_code=201, mimetype="text/plain")
    response.headers["X-Mark"] = "m"
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    return response


@app.route("awaited", auth_level=ANYONE)
async def awaited(req: func.HttpRequest, context: func.Context) -> str:
    return repr(told(context))


@app.route("nothing", auth_level=ANYONE)
def nothing(req: func.HttpRequest):  # type: ignore[no-untyped-def]
    return None


@app.route("number", auth_level=ANYONE)
def number(req: func.HttpRequest):  # type: ignore[no-untyped-def]
    return 7


@app.route("raises", auth_level=ANYONE)
def raises(req: func.HttpRequest) -> str:
    raise ValueError("refused")


def described(message: func.ServiceBusMessage) -> list[object]:
    return [
        message.get_body(),
        message.message_id,
        message.correlation_id,
        message.content_type,
        message.subject,
        message.delivery_count,
        message.sequence_number,
        message.enqueued_time_utc,
        message.locked_until,
        message.time_to_live,
        message.lock_token,
        message.state,
        message.application_properties,
        message.user_properties,
        message.session_id,
    ]


class SeenError(Exception):
    """Carries what a function saw to whoever compares it."""


@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="SB")
def one(message: func.ServiceBusMessage, context: func.Context) -> None:
    raise SeenError(repr([described(message), told(context)]))


@app.service_bus_queue_trigger(arg_name="messages", queue_name="q", connection="SB", cardinality="many")
def many(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006
    raise SeenError(repr([described(message) for message in messages]))


@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="SB")
def text(message: str) -> None:
    raise SeenError(repr(message))


@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="SB")
def untyped(message):  # type: ignore[no-untyped-def]
    raise SeenError(repr(described(message)))


@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="SB")
def quiet(message: func.ServiceBusMessage) -> None:
    return None


@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="SB")
def talkative(message: func.ServiceBusMessage):  # type: ignore[no-untyped-def]
    return "something"


@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")
@app.retry(strategy="fixed_delay", max_retry_count="3", delay_interval="00:00:01")
def tick(timer: func.TimerRequest, context: func.Context) -> None:
    known = timer.past_due, timer.schedule, timer.schedule_status  # type: ignore[attr-defined]
    raise SeenError(repr([known, told(context)]))


@app.event_grid_trigger(arg_name="event")
def fact(event: func.EventGridEvent) -> None:
    raise SeenError(repr([type(event).__name__, event.id, event.subject, event.get_json()]))
