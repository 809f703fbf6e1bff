from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.supervisor.component import Component, Policy, State, Status
from local.supervisor.ports import PortTakenError
from local.supervisor.supervisor import Supervisor
from shared.errors import ConfigurationError

QUICK = Policy(first_delay=0.02, longest_delay=0.1, health_every=0.02, tick=0.005)

SERVE = """
import signal, sys, time
name = sys.argv[1]
def stop(*_):
    print("stopped", name, time.monotonic(), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("started", name, time.monotonic(), flush=True)
print("ready", name, "0", flush=True)
while True:
    signal.pause()
"""
DIE_ONCE_READY = "import sys; print('ready', sys.argv[1], '0', flush=True); sys.exit(7)"
DIE_AT_FIRST = (
    """
import pathlib, sys
marker = pathlib.Path(sys.argv[2])
if not marker.exists():
    marker.touch()
    sys.exit("the first attempt fails")
"""
    + SERVE
)
IGNORE_SIGTERM = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen(["sleep", "60"])
print("child", child.pid, flush=True)
print("ready", sys.argv[1], "0", flush=True)
while True:
    signal.pause()
"""
LEAVE_A_CHILD = (
    """
import subprocess, sys
child = subprocess.Popen(["sleep", "60"])
print("child", child.pid, flush=True)
"""
    + SERVE
)


def component(tmp_path: Path, name: str, code: str = SERVE, *words: str, **settings: Any) -> Component:
    argv = (sys.executable, "-S", "-c", code, name, *words)
    return Component(name, argv, tmp_path / "logs" / f"{name}.log", **settings)


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def moment(tmp_path: Path, event: str, name: str) -> float:
    lines = (tmp_path / "logs" / f"{name}.log").read_text().splitlines()
    return next(float(line.split()[2]) for line in lines if line.startswith(f"{event} {name} "))


def number(tmp_path: Path, name: str, word: str = "child") -> int:
    lines = (tmp_path / "logs" / f"{name}.log").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{word} "))


def only(supervisor: Supervisor) -> Status:
    (status,) = supervisor.snapshot()
    return status


def test_components_start_after_what_they_need_and_stop_before_it(tmp_path: Path) -> None:
    components = [
        component(tmp_path, "host", after=("broker", "database")),
        component(tmp_path, "database"),
        component(tmp_path, "broker", after=("database",)),
    ]

    with Supervisor(tmp_path, components, QUICK) as supervisor:
        states = {status.name: status.state for status in supervisor.snapshot()}
        pids = [status.pid for status in supervisor.snapshot()]

    assert dict.fromkeys(("database", "broker", "host"), State.READY) == states
    starts = [moment(tmp_path, "started", name) for name in ("database", "broker", "host")]
    stops = [moment(tmp_path, "stopped", name) for name in ("host", "broker", "database")]
    assert sorted(starts) == starts
    assert sorted(stops) == stops
    assert not any(alive(pid) for pid in pids if pid)
    assert {State.STOPPED} == {status.state for status in supervisor.snapshot()}


def test_components_that_do_not_need_each_other_start_at_the_same_time(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=10)

    def meets_the_other() -> bool:
        return both.wait() >= 0

    components = [component(tmp_path, name, ready=meets_the_other) for name in ("one", "two")]

    with Supervisor(tmp_path, components, QUICK) as supervisor:
        assert [State.READY] * 2 == [status.state for status in supervisor.snapshot()]


def test_a_component_that_was_killed_is_started_again(tmp_path: Path) -> None:
    with Supervisor(tmp_path, [component(tmp_path, "host")], QUICK) as supervisor:
        first = only(supervisor)
        assert first.pid is not None
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: only(supervisor).restarts == 1 and only(supervisor).state is State.READY)
        second = only(supervisor)

    assert first.pid != second.pid
    assert first.since < second.since


def test_a_component_that_fails_at_first_gets_another_attempt(tmp_path: Path) -> None:
    late = component(tmp_path, "late", DIE_AT_FIRST, str(tmp_path / "marker"))

    with Supervisor(tmp_path, [late], QUICK) as supervisor:
        assert (State.READY, 1) == (only(supervisor).state, only(supervisor).restarts)


def test_a_component_that_keeps_ending_stops_everything_and_says_why(tmp_path: Path) -> None:
    components = [component(tmp_path, "steady"), component(tmp_path, "weak", DIE_ONCE_READY, after=("steady",))]
    supervisor = Supervisor(tmp_path, components, QUICK)

    expected = "weak ended 5 times within 60 seconds, the last time with 7"
    with pytest.raises(ConfigurationError, match=expected), supervisor:
        supervisor.wait(threading.Event())

    assert [None, None] == [status.pid for status in supervisor.snapshot()]
    assert moment(tmp_path, "stopped", "steady") > 0


def test_deaths_of_long_ago_are_forgiven(tmp_path: Path) -> None:
    forgiving = Policy(deaths=2, within=0.0, first_delay=0.01, tick=0.005)

    with Supervisor(tmp_path, [component(tmp_path, "host")], forgiving) as supervisor:
        for restarts in (1, 2, 3):
            pid = only(supervisor).pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            until(lambda: only(supervisor).restarts == restarts and only(supervisor).state is State.READY)  # noqa: B023


def test_a_component_that_is_never_ready_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    mute = component(tmp_path, "mute", "print('still thinking', flush=True)\nimport time; time.sleep(1000)")
    supervisor = Supervisor(tmp_path, [Component(mute.name, mute.argv, mute.log_file, ready_within=0.5)], QUICK)

    with pytest.raises(ConfigurationError, match=r"mute did not become ready within 0\.5 .* said: still thinking"):
        supervisor.start()

    assert only(supervisor).pid is None


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (
            (sys.executable, "-S", "-c", "import sys; sys.stderr.write('port 1 is taken\\n'); sys.exit(3)"),
            "port 1 is taken",
        ),
        (("/nowhere/no-program",), "no-program"),
    ],
)
def test_what_cannot_start_at_all_is_not_tried_again(argv: tuple[str, ...], words: str, tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, [Component("host", argv, tmp_path / "host.log")], QUICK)

    with pytest.raises(ConfigurationError, match=f"host cannot start; it said: .*{words}"):
        supervisor.start()

    assert 0 == only(supervisor).restarts


def test_a_component_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = component(tmp_path, "stubborn", IGNORE_SIGTERM, stop_within=0.2)

    with Supervisor(tmp_path, [stubborn], QUICK) as supervisor:
        pid = only(supervisor).pid

    assert pid is not None
    assert not alive(pid)
    until(lambda: not alive(number(tmp_path, "stubborn")))


def test_children_that_a_component_leaves_behind_are_ended(tmp_path: Path) -> None:
    with Supervisor(tmp_path, [component(tmp_path, "careless", LEAVE_A_CHILD)], QUICK):
        child = number(tmp_path, "careless")
        assert alive(child)

    until(lambda: not alive(child))


def test_a_component_that_fails_its_health_checks_is_started_again(tmp_path: Path) -> None:
    answers = iter([True, False, False, True, False, False])

    def healthy() -> bool:
        try:
            return next(answers)
        except StopIteration:
            return only(supervisor).restarts > 0

    supervisor = Supervisor(tmp_path, [component(tmp_path, "host", health=healthy)], QUICK)
    with supervisor:
        until(lambda: only(supervisor).restarts == 1 and only(supervisor).state is State.READY)

    assert None is next(answers, None)


def test_a_health_check_that_raises_is_a_failed_one(tmp_path: Path) -> None:
    def refused() -> bool:
        if only(supervisor).restarts:
            return True
        raise ConnectionRefusedError

    supervisor = Supervisor(tmp_path, [component(tmp_path, "host", health=refused)], QUICK)
    with supervisor:
        until(lambda: only(supervisor).restarts == 1 and only(supervisor).state is State.READY)


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        components = [
            component(tmp_path, "database"),
            component(tmp_path, "host", after=("database",), port=port, port_option="--http-port"),
        ]
        with pytest.raises(PortTakenError, match=f"host cannot listen on 127.0.0.1:{port}.*--http-port"):
            Supervisor(tmp_path, components, QUICK).start()

    assert not (tmp_path / "logs").exists()


def test_a_second_supervisor_on_the_same_directory_names_the_first(tmp_path: Path) -> None:
    with (
        Supervisor(tmp_path, [component(tmp_path, "host")], QUICK),
        pytest.raises(ConfigurationError, match=f"Corridor already runs here as process {os.getpid()}"),
    ):
        Supervisor(tmp_path, [component(tmp_path, "host")], QUICK).start()

    with Supervisor(tmp_path, [component(tmp_path, "host")], QUICK) as again:
        assert State.READY is only(again).state


def test_a_start_that_is_called_off_leaves_nothing(tmp_path: Path) -> None:
    called_off = threading.Event()
    started = tmp_path / "started"

    def ready() -> bool:
        started.touch()
        called_off.set()
        return False

    supervisor = Supervisor(tmp_path, [component(tmp_path, "slow", ready=ready)], QUICK)
    supervisor.start(unless=called_off)
    supervisor.stop()

    assert started.exists()
    assert (None, State.STOPPED) == (only(supervisor).pid, only(supervisor).state)


@pytest.mark.parametrize(
    "after", [{"one": ("two",), "two": ("one",)}, {"one": ("nobody",)}], ids=["a circle", "an unknown one"]
)
def test_an_order_that_cannot_be_is_refused(after: dict[str, tuple[str, ...]], tmp_path: Path) -> None:
    components = [component(tmp_path, name, after=names) for name, names in after.items()]

    with pytest.raises(ConfigurationError, match="components-malformed"):
        Supervisor(tmp_path, components)


PLATFORM = """
import sys
from pathlib import Path
from local.supervisor.component import Component
from local.supervisor.program import announce, run, stop_requested
from local.supervisor.supervisor import Supervisor

def main() -> int:
    directory, code = Path(sys.argv[1]), sys.argv[2]
    argv = (sys.executable, "-S", "-c", code, "host")
    stopping = stop_requested()
    with Supervisor(directory, [Component("host", argv, directory / "logs" / "host.log")]) as supervisor:
        sys.stdout.write(f"pid {supervisor.snapshot()[0].pid}\\n")
        announce("platform", 0)
        supervisor.wait(stopping)
    return 0

run(main)
"""


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_platform_cleanly(kind: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PLATFORM, str(tmp_path), SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        pid = int(platform.stdout.readline().split()[1])
        assert "ready platform 0\n" == platform.stdout.readline()

        platform.send_signal(kind)

        assert 0 == platform.wait(20)
    assert not alive(pid)
    assert moment(tmp_path, "stopped", "host") > 0


def test_a_supervisor_that_is_killed_takes_its_components_with_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PLATFORM, str(tmp_path), SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as platform:
        assert platform.stdout is not None
        pid = int(platform.stdout.readline().split()[1])
        platform.kill()
    until(lambda: not alive(pid))

    with Supervisor(tmp_path, [component(tmp_path, "host")], QUICK) as next_one:
        assert State.READY is only(next_one).state


def test_after_a_kill_a_port_gets_a_moment_to_become_free(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4194000\n")
    with socket.create_server(("127.0.0.1", 0)) as left_over:
        port = left_over.getsockname()[1]
        closing = threading.Timer(0.3, left_over.close)
        closing.start()

        with Supervisor(tmp_path, [component(tmp_path, "host", port=port)], QUICK) as supervisor:
            assert State.READY is only(supervisor).state
        closing.join()
