"""
A real PostgreSQL 18 for a laptop and for tests, in one directory, on loopback, with a password.

    with EmbeddedPostgres(directory) as server:
        psycopg.connect(server.dsn)

It never outlives the thread that called `start`: the kernel tells postgres when that thread ends, so start it
from one that lives as long as the server should (the main thread).
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import psycopg

from local.postgres import cluster
from local.postgres.privileges import Account, accounts, choose
from local.postgres.recovery import clear_the_way
from local.private_files import private_directory
from local.supervisor.lock import DirectoryLock
from local.supervisor.log_files import open_log
from local.supervisor.ports import PortTakenError, free_port, require_free
from shared.errors import ConfigurationError

_STILL_IN_USE = "pre-existing shared memory block"


class EmbeddedPostgres:
    """
    One server over one directory, which it makes at the first start and locks while it runs.

    `port` 0 takes any free port, a new one at every start. `settings` go over the configuration of
    `local.postgres.cluster`. Not for several threads at once.
    """

    def __init__(
        self,
        directory: Path | str,
        port: int = 0,
        settings: Mapping[str, str] | None = None,
        candidates: Sequence[Account] | None = None,
        start_timeout: float = 60.0,
    ) -> None:
        self.directory = Path(directory).absolute()
        self.port = port
        self._wanted_port = port
        self._settings = dict(settings or {})
        self._candidates = candidates
        self._start_timeout = start_timeout
        self._lock = DirectoryLock(self.directory, "PostgreSQL")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def dsn(self) -> str:
        """The superuser's URL of the database `postgres`."""
        return self.url()

    @property
    def log_file(self) -> Path:
        """Where the server writes what happened to it; holds no statement and no value."""
        return self.directory / "postgres.log"

    def url(self, database: str = "postgres", user: str = cluster.SUPERUSER, password: str | None = None) -> str:
        """Return the URL of a database; without a password, the superuser's is used."""
        secret = cluster.superuser_password(self.directory) if password is None else password
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> str:
        """
        Return the superuser's URL once the server answers; starting twice changes nothing.

        Raises `ConfigurationError`: the port is taken, the directory in use, or postgres gave up (with its reason).
        """
        if self.is_running():
            return self.dsn
        private_directory(self.directory)
        self._lock.acquire()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self.dsn

    def stop(self, patience: float = 30.0) -> None:
        """End open connections, write a checkpoint and stop; harder when that takes too long. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                if process.poll() is None:
                    process.send_signal(kind)
                try:
                    process.wait(patience)
                    break
                except subprocess.TimeoutExpired:
                    continue
        self._lock.release()

    def is_running(self) -> bool:
        """Tell whether the process lives, ready or not."""
        return self._process is not None and self._process.poll() is None

    def is_ready(self) -> bool:
        """Tell whether the server answers a query."""
        if not self.is_running():
            return False
        try:
            with psycopg.connect(self.dsn, connect_timeout=2) as connection:
                return connection.execute("select 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        candidates = accounts() if self._candidates is None else self._candidates
        account = choose(candidates, self.directory, cluster.binary("postgres"))
        cluster.initialise(self.directory, account)
        clear_the_way(self.directory / "data")
        deadline = time.monotonic() + self._start_timeout
        while True:
            self.port = free_port() if self._wanted_port == 0 else self._wanted_port
            require_free("postgres", self.port)
            self._launch(account)
            reason = self._wait_until_ready(deadline)
            if reason is None:
                return
            if not self._heals(reason) or time.monotonic() > deadline:
                raise ConfigurationError("postgres-did-not-start", str(self.log_file), reason)
            time.sleep(0.1)

    def _launch(self, account: Account) -> None:
        cluster.configure(self.directory, self.port, self._settings)
        with open_log(self.log_file) as log:
            self._log_start = self.log_file.stat().st_size
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                account.command(cluster.binary("postgres"), "-D", self.directory / "data"),
                env=cluster.ENVIRONMENT,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
                # Ctrl-C in a terminal reaches the whole group: who started us decides when we stop.
                process_group=0,
            )

    def _wait_until_ready(self, deadline: float) -> str | None:
        """Return None when the server answers, else its last words."""
        while not self.is_ready():
            if not self.is_running():
                return self._last_words()
            if time.monotonic() > deadline:
                return f"no answer after {self._start_timeout:.0f} seconds"
            time.sleep(0.02)
        return None

    def _last_words(self) -> str:
        with self.log_file.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_start)
            lines = log.read().splitlines()
        fatal = [line.partition("FATAL: ")[2].strip() for line in lines if "FATAL: " in line]
        return (fatal or lines or ["no reason given"])[-1]

    def _heals(self, reason: str) -> bool:
        """Tell whether another attempt can succeed: a lost race for a port, backends that are just ending."""
        if _STILL_IN_USE in reason:
            return True
        try:
            require_free("postgres", self.port)
        except PortTakenError:
            if self._wanted_port:
                raise
            return True
        return False
