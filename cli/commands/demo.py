"""`corridor demo`: a hospital's day, on one machine, judged at its end."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.running import DEMO_DATA
from local.platform.layout import DEFAULT_PORT

if TYPE_CHECKING:
    from rich.console import Console

    from cli.demo.sending import Sent
    from local.platform.running import Platform
    from shared.adapters.postgres_books import Books

_MARK = ".demo"


@click.command("demo")
@click.option("--exit", "leave", is_flag=True, help="Stop afterwards: 0 when the day went as it must, 1 when not.")
@click.option(
    "--kill", is_flag=True, help="End the host, the bus and PostgreSQL by kill -9 at three points of the day."
)
@click.option("--messages", default=400, show_default=True, help="How many messages the partners post.")
@click.option("--data", type=click.Path(path_type=Path), default=DEMO_DATA, help="Folder for the day; emptied first.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Port of the API; five more follow it.")
def command(data: Path, port: int, messages: int, *, leave: bool, kill: bool) -> None:
    """
    Start everything, live through a hospital's day of synthetic traffic, and show what became of it.

    Two laboratories post results: preliminary, final, corrected, cancelled, critical, doubled, malformed. The EHR
    goes down for three seconds on the way. At the end the answers, the books and the destinations' own records
    are held against what the day must leave behind.
    """
    from rich.console import Console

    from cli.scratch_folder import empty_folder
    from local.platform.running import running_platform
    from local.supervisor.program import stop_requested

    stop = stop_requested()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    empty_folder(data, _MARK)
    began = time.monotonic()
    console.print("Starting PostgreSQL, Service Bus, issuer, Key Vault, destinations, functions host ...")
    with running_platform(data, port, unless=stop) as platform:
        (data / _MARK).touch(mode=0o600)
        console.print(f"Ready in {time.monotonic() - began:.1f} s at {platform.layout.api_url}")
        faults = [] if stop.is_set() else _live(platform, console, messages, kill=kill)
        if not leave and not stop.is_set():
            console.print("Everything stays up; Ctrl-C stops it.")
            platform.supervisor.wait(stop)
    sys.exit(1 if faults else 0)


def _live(platform: Platform, console: Console, messages: int, *, kill: bool) -> list[str]:
    from cli.commands.reconcile import print_books
    from cli.demo.interruptions import Interruptions
    from cli.demo.judgement import judge
    from cli.demo.observing import read_effects, read_ledger, wait_until_settled
    from cli.demo.progress import Steps
    from cli.demo.sending import send_day
    from cli.partner_client import Access
    from local.traffic.day import hospital_day
    from local.traffic.posting import summary_of

    environment = platform.environment
    postings = hospital_day(messages=messages)
    places = {name: environment[name] for name in ("api_url", "token_url", "scope")}
    interruptions = Interruptions(
        len(postings), environment["destinations_url"], platform.supervisor.snapshot, kill=kill
    )
    with Steps(console) as steps:
        step = steps.begin("Posting the day", len(postings))

        def answered(count: int) -> None:
            step.reach(count)
            interruptions.at(count)

        sent = send_day(postings, lambda partner: Access(**places, **environment["partners"][partner]), answered)
        wait = steps.begin("Working it off", 1)
        books = wait_until_settled(environment["operator_database_url"], wait.remain)
    for line in interruptions.log:
        console.print(f"  {line}")
    ledgered = read_ledger(environment["operator_database_url"])
    faults = judge(sent, summary_of(postings), books, ledgered, read_effects(environment["destinations_url"]))
    _print_answers(console, sent)
    print_books(console, books)
    _print_verdict(console, sent, books, faults, ledgered.critical_tasks, platform)
    return faults


def _print_answers(console: Console, sent: list[Sent]) -> None:
    from collections import Counter

    answers = Counter(one.answer.code for one in sent)
    milliseconds = sorted(one.seconds * 1000 for one in sent)
    text = ", ".join(f"{count} {code}" for code, count in sorted(answers.items()))
    console.print(
        f"{len(sent)} posted: {text}; answered in {milliseconds[len(milliseconds) // 2]:.0f} ms (median),"
        f" {milliseconds[int(len(milliseconds) * 0.99)]:.0f} ms (p99);"
        f" {sum(one.resent for one in sent)} posted again"
    )


def _print_verdict(
    console: Console, sent: list[Sent], books: Books, faults: list[str], tasks: int, platform: Platform
) -> None:
    for fault in faults[:20]:
        console.print(f"  fault: {fault}", style="red")
    if faults:
        console.print(f"The day did not go as it must: {len(faults)} faults.", style="bold red")
    else:
        delivered = sum(line.delivered for line in books.deliveries)
        console.print(
            f"Nothing lost, nothing doubled, every patient in order: {delivered} deliveries, {tasks} critical values"
            " on the worklist.",
            style="bold green",
        )
    example = next((one.answer.message_id for one in sent if one.posting.expect.critical), "ID")
    data = platform.layout.data
    option = "" if data == DEMO_DATA.resolve() else f" --data {shlex.quote(str(data))}"
    console.print("Where to look, while it runs (./corridor up --data FOLDER starts it again)")
    console.print(f"  ./corridor trace {example}{option}", soft_wrap=True)
    console.print(f"  ./corridor reconcile{option}", soft_wrap=True)
    console.print(f"  {platform.layout.fhir_url}/metadata")
    console.print(f"  {data / 'logs'}", soft_wrap=True)
