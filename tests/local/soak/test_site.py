"""What a fault does to the programs of a platform: real processes, a real supervisor, a small platform."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import cast

import pytest

from local.platform.layout import Layout, Ports
from local.platform.running import Platform
from local.soak.faults import FAULTS, strike
from local.soak.lines import Lines
from local.soak.privacy import Leaks
from local.soak.schedule import Strike
from local.soak.site import Site
from local.soak.traffic import soak_traffic
from local.supervisor.component import Component, Policy
from local.supervisor.supervisor import Supervisor

PROGRAM = """
import pathlib, sys, time
print("ready", sys.argv[1], 0, flush=True)
beats, failed = pathlib.Path(sys.argv[2]), 0
for number in range(100000):
    try:
        beats.write_text(str(number))
    except OSError:
        failed += 1
    try:
        print("failed", failed, flush=True)
    except OSError:
        pass
    time.sleep(0.01)
"""
NAMES = ("functions-host", "service-bus", "postgres", "destinations")


class Switchboard:
    """The destinations' switchboard: it notes every order."""

    def __init__(self) -> None:
        self.orders: list[dict[str, object]] = []
        orders = self.orders

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                orders.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def switchboard() -> Iterator[Switchboard]:
    board = Switchboard()
    board.thread.start()
    yield board
    board.server.shutdown()
    board.thread.join()
    board.server.server_close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, switchboard: Switchboard) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("suffering")
    layout = Layout(data, Ports(1))
    components = [
        Component(name, (sys.executable, "-c", PROGRAM, name, str(data / f"{name}.beat")), data / f"{name}.log")
        for name in NAMES
    ]
    lines = Lines(dict.fromkeys(("api", "ledger", "bus", "destinations"), 1))
    with lines, Supervisor(data, components, Policy(deaths=1000, first_delay=0.01)) as supervisor:
        platform = SimpleNamespace(
            layout=layout, supervisor=supervisor, environment={"destinations_url": switchboard.url}
        )
        yield Site(cast("Platform", platform), lines, Leaks(soak_traffic(1, 60)))


def pid(site: Site, name: str) -> int | None:
    return next(one.pid for one in site.platform.supervisor.snapshot() if one.name == name)


def beat(site: Site, name: str) -> str:
    return (site.platform.layout.data / f"{name}.beat").read_text()


def words(site: Site, name: str) -> str:
    return (site.platform.layout.data / f"{name}.log").read_text()


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ("kill-host", "functions-host"),
        ("kill-bus", "service-bus"),
        ("kill-ledger", "postgres"),
        ("kill-destination", "destinations"),
    ],
)
def test_a_kill_ends_that_program_alone_and_waits_until_it_is_back(site: Site, fault: str, name: str) -> None:
    before = {each: pid(site, each) for each in NAMES}
    struck = strike(site, Strike(0.0, fault))

    assert {name} == {each for each in NAMES if pid(site, each) != before[each]}
    assert pid(site, name) is not None
    assert f"{name} was away for" in struck.note
    assert struck.began < struck.ended


def test_a_program_that_stands_still_does_nothing_and_goes_on(site: Site) -> None:
    process = pid(site, "functions-host")
    watched: list[str] = []
    stopping = threading.Thread(target=lambda: site.stop("functions-host", 0.6))
    stopping.start()
    time.sleep(0.2)
    watched += [beat(site, "functions-host")]
    time.sleep(0.2)
    watched += [beat(site, "functions-host")]
    stopping.join()

    assert watched[0] == watched[1]
    assert process == pid(site, "functions-host")
    moved = time.monotonic() + 10
    while beat(site, "functions-host") == watched[0]:
        assert time.monotonic() < moved
        time.sleep(0.02)


def test_on_a_full_disk_a_program_lives_on_and_can_write_again_afterwards(site: Site) -> None:
    process, file = pid(site, "functions-host"), site.platform.layout.data / "functions-host.beat"
    deadline = time.monotonic() + 30
    while "failed 1" not in words(site, "functions-host"):  # it must have had its turn while the disk was full
        assert time.monotonic() < deadline
        site.fill_disk("functions-host", 0.2)
        time.sleep(0.1)

    file.write_text("")
    while len(beat(site, "functions-host")) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert process == pid(site, "functions-host")


def test_the_bus_comes_back_without_what_it_kept_and_what_it_kept_was_looked_into(site: Site) -> None:
    folder = site.platform.layout.folder("service-bus")
    for name in ("messages.sqlite", "messages.sqlite-wal"):
        (folder / name).write_text("hint about TESTPATIENT-ALDER")
    strike(site, Strike(0.0, "bus-store-deleted"))

    assert [] == list(folder.glob("messages.sqlite*"))
    assert "a patient's words in service-bus/messages.sqlite" in site.leaks.found


def test_locks_get_short_for_queues_and_subscriptions(site: Site) -> None:
    entity = {"Name": "one", "Properties": {"LockDuration": "PT60S"}}
    namespace = {"Queues": [entity], "Topics": [{"Name": "events", "Subscriptions": [entity]}]}
    file = site.platform.layout.folder("service-bus") / "Config.json"
    file.write_text(json.dumps({"UserConfig": {"Namespaces": [namespace]}}))
    before = pid(site, "service-bus")
    site.shorten_locks(2)

    (kept,) = json.loads(file.read_text())["UserConfig"]["Namespaces"]
    assert "PT2S" == kept["Queues"][0]["Properties"]["LockDuration"]
    assert "PT2S" == kept["Topics"][0]["Subscriptions"][0]["Properties"]["LockDuration"]
    assert before != pid(site, "service-bus")


def test_a_clock_is_right_again_after_its_jumps(site: Site) -> None:
    assert "-3 s off" in site.skew(-3, 0.01)
    assert not (site.platform.layout.data / "skew").exists()


def test_destinations_are_told_what_to_do_wrong(site: Site, switchboard: Switchboard) -> None:
    site.order("drip", 0.01, 3.0)

    assert {"mode": "drip", "for_seconds": 0.01, "delay": 3.0} == switchboard.orders[-1]


def test_every_kind_of_fault_has_a_name_and_a_sentence() -> None:
    assert 20 == len(FAULTS)
    assert all(fault.sentence for fault in FAULTS.values())
