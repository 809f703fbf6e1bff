"""The same app through this host and through Azure's own Python worker library: equal results, equal refusals."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.local.functions_host.programs import REPOSITORY

HERE = Path(__file__).parent
HEAD = """
from typing import List, Optional
import azure.functions as func
app = func.FunctionApp()
"""
QUEUE = '@app.service_bus_queue_trigger(arg_name="message", queue_name="q", connection="SB")\n'
ROUTE = '@app.route("x")\n'
REFUSED = {
    "no-app": "import azure.functions as func",
    "two-apps": HEAD + "other = func.FunctionApp()",
    "one-app-with-two-names": HEAD + "other = app",
    "parameter-that-no-binding-has": HEAD + QUEUE + "def f(message: func.ServiceBusMessage, other): ...",
    "binding-that-no-parameter-has": HEAD + QUEUE + "def f(): ...",
    "context-of-another-type": HEAD + QUEUE + "def f(message: func.ServiceBusMessage, context: int): ...",
    "message-of-another-type": HEAD + QUEUE + "def f(message: func.HttpRequest): ...",
    "message-annotated-as-optional": HEAD + QUEUE + "def f(message: Optional[func.ServiceBusMessage]): ...",
    "message-annotated-as-a-builtin-list": HEAD + QUEUE + "def f(message: list[func.ServiceBusMessage]): ...",
    "message-annotated-with-a-value": HEAD + QUEUE + "def f(message: 7): ...",
    "request-annotated-as-a-list": HEAD + ROUTE + "def f(req: List[func.HttpRequest]): ...",
    "return-of-another-type": HEAD + ROUTE + "def f(req: func.HttpRequest) -> int: ...",
    "return-annotated-as-none": HEAD + ROUTE + "def f(req: func.HttpRequest) -> None: ...",
    "return-annotated-as-optional": HEAD + ROUTE + "def f(req: func.HttpRequest) -> Optional[str]: ...",
    "two-functions-of-one-name": HEAD + (ROUTE + "def f(req: func.HttpRequest): ...\n") * 2,
}


@pytest.fixture(scope="module")
def worker_library() -> Path:
    library = Path(os.environ.get("CORRIDOR_WORKER_LIBRARY") or REPOSITORY / ".corridor" / "env" / "worker")
    if not (library / "azure_functions_runtime").is_dir():
        pytest.skip(
            f"no azure-functions-runtime in {library}: pip install --ignore-requires-python --no-deps "
            "--target DIR azure-functions-runtime==1.3.0, and name DIR in CORRIDOR_WORKER_LIBRARY"
        )
    return library


def answers(side: str, library: Path, *app_dirs: Path) -> list[dict[str, Any]]:
    cases = [sys.executable, str(HERE / "contract_cases.py"), side, str(library), *map(str, app_dirs)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run(cases, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    found: list[dict[str, Any]] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_every_case_ends_here_as_it_ends_in_the_worker(worker_library: Path) -> None:
    (expected,) = answers("worker", worker_library, HERE / "contract_app")
    (actual,) = answers("host", worker_library, HERE / "contract_app")

    assert len(expected["results"]) > 15
    assert {ok for _, ok, _, _ in expected["results"]} == {True, False}
    for expected_result, actual_result in zip(expected["results"], actual["results"], strict=True):
        assert expected_result == actual_result
    assert expected["functions"] == actual["functions"]


def test_apps_that_the_worker_refuses_are_refused_here(worker_library: Path, tmp_path: Path) -> None:
    for name, text in REFUSED.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "function_app.py").write_text(text)
        (tmp_path / name / "host.json").write_text('{"version": "2.0"}')
    app_dirs = [tmp_path / name for name in REFUSED]

    refused = {name: {"refused": True} for name in REFUSED}
    assert dict(zip(REFUSED, answers("worker", worker_library, *app_dirs), strict=True)) == refused
    assert dict(zip(REFUSED, answers("host", worker_library, *app_dirs), strict=True)) == refused
