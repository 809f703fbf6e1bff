import asyncio
import operator
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from azure.servicebus import ServiceBusMessage

from local.functions_host.app_loading import load_functions
from local.functions_host.invocation import Invoker
from local.functions_host.program import Host
from local.functions_host.settings import HostSettings
from shared.errors import ConfigurationError
from tests.local.functions_host.conftest import Broker, Queues, broker_arguments, client_of
from tests.local.functions_host.programs import APP, DEADLINE, REPOSITORY, Hosted, eventually, hosted, running


def refused(app: Path, port: int = 0) -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", "local.functions_host", str(app), "--port", str(port)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    return run.returncode, run.stderr


def app_of(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "host.json").write_text('{"version": "2.0"}')
    (directory / "function_app.py").write_text("import azure.functions as func\napp = func.FunctionApp()\n" + text)
    return directory


TIMERS = """
import os, pathlib
@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def tick(timer: func.TimerRequest) -> None:
    with pathlib.Path(os.environ["SEEN"]).open("a") as file:
        file.write('{"tick": true}\\n')
"""


def test_a_timer_ticks_every_second(tmp_path: Path) -> None:
    with hosted(tmp_path, {}, app_of(tmp_path / "app", TIMERS)) as host:
        host.await_facts("tick", 2, seconds=20)

        assert host.program.stop() == 0


def test_a_taken_port_is_one_clear_line(host: Hosted) -> None:
    code, complaint = refused(APP, host.program.port)

    assert code == 3
    assert re.fullmatch(rf"[^\n]*{host.program.port}[^\n]*\n", complaint)


def test_an_app_that_cannot_be_imported_is_refused_with_the_reason(tmp_path: Path) -> None:
    code, complaint = refused(app_of(tmp_path, "import nothing_of_this_name"))

    assert code == 2
    assert "nothing_of_this_name" in complaint.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@app.route('x')\n@app.queue_output('o', 'q', 'C')\ndef f(req, o): ...", "queue"),
        ("@app.blob_trigger('b', path='p', connection='C')\ndef f(b): ...", "blobTrigger"),
        ("@app.service_bus_queue_trigger('m', 'SB', 'q', is_sessions_enabled=True)\ndef f(m): ...", "session"),
        ("@app.service_bus_queue_trigger('m', 'SB', 'q')\ndef f(m): ...", "SB__fullyQualifiedNamespace"),
        ("@app.service_bus_queue_trigger('m', 'OTHER', 'q')\ndef f(m): ...", "OTHER__credential"),
        ("@app.timer_trigger('t', '%UNSET%')\ndef f(t): ...", "%UNSET%"),
        ("@app.timer_trigger('t', 'sometimes')\ndef f(t): ...", "sometimes"),
        ("@app.route('{x:unheard}')\ndef f(req): ...", "unheard"),
    ],
)
def test_an_app_that_asks_for_more_than_the_host_has_is_refused_with_the_reason(text: str, words: str) -> None:
    module = ModuleType("function_app")
    exec("import azure.functions as func\napp = func.FunctionApp()\n" + text, module.__dict__)  # noqa: S102
    environment = {"OTHER__fullyQualifiedNamespace": "x", "OTHER__credential": "password"}

    async def build() -> None:
        invoker = Invoker(asyncio.get_running_loop())
        Host(load_functions(module), HostSettings(app_dir=Path(), environment=environment), invoker)

    with pytest.raises(ConfigurationError, match=words):
        asyncio.run(build())


def test_running_work_ends_before_the_host_does(host_of_its_own: Hosted, queues: Queues) -> None:
    host = host_of_its_own
    answers: list[str] = []
    caller = threading.Thread(target=lambda: answers.append(host.client.get("/api/slow?seconds=0.7").text))
    caller.start()
    queues.send("stopping", ServiceBusMessage("sleep 0.7"))
    host.await_facts("slow", 1)
    eventually(lambda: [f for f in host.facts("work") if f["work"] == "sleeping"], bool)

    code = host.program.stop()
    caller.join()

    assert code == 0
    assert answers == ["done"]
    assert [(f["work"], f["count"]) for f in host.facts("work")] == [("sleeping", 1), ("sleep 0.7", 1)]
    with queues.client.get_queue_receiver("stopping") as work:
        assert work.peek_messages(max_message_count=5) == []


def test_work_that_outlasts_the_grace_time_is_given_back(broker: Broker, queues: Queues, tmp_path: Path) -> None:
    with hosted(tmp_path, {**broker.settings, "WORK_QUEUE": "overdue", "CORRIDOR_HOST_GRACE_SECONDS": "0"}) as host:
        queues.send("overdue", ServiceBusMessage("sleep 60"))
        eventually(lambda: [f for f in host.facts("work") if f["work"] == "sleeping"], bool)
        began = time.monotonic()

        assert host.program.stop() == 0
        assert time.monotonic() - began < 30
    with queues.client.get_queue_receiver("overdue") as work:
        (message,) = work.receive_messages(max_message_count=1, max_wait_time=5)
        assert message.delivery_count == 1
        work.complete_message(message)


def works(host: Hosted) -> list[str]:
    return [fact["work"] for fact in host.facts("work")]


def test_a_broker_that_is_away_is_an_outage_and_not_the_end(identity_port: int, tmp_path: Path) -> None:
    with broker_at(tmp_path, 0, identity_port) as broker:
        port = broker.program.port
        settings = broker.settings
        broker.program.kill()
    with hosted(tmp_path / "host", settings) as host:
        assert host.client.get("/api/items/1").status_code == 200
        for round_number in (1, 2):
            with broker_at(tmp_path, port, identity_port) as broker:
                with client_of(port, broker.ca_file) as client, client.get_queue_sender("work") as sender:
                    sender.send_messages(ServiceBusMessage(f"round {round_number}"))
                eventually(lambda: works(host), lambda done, wanted=f"round {round_number}": wanted in done)
                broker.program.kill()
            eventually(lambda: outages(host), partial(operator.lt, round_number))
        time_of_retries = time.monotonic() + 0.5
        eventually(time.monotonic, lambda now: now > time_of_retries)

        # A broker that dies before the settlement of a round gives it again: at least once, and in order.
        assert list(dict.fromkeys(works(host))) == ["round 1", "round 2"]
        assert outages(host) == 3
        assert host.program.stop() == 0


def test_the_host_is_reachable_from_this_machine_alone_by_default(host: Hosted) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{host.program.port}/")


def outages(host: Hosted) -> int:
    lines = [line["message"] for line in host.program.log_lines() if line.get("function") == "work"]
    return lines.count("Service Bus lost")


@contextmanager
def broker_at(directory: Path, port: int, identity_port: int) -> Iterator[Broker]:
    with running(broker_arguments(directory, port), directory / "broker.log", {}) as program:
        yield Broker(program, directory / "tls" / "ca.pem", identity_port)


@pytest.fixture
def host_of_its_own(broker: Broker, tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path, {**broker.settings, "WORK_QUEUE": "stopping"}) as host:
        yield host
