"""The programs of these tests: the host, the broker, and what they left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

REPOSITORY = Path(__file__).parents[3]
APP = Path(__file__).parent / "app"
DEADLINE = 20.0

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Program:
    process: subprocess.Popen[str]
    port: int
    log: Path

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE)

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]


@contextmanager
def running(arguments: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[Program]:
    with log.open("a") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        assert words[:1] == ["ready"], log.read_text()
        yield Program(process, int(words[2]), log)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()


def eventually(read: Callable[[], Facts], accept: Callable[[Facts], bool], seconds: float = DEADLINE) -> Facts:
    deadline = time.monotonic() + seconds
    while True:
        value = read()
        if accept(value) or time.monotonic() > deadline:
            return value
        time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Hosted:
    """A running host with its client and the facts that the app noted."""

    program: Program
    client: httpx.Client
    seen: Path

    def facts(self, kind: str) -> list[dict[str, Any]]:
        if not self.seen.exists():
            return []
        lines = [json.loads(line) for line in self.seen.read_text().splitlines() if line.endswith("}")]
        return [line for line in lines if kind in line]

    def await_facts(self, kind: str, count: int, seconds: float = DEADLINE) -> list[dict[str, Any]]:
        return eventually(lambda: self.facts(kind), lambda facts: len(facts) >= count, seconds)


@contextmanager
def hosted(directory: Path, environment: Mapping[str, str], app: Path = APP) -> Iterator[Hosted]:
    directory.mkdir(parents=True, exist_ok=True)
    seen = directory / "seen.jsonl"
    settings = {"SEEN": str(seen), "WORK_QUEUE": "work", "TICK": "0 0 0 1 1 *", **environment}
    arguments = ["local.functions_host", str(app), "--port", "0"]
    with (
        running(arguments, directory / "host.log", settings) as program,
        httpx.Client(base_url=f"http://127.0.0.1:{program.port}", timeout=DEADLINE) as client,
    ):
        yield Hosted(program, client, seen)
