"""Several worker processes as one host."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from azure.servicebus import ServiceBusMessage

from local.functions_host.settings import HostSettings, ServiceBusOptions
from local.functions_host.worker_place import WorkerPlace
from tests.local.functions_host.conftest import Broker, Queues
from tests.local.functions_host.programs import DEADLINE, REPOSITORY, Hosted, eventually, hosted

APP = """
import json, os, pathlib, threading, time
import azure.functions as func
app = func.FunctionApp()

def note(**fact):
    with pathlib.Path(os.environ["SEEN"]).open("a") as file:
        file.write(json.dumps({"pid": os.getpid(), **fact}) + "\\n")

@app.route("who", auth_level=func.AuthLevel.ANONYMOUS)
async def who(req: func.HttpRequest) -> str:
    time.sleep(float(req.params.get("hold", "0")))  # this worker can take nothing else meanwhile
    return str(os.getpid())

@app.route("slow", auth_level=func.AuthLevel.ANONYMOUS)
def slow(req: func.HttpRequest) -> str:
    note(slow="began")
    time.sleep(0.7)
    return "done"

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def tick(timer: func.TimerRequest) -> None:
    note(tick=True)
"""
QUEUE = """
@app.service_bus_queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="SERVICE_BUS")
def work(message: func.ServiceBusMessage) -> None:
    note(work=message.get_body().decode())
    time.sleep(0.3)
"""
# What a parent and its workers do when there is nothing but them: `{body}` is each worker's life.
PROGRAM = """
import asyncio, os, pathlib, socket, sys, time
from local.functions_host.workers import Workers
from local.supervisor.component import Policy

lives = pathlib.Path(sys.argv[1])

def work(place):
    with lives.open("a") as file:
        file.write("life\\n")
    async def live():
        place.watch(asyncio.get_running_loop())
        place.say_ready()
        {body}
    asyncio.run(live())
    return 0

listener = socket.create_server(("127.0.0.1", 0))
policy = Policy(deaths=3, first_delay=0.01, longest_delay=0.01)
sys.exit(Workers(1, listener, policy=policy, silence=1.5).run(work, lambda: print("ready", flush=True)))
"""


def app_of(directory: Path, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "host.json").write_text('{"version": "2.0"}')
    (directory / "function_app.py").write_text(text)
    return directory


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Hosted]:
    with hosted(tmp_path, {"FUNCTIONS_WORKER_PROCESS_COUNT": "2"}, app_of(tmp_path / "app", APP)) as running_host:
        yield running_host


def workers_of(host: Hosted) -> set[int]:
    # Two at a time, each of which keeps its worker from taking the other.
    with ThreadPoolExecutor(2) as callers:
        answers = callers.map(lambda _: httpx.get(f"{host.client.base_url}/api/who?hold=0.2", timeout=DEADLINE), "12")
        return {int(answer.text) for answer in answers}


def refuses(host: Hosted) -> bool:
    try:
        socket.create_connection(("127.0.0.1", host.program.port), timeout=1).close()
    except OSError:
        return True
    return False


def test_workers_share_the_port_and_a_timer_fires_in_one_of_them(host: Hosted) -> None:
    workers = eventually(lambda: workers_of(host), lambda found: len(found) == 2)

    assert len(workers) == 2
    assert host.program.process.pid not in workers
    assert len({fact["pid"] for fact in host.await_facts("tick", 2)}) == 1


def test_a_worker_that_is_killed_is_replaced_and_the_host_goes_on(host: Hosted) -> None:
    first, second = eventually(lambda: workers_of(host), lambda found: len(found) == 2)
    timers = {fact["pid"] for fact in host.await_facts("tick", 1)}

    for worker in (first, second):
        os.kill(worker, signal.SIGKILL)
    replaced = eventually(lambda: workers_of(host), lambda found: len(found - {first, second}) == 2)
    eventually(lambda: {fact["pid"] for fact in host.facts("tick")} - timers, bool)

    assert not replaced & {first, second}
    assert timers < {fact["pid"] for fact in host.facts("tick")}
    assert [line["code"] for line in host.program.log_lines() if line["message"] == "Worker ended"] == [-9, -9]
    assert host.program.stop() == 0


def test_no_worker_outlives_its_host(host: Hosted) -> None:
    host.program.kill()

    assert eventually(lambda: refuses(host), bool, 5)


def test_what_runs_in_any_worker_ends_before_the_host_does(host: Hosted) -> None:
    with ThreadPoolExecutor(4) as callers:
        answers = callers.map(lambda _: httpx.get(f"{host.client.base_url}/api/slow", timeout=DEADLINE).text, range(4))
        host.await_facts("slow", 4)
        code = host.program.stop()

        assert list(answers) == ["done"] * 4
    assert code == 0
    assert refuses(host)


def test_every_worker_receives_from_a_queue(broker: Broker, queues: Queues, tmp_path: Path) -> None:
    settings = {**broker.settings, "WORK_QUEUE": "shared", "FUNCTIONS_WORKER_PROCESS_COUNT": "2"}
    limits = {"AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": "2"}
    with hosted(tmp_path, settings | limits, app_of(tmp_path / "app", APP + QUEUE)) as host:
        queues.send("shared", *(ServiceBusMessage(str(n)) for n in range(6)))
        seen = host.await_facts("work", 6)

        assert sorted(fact["work"] for fact in seen) == [str(n) for n in range(6)]
        assert len({fact["pid"] for fact in seen}) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (APP + QUEUE, "WORK_QUEUE"),
        (APP + "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", "starts threads"),
    ],
)
def test_an_app_that_workers_cannot_run_is_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "local.functions_host", str(app_of(tmp_path, text)), "--port", "0"],
        cwd=REPOSITORY,
        env={**os.environ, "FUNCTIONS_WORKER_PROCESS_COUNT": "2", "SERVICE_BUS": "unused"},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )

    complaints = [line for line in run.stderr.splitlines() if not line.startswith("{")]
    assert run.returncode == 2
    assert len(complaints) == 1
    assert words in complaints[0]


def lives(directory: Path, body: str, until: Callable[[list[str]], bool]) -> tuple[int | None, list[str]]:
    """Return the parent's exit code, None while it runs, and a line for each worker that it forked."""
    file = directory / "lives"
    program = [sys.executable, "-c", PROGRAM.format(body=body), str(file)]
    with subprocess.Popen(program, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as parent:
        try:
            eventually(lambda: file.read_text().splitlines() if file.exists() else [], until)
            eventually(parent.poll, lambda code: code is not None, 1)
            return parent.returncode, file.read_text().splitlines()
        finally:
            parent.kill()


def test_a_worker_whose_event_loop_stands_still_is_replaced(tmp_path: Path) -> None:
    body = 'time.sleep(60) if lives.read_text().count("life") == 1 else await asyncio.sleep(60)'

    code, found = lives(tmp_path, body, lambda found: len(found) == 2)

    assert (code, len(found)) == (None, 2)


def test_workers_that_keep_ending_end_the_host(tmp_path: Path) -> None:
    code, found = lives(tmp_path, "await asyncio.sleep(0.2); os._exit(7)", lambda found: len(found) == 3)

    assert (code, len(found)) == (1, 3)


@pytest.mark.parametrize(("whole", "count", "shares"), [(4, 2, [2, 2]), (5, 3, [2, 2, 1]), (1, 2, [1, 1])])
def test_workers_divide_what_the_host_may_do_at_once(whole: int, count: int, shares: list[int]) -> None:
    settings = HostSettings(Path(), {}, service_bus=ServiceBusOptions(max_concurrent_calls=whole))

    divided = [WorkerPlace(number, count).share_of(settings).service_bus for number in range(count)]

    assert [options.max_concurrent_calls for options in divided] == shares


def test_a_timer_that_is_asked_for_in_any_worker_runs_in_the_first() -> None:
    runs: list[str] = []

    async def run_here() -> None:
        runs.append("first")

    async def run_elsewhere() -> None:
        runs.append("second")

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        wishes = os.pipe()
        first, second = (WorkerPlace(number, 2, wishes=wishes) for number in range(2))
        mine = first.take_wishes(loop, {"tick": run_here})
        theirs = second.take_wishes(loop, {"tick": run_elsewhere})
        await mine["tick"]()
        await theirs["tick"]()
        deadline = time.monotonic() + DEADLINE
        while len(runs) < 2 and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        loop.remove_reader(wishes[0])
        for end in wishes:
            os.close(end)

    asyncio.run(ask())

    assert runs == ["first", "first"]
