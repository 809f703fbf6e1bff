"""A platform of its own for measurements: free ports, an empty folder, and senders that count."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

from bench.sender import Sender, partner_sender
from cli.partner_client import Access, Answer, PartnerClient
from local.platform.programs import DATABASE
from local.platform.running import Platform, running_platform
from local.postgres.cluster import superuser_password
from local.supervisor.ports import free_ports_in_a_row
from shared.errors import IntegrationError

PARTNER = "riverside-lab"


class BenchPlatform:
    """Runs from enter to exit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._platform: Platform | None = None
        self._ledger: psycopg.Connection | None = None

    def __enter__(self) -> BenchPlatform:
        self._platform = self._stack.enter_context(running_platform(self._folder, free_ports_in_a_row(7)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def platform(self) -> Platform:
        """The running platform."""
        if self._platform is None:
            raise RuntimeError("the platform runs only inside its block")
        return self._platform

    def access(self, partner: str = PARTNER) -> Access:
        """Return how to post as `partner`."""
        environment = self.platform.environment
        places = {name: environment[name] for name in ("api_url", "token_url", "scope")}
        return Access(**places, **environment["partners"][partner])

    def sender(self) -> Sender:
        """Return who posts small results, and has its token already."""
        return partner_sender(PARTNER, self.access())

    def send_one(self, control_id: str) -> Answer:
        """Post one small result and return its answer."""
        with PartnerClient(PARTNER, self.access()) as client:
            return client.send(small_result(control_id))

    def restart_host_until_acknowledged(self, control_id: str) -> float:
        """End the host, wait until its successor acknowledges a message, and return the seconds from its start."""
        (before,) = [one for one in self.platform.supervisor.snapshot() if one.name == "functions-host"]
        if before.pid is not None:
            os.killpg(before.pid, signal.SIGKILL)
        began = None
        with PartnerClient(PARTNER, self.access()) as client:
            while True:
                (now,) = [one for one in self.platform.supervisor.snapshot() if one.name == "functions-host"]
                if began is None and now.pid not in {None, before.pid}:
                    began = time.perf_counter()
                try:
                    if client.send(small_result(control_id)).is_accepted and began is not None:
                        return time.perf_counter() - began
                except IntegrationError:
                    threading.Event().wait(0.005)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return the rows of a question to the ledger, over one connection: opening one is work for the server."""
        return self.ledger.execute(statement.encode()).fetchall()

    @property
    def ledger(self) -> psycopg.Connection:
        """The superuser's connection to the ledger's database."""
        if self._ledger is None:
            self._ledger = self._stack.enter_context(psycopg.connect(self.superuser_url, autocommit=True))
        return self._ledger

    @property
    def superuser_url(self) -> str:
        """The ledger's database, as whoever may do everything there."""
        layout = self.platform.layout
        password = superuser_password(layout.folder("postgres"))
        return f"postgresql://postgres:{password}@{layout.postgres_address}/{DATABASE}"

    def pids(self) -> dict[str, int]:
        """Return the process of each of the platform's programs."""
        return {one.name: one.pid for one in self.platform.supervisor.snapshot() if one.pid is not None}

    def wait_until_idle(self, patience: float = 300.0) -> None:
        """Return when nothing is owed any more: neither processing nor delivery."""
        deadline = time.monotonic() + patience
        while self.query("SELECT 1 FROM entry LIMIT 1"):
            if time.monotonic() > deadline:
                raise TimeoutError("the messages of the benchmark did not arrive")
            time.sleep(0.05)


def small_result(control_id: str, patient: str = "BENCH-1") -> bytes:
    """Return a small final result of an invented patient, about 600 bytes."""
    return "\r".join(
        (
            f"MSH|^~\\&|LIS|RIVERSIDE|CORRIDOR|HARBOR|20260314102000-0400||ORU^R01^ORU_R01|{control_id}|P|2.5.1",
            f"PID|1||{patient}^^^HARBOR^MR||TESTPATIENT-BENCH^QUILL||19700102|F",
            f"OBR|1|P{control_id}^HARBOR|F{control_id}^RIVERSIDE|24320-4^Basic metabolic panel^LN|||"
            "20260314093000-0400|||||||||||||||20260314101500-0400||CH|F",
            "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F|||20260314093000-0400",
            "OBX|2|NM|2951-2^Sodium^LN||140|mmol/L|136-145|N|||F|||20260314093000-0400",
            "",
        )
    ).encode()
