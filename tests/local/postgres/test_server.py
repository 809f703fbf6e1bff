from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from local.postgres import cluster
from local.postgres.privileges import Account, accounts
from local.postgres.recovery import serves
from local.postgres.server import EmbeddedPostgres
from local.supervisor.ports import PortTakenError, free_port
from shared.errors import ConfigurationError


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def postmaster_pid(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("cluster")
    with EmbeddedPostgres(directory):
        pass
    return directory


@pytest.fixture
def directory(initialised: Path, tmp_path: Path) -> Path:
    """A cluster that was stopped cleanly, in a path with a space."""
    copy = tmp_path / "a path with spaces"
    shutil.copytree(initialised, copy)
    return copy


@pytest.fixture
def program(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """The wrapper as a program of its own, serving."""
    command = [sys.executable, "-m", "local.postgres", "--data", str(directory), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready postgres ")
        yield process
        process.kill()


def test_a_database_that_was_committed_to_is_there_after_the_next_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "a new directory")
    with server, psycopg.connect(server.dsn) as connection:
        connection.execute("create table kept (word text)")
        connection.execute("insert into kept values ('here')")

    with server, psycopg.connect(server.dsn) as connection:
        rows = connection.execute("select word from kept").fetchall()

    assert [("here",)] == rows


def test_the_server_is_durable_checked_and_utf8_in_the_c_locale(directory: Path) -> None:
    names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "server_encoding", "TimeZone")
    with EmbeddedPostgres(directory) as server, psycopg.connect(server.dsn) as connection:
        values = [connection.execute("select current_setting(%s)", (name,)).fetchone() for name in names]
        collation = connection.execute("select datcollate from pg_database where datname = 'postgres'").fetchone()

    assert [("on",), ("on",), ("on",), ("on",), ("UTF8",), ("UTC",)] == values
    assert ("C",) == collation


def test_nobody_comes_in_without_the_password(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url(password="guess")).close()
        with psycopg.connect(server.dsn) as connection:
            lines = connection.execute("select type, auth_method from pg_hba_file_rules").fetchall()

    assert [("host", "scram-sha-256")] == lines


def test_files_are_the_owners_alone_and_there_is_no_socket_file(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        modes = {name: stat.S_IMODE((directory / name).stat().st_mode) for name in ("", "data", "password")}
        log_mode = stat.S_IMODE(server.log_file.stat().st_mode)
        sockets = [path for path in directory.rglob("*") if path.is_socket()]

    assert {"": 0o700, "data": 0o700, "password": 0o600} == modes
    assert 0o600 == log_mode
    assert [] == sockets


def test_the_log_holds_no_statement_and_no_value(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server, psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute("create table patient (name text primary key)")
        connection.execute("insert into patient values (%s)", ("Zebediah Testperson",))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into patient values (%s)", ("Zebediah Testperson",))
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            connection.execute("select 'Zebediah Testperson'::int")
        log = server.log_file.read_text()

    assert "ready to accept connections" in log
    assert "Zebediah" not in log
    assert "insert" not in log


def test_the_log_of_a_crash_does_not_quote_the_statement_that_ran(directory: Path) -> None:
    with EmbeddedPostgres(directory) as server:
        with psycopg.connect(server.dsn) as connection:
            row = connection.execute("select pg_backend_pid(), 'Zebediah Testperson'").fetchone()
            assert row is not None
            os.kill(row[0], signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
        until(server.is_ready)
        log = server.log_file.read_text()

    assert "was terminated by signal 9" in log
    assert "Zebediah" not in log


def test_a_server_that_was_killed_comes_back_with_what_it_committed(directory: Path) -> None:
    server = EmbeddedPostgres(directory)
    server.start()
    with psycopg.connect(server.dsn) as connection:
        connection.execute("create table survives as select 1 as one")
    os.kill(postmaster_pid(directory), signal.SIGKILL)
    until(lambda: not server.is_running())

    with server, psycopg.connect(server.dsn) as connection:
        rows = connection.execute("select one from survives").fetchall()

    assert [(1,)] == rows


def test_a_server_that_hangs_is_stopped_all_the_same(directory: Path) -> None:
    server = EmbeddedPostgres(directory)
    server.start()
    pid = postmaster_pid(directory)
    os.kill(pid, signal.SIGSTOP)

    server.stop(patience=0.1)

    assert not serves(pid, directory / "data")
    with server:
        assert server.is_ready()


def test_a_pid_file_that_names_another_process_does_not_hinder_the_start(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        left_behind = (directory / "data" / "postmaster.pid").read_text().splitlines()
    # Not our own pid: postgres knows that its parent is no postgres.
    with subprocess.Popen(["sleep", "60"]) as another:
        left_behind[0] = str(another.pid)
        (directory / "data" / "postmaster.pid").write_text("\n".join(left_behind) + "\n")
        try:
            with EmbeddedPostgres(directory) as server:
                assert server.is_ready()
            assert another.poll() is None
        finally:
            another.kill()


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data.new" / "base").mkdir(parents=True)

    with EmbeddedPostgres(tmp_path) as server:
        assert server.is_ready()
    assert not (tmp_path / "data.new").exists()


def test_a_taken_port_is_said_plainly_and_nothing_is_left_running(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = EmbeddedPostgres(directory, port)

        with pytest.raises(PortTakenError, match=f"postgres cannot listen on 127.0.0.1:{port}"):
            server.start()

    assert not server.is_running()
    server.start()
    server.stop()


def test_a_second_server_on_the_same_directory_is_refused_with_the_pid_of_the_first(directory: Path) -> None:
    with (
        EmbeddedPostgres(directory) as first,
        pytest.raises(ConfigurationError, match=f"PostgreSQL already runs here as process {os.getpid()}"),
    ):
        EmbeddedPostgres(directory).start()
    assert not first.is_ready()


def test_postgres_gives_its_reason_when_it_cannot_start(directory: Path) -> None:
    server = EmbeddedPostgres(directory, settings={"shared_buffers": "a lot"})

    with pytest.raises(ConfigurationError, match=r"configuration file .* contains errors"):
        server.start()


def test_the_program_stops_cleanly_on_sigterm(program: subprocess.Popen[str], directory: Path) -> None:
    pid = postmaster_pid(directory)

    program.terminate()

    assert 0 == program.wait(20)
    assert not serves(pid, directory / "data")
    assert "database system is shut down" in (directory / "postgres.log").read_text()


def test_postgres_follows_its_parent_when_that_one_is_killed(program: subprocess.Popen[str], directory: Path) -> None:
    pid = postmaster_pid(directory)

    program.kill()
    program.wait(20)

    until(lambda: not serves(pid, directory / "data"))
    with EmbeddedPostgres(directory) as server:
        assert server.is_ready()


def test_a_start_takes_over_from_a_postgres_that_outlived_its_parent(directory: Path) -> None:
    with EmbeddedPostgres(directory):
        pass
    cluster.configure(directory, free_port(), {})
    account = accounts()[0]
    command = [*account.prefix, str(cluster.binary("postgres")), "-D", str(directory / "data")]
    with (
        (directory / "orphan.log").open("wb") as log,
        subprocess.Popen(command, env=cluster.ENVIRONMENT, stdout=log, stderr=log) as orphan,
    ):
        try:
            until(lambda: "ready to accept" in (directory / "orphan.log").read_text())

            with EmbeddedPostgres(directory) as server:
                assert server.is_ready()
                assert orphan.pid != postmaster_pid(directory)
            assert 0 == orphan.wait(20)
        finally:
            orphan.kill()


def test_the_program_ends_with_1_when_postgres_ends_by_itself(program: subprocess.Popen[str], directory: Path) -> None:
    os.kill(postmaster_pid(directory), signal.SIGKILL)

    assert 1 == program.wait(20)
    assert program.stderr is not None
    assert "PostgreSQL ended by itself" in program.stderr.read()


def test_the_program_ends_with_3_and_one_line_when_its_port_is_taken(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        command = [sys.executable, "-m", "local.postgres", "--data", str(directory), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert 3 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert port in done.stderr


@pytest.mark.parametrize("account", accounts(), ids=lambda account: account.name)
def test_each_way_to_run_without_being_root_serves_over_a_directory_that_another_way_left(
    account: Account, initialised: Path
) -> None:
    with tempfile.TemporaryDirectory() as reachable:
        os.chmod(reachable, 0o711)  # noqa: S103 - another account must pass
        directory = Path(reachable) / "cluster"
        shutil.copytree(initialised, directory)
        try:
            server = EmbeddedPostgres(directory, candidates=[account])
            server.start()
        except ConfigurationError as refused:
            if refused.code != "no-account-for-postgres":
                raise
            pytest.skip(f"this machine does not allow {account.name}")
        inspect(server)


def inspect(server: EmbeddedPostgres) -> None:
    with server, psycopg.connect(server.dsn) as connection:
        assert ("on",) == connection.execute("show fsync").fetchone()
        pid = postmaster_pid(server.directory)
        assert 0 != effective_uid_inside(pid)
    assert not serves(pid, server.directory / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="every other test then is this one")
def test_a_normal_user_runs_it_as_itself(directory: Path) -> None:
    command = ["unshare", "-U", "--map-user=1000", "--map-group=1000", sys.executable, "-m", "local.postgres"]
    if subprocess.run([*command[:4], "true"], check=False).returncode:
        pytest.skip("this machine does not allow user namespaces")
    with subprocess.Popen([*command, "--data", str(directory), "--port", "0"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"ready postgres ")
        process.terminate()

        assert 0 == process.wait(20)


def effective_uid_inside(pid: int) -> int:
    """The uid as the process itself sees it, its user namespace applied."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    outside = int(next(line for line in status if line.startswith("Uid:")).split()[2])
    for line in Path(f"/proc/{pid}/uid_map").read_text().splitlines():
        inside_start, outside_start, count = map(int, line.split())
        if outside_start <= outside < outside_start + count:
            return inside_start + outside - outside_start
    return outside


def test_without_any_account_the_refusal_says_what_to_do(directory: Path) -> None:
    nowhere = Account("nobody at all", ("false",))

    with pytest.raises(ConfigurationError, match="choose a data directory that other accounts can reach"):
        EmbeddedPostgres(directory, candidates=[nowhere]).start()
