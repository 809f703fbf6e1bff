"""
The cases of the worker contract, run by either side: `python contract_cases.py host|worker WORKER_DIR APP_DIR...`.

Prints a JSON array with one object per app: the functions that were found with each case's result, or the fact that
the app was refused. Each app has a process of its own, forked after the costly imports.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import multiprocessing
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

INVOCATION = "invocation-1"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STATE = "vendor=1"


def string(value: str) -> tuple[object, str]:
    return value, "string"


def as_json(value: object) -> tuple[object, str]:
    return json.dumps(value), "json"


def http_request() -> tuple[object, str]:
    value = {
        "method": string("POST"),
        "url": string("http://x/api/plain/1?a=1"),
        "headers": {"x-mark": string("m")},
        "params": {"id": string("1")},
        "query": {"a": string("1")},
        "body": (b"\x00\xff", "bytes"),
    }
    return value, "http"


METADATA: dict[str, tuple[object, str]] = {
    "MessageId": string("m1"),
    "CorrelationId": string("c1"),
    "Subject": string("s"),
    "DeliveryCount": (2, "int"),
    "SequenceNumber": (9, "int"),
    "EnqueuedTimeUtc": string("2026-01-01T00:00:00.000001Z"),
    "LockedUntil": string("2026-01-01T00:01:00.000000+00:00"),
    "TimeToLive": string("01:00:00"),
    "LockToken": string("t"),
    "State": (0, "int"),
    "UserProperties": as_json({"a": 1}),
    "ApplicationProperties": as_json({"a": 1}),
}
ARRAYS: dict[str, tuple[object, str]] = {
    "MessageIdArray": as_json(["m1", "m2"]),
    "DeliveryCountArray": as_json([1, 2]),
    "EnqueuedTimeUtcArray": as_json(["2026-01-01T00:00:00.000001Z", None]),
    "TimeToLiveArray": as_json(["01:00:00", None]),
    "UserPropertiesArray": as_json([{"a": 1}, {}]),
    "ApplicationPropertiesArray": as_json([{"a": 1}, {}]),
}
EVENT = {"id": "e1", "subject": "s", "eventType": "t", "data": {"n": 1}, "dataVersion": "1"}
CLOUD_EVENT = {"specversion": "1.0", "id": "e2", "source": "s", "type": "t", "subject": "s", "data": {"n": 2}}

Value = tuple[object, str]
CASES: tuple[tuple[str, Value, Mapping[str, Value]], ...] = (
    *((name, http_request(), {}) for name in ("plain", "awaited", "nothing", "number", "raises")),
    *((name, string("body"), METADATA) for name in ("one", "text", "untyped", "quiet", "talkative")),
    ("one", (b"\xff", "bytes"), METADATA),
    ("one", string("body"), {}),
    ("one", (b"b", "int"), METADATA),
    ("text", (b"\xff", "bytes"), METADATA),
    ("text", (1, "int"), METADATA),
    ("many", (SimpleNamespace(bytes=[b"b1", b"b2"]), "collection_bytes"), ARRAYS),
    ("tick", as_json({"IsPastDue": True, "Schedule": {"AdjustForDST": True}, "ScheduleStatus": {"Last": None}}), {}),
    ("tick", as_json({"IsPastDue": False, "ScheduleStatus": None}), {}),
    ("fact", as_json(EVENT), {}),
    ("fact", as_json(CLOUD_EVENT), {}),
)


def datum(kind: Callable[[object, str], Any], value: Value) -> Any:
    content, name = value
    if isinstance(content, dict):
        inside = {
            key: datum(kind, each) if isinstance(each, tuple) else {k: datum(kind, v) for k, v in each.items()}
            for key, each in content.items()
        }
        return kind(inside, name)
    return kind(content, name)


def shown(returned: Any) -> object:
    """Return an encoded `$return` in a form that can be compared."""
    if returned is None or returned.value is None:
        return None
    if returned.type == "http":
        value = returned.value
        return {
            "status": value["status_code"].value,
            "headers": {name: each.value for name, each in value["headers"].items()},
            "cookies": [cookie.output() for cookie in value["cookies"] or []],
            "body": value["body"].value.hex(),
        }
    return [returned.type, returned.value]


def by_host(app_dir: Path) -> dict[str, object]:
    import logging

    from azure.functions.meta import Datum

    from local.functions_host.app_loading import load_app
    from local.functions_host.function_context import Retry, Trace
    from local.functions_host.invocation import Call, Invoker
    from shared.errors import ConfigurationError

    errors: list[str | None] = []

    class Errors(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                errors.append(error_name(repr(record.exc_info[1])))

    logging.getLogger("functions_host").addHandler(Errors())
    try:
        functions = {function.name: function for function in load_app(app_dir)}
    except ConfigurationError:
        return {"refused": True}

    async def run() -> list[object]:
        invoker = Invoker(asyncio.get_running_loop(), new_id=lambda: INVOCATION)
        results: list[object] = []
        for name, value, metadata in CASES if "plain" in functions else ():
            errors.clear()
            given = {key: datum(Datum, each) for key, each in metadata.items()}
            call = Call(functions[name], datum(Datum, value), Trace(PARENT, STATE), given, Retry(1, 2))
            outcome = await invoker.invoke(call)
            results.append([name, outcome.succeeded, shown(outcome.returned), errors[0] if errors else None])
        invoker.close()
        return results

    return {"functions": sorted(functions), "results": asyncio.run(run())}


def by_worker(app_dir: Path) -> dict[str, object]:
    sys.path.insert(0, str(app_dir))
    import azure_functions_runtime.handle_event as worker
    from azure_functions_runtime import start_threadpool_executor
    from azure_functions_runtime.bindings.datumdef import Datum
    from azure_functions_runtime.bindings.meta import load_binding_registry
    from azure_functions_runtime.native_invocation import invocation_request_native
    from azure_functions_runtime.utils.threadpool import stop_threadpool_executor

    class BindingInfo(SimpleNamespace):
        in_, out, inout, undefined = 0, 1, 2, 0

    # What indexing takes from the worker's generated protobuf module.
    worker.protos = SimpleNamespace(
        BindingInfo=BindingInfo, RpcFunctionMetadata=SimpleNamespace, RpcRetryOptions=SimpleNamespace
    )
    load_binding_registry()
    start_threadpool_executor()
    try:
        worker.load_function_metadata(str(app_dir), caller_info="contract")
    except (ValueError, RuntimeError, TypeError):
        return {"refused": True}
    ids = {each.name: each.function_id for each in worker._metadata_result}
    parameters = {
        each.name: next(name for name in each.bindings if name != "$return") for each in worker._metadata_result
    }

    async def run() -> list[object]:
        results: list[object] = []
        for name, value, metadata in CASES if "plain" in ids else ():
            given = {key: datum(Datum, each) for key, each in metadata.items()}
            inputs = [(parameters[name], datum(Datum, value))]
            ok, returned, _, error, _ = await invocation_request_native(
                INVOCATION, ids[name], inputs, given, PARENT, STATE, 1, 2
            )
            results.append([name, ok, shown(returned), error_name(error) if error else None])
        return results

    answer: dict[str, object] = {"functions": sorted(ids), "results": asyncio.run(run())}
    stop_threadpool_executor()
    return answer


def error_name(text: str) -> str:
    # What an app raised is compared whole, what the converters raised by kind: the worker words some differently.
    return text if text.startswith(("SeenError", "ValueError('refused')")) else text.split("(")[0]


def main() -> None:
    side, worker_dir, *app_dirs = sys.argv[1:]
    importlib.import_module("azure.functions")
    if side == "worker":
        sys.path.insert(0, worker_dir)
        importlib.import_module("azure_functions_runtime.native_invocation")
    run = by_host if side == "host" else by_worker
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        answers = pool.map(run, [Path(each) for each in app_dirs], chunksize=1)
        pool.close()
        pool.join()
    sys.stdout.write("\n" + json.dumps(answers))


if __name__ == "__main__":
    main()
