"""A small app with every trigger that the host knows; what it saw goes to the file that SEEN names."""

import asyncio
import json
import os
import threading
import time
from pathlib import Path
from typing import List  # noqa: UP035

import azure.functions as func

app = func.FunctionApp()
_lock = threading.Lock()
_gathered = threading.Barrier(8)


def note(**fact: object) -> None:
    with _lock, Path(os.environ["SEEN"]).open("a") as file:
        file.write(json.dumps(fact) + "\n")


@app.route("items/{id:int}/{part?}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
def item(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    body = {
        "method": req.method,
        "path": req.url.split("/", 3)[3],
        "route": dict(req.route_params),
        "query": dict(req.params),
        "header": req.headers.get("X-Mark"),
        "body": req.get_body().hex(),
        "function": context.function_name,
        "invocation": context.invocation_id,
        "thread": context.thread_local_storage.invocation_id,  # type: ignore[attr-defined]
        "trace": context.trace_context.trace_parent,
    }
    return func.HttpResponse(json.dumps(body), mimetype="application/json")


@app.route("items/special", methods=["GET", "HEAD"], auth_level=func.AuthLevel.ANONYMOUS)
async def special(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(bytes(range(256)), status_code=202, mimetype="application/octet-stream")
    response.headers.add("Set-Cookie", "a=1; Path=/; HttpOnly")
    response.headers.add("Set-Cookie", "b=2; Max-Age=60")
    return response


@app.route("files/{*path}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def file(req: func.HttpRequest) -> str:
    return str(req.route_params.get("path", "nothing"))


@app.route("guarded", auth_level=func.AuthLevel.FUNCTION)
def guarded(req: func.HttpRequest) -> str:
    return "inside"


@app.route("broken", auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> str:
    raise ValueError("the patient is Testperson Invented")


@app.route("silent", auth_level=func.AuthLevel.ANONYMOUS)
def silent(req: func.HttpRequest):  # type: ignore[no-untyped-def]
    return None


@app.route("slow", auth_level=func.AuthLevel.ANONYMOUS)
def slow(req: func.HttpRequest) -> str:
    note(slow="began")
    time.sleep(float(req.params["seconds"]))
    return "done"


@app.service_bus_queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="SERVICE_BUS")
def work(message: func.ServiceBusMessage, context: func.Context) -> None:
    body = message.get_body()
    if body == b"together":
        _gathered.wait(15)
    if body.startswith(b"sleep"):
        note(work="sleeping", id=message.message_id, count=message.delivery_count)
        time.sleep(float(body[6:]))
    note(
        work=body.decode("latin-1"),
        at=time.time(),
        id=message.message_id,
        count=message.delivery_count,
        properties=message.application_properties,
        user=message.user_properties,
        trace=context.trace_context.trace_parent,
        until=message.locked_until.isoformat() if message.locked_until else None,
    )
    if body == b"refuse":
        raise ValueError("the patient is Testperson Invented")


@app.service_bus_queue_trigger(arg_name="messages", queue_name="batches", connection="SERVICE_BUS", cardinality="many")
def batches(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006  the worker refuses list[...]
    note(at=time.time(), batch=[[m.get_body().decode(), m.message_id, m.application_properties] for m in messages])


@app.service_bus_topic_trigger(
    arg_name="message", topic_name="news", subscription_name="all", connection="SERVICE_BUS"
)
async def news(message: func.ServiceBusMessage) -> None:
    await asyncio.sleep(0)
    note(news=message.get_body().decode())


@app.timer_trigger(arg_name="timer", schedule="%TICK%")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def tick(timer: func.TimerRequest, context: func.Context) -> None:
    retry = context.retry_context
    note(tick=timer.past_due, retry=retry.retry_count, most=retry.max_retry_count, at=time.time())
    if retry.retry_count < 2:
        raise ValueError("again")


@app.event_grid_trigger(arg_name="event")
def fact(event: func.EventGridEvent) -> None:
    note(fact=type(event).__name__, id=event.id, data=event.get_json())
    if event.id == "refuse":
        raise ValueError("no")
