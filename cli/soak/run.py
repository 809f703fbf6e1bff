"""One soak: the platform with its lines and faults, the senders at their rate, the wait for quiet, the evidence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.demo.sending import Sent, send_day
from cli.partner_client import Access
from local.destinations.arrivals import read_arrivals
from local.platform.layout import Layout, Ports
from local.platform.programs import PARTNERS
from local.platform.running import Platform, running_platform
from local.soak.evidence import read_effects, read_files, read_merges
from local.soak.faults import Struck, strike
from local.soak.judge import Evidence
from local.soak.lines import HOST, Lines
from local.soak.memory import Memory, watched_memory
from local.soak.partners import write_partners
from local.soak.privacy import Leaks
from local.soak.schedule import Strike, plan
from local.soak.site import API, BUS, DESTINATIONS, LEDGER, Site, variation
from local.soak.traffic import Errand, soak_traffic
from local.supervisor.component import Policy
from local.traffic.posting import Posting
from shared.adapters.postgres_books import read_books
from shared.errors import TransientError

# A soak kills on purpose, and often: the supervisor must neither give up nor take its time.
_POLICY = Policy(deaths=100_000, longest_delay=0.5)
_SILENCE_SECONDS = 3.0
_LOOK_EVERY_SECONDS = 0.5
_FAULTS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: `rate` messages a second for so many seconds; `patience` is how long quiet is waited for."""

    rate: float
    seconds: float
    faults: Sequence[str]
    seed: int
    patience: float


@dataclass(frozen=True, slots=True)
class Told:
    """What a soak came to: every answer, every fault, how long the posting and all of it took, what is left over."""

    errands: Sequence[Errand]
    sent: Sequence[Sent]
    struck: Sequence[Struck]
    posting_seconds: float
    seconds: float
    in_flight: int
    evidence: Evidence
    memory: Memory


def run_soak(order: Order, data: Path, port: int, stop: threading.Event, say: Callable[[str], None]) -> Told | None:
    """Run a soak on an empty data folder and return what it came to; None when it was told to stop."""
    errands = soak_traffic(order.seed, round(order.rate * order.seconds))
    leaks = Leaks(errands)
    layout = Layout(data.resolve(), Ports(port))
    partners = write_partners(PARTNERS, layout.folder("partners"))
    ports = layout.ports
    targets = {API: ports.api, LEDGER: ports.postgres, BUS: ports.service_bus, DESTINATIONS: ports.destinations}
    with Lines(targets) as lines:
        varied = variation(layout, lines, partners)
        with running_platform(data, port, _POLICY, unless=stop, variation=varied) as platform:
            if stop.is_set():
                return None
            say(f"Ready at {layout.api_url}: {len(errands)} messages to post")
            told = _live(order, errands, Site(platform, lines, leaks), stop, say)
    if told is not None:
        leaks.look_everywhere(data)  # now that everything is written
    return told


def _live(
    order: Order, errands: Sequence[Errand], site: Site, stop: threading.Event, say: Callable[[str], None]
) -> Told | None:
    began = time.monotonic()
    over = threading.Event()
    strikes = plan(order.seed, order.seconds, order.faults)
    watched = watched_memory(site.platform.supervisor.snapshot, order.seconds)
    with watched as memory, ThreadPoolExecutor(1, thread_name_prefix="faults") as one:
        striking = one.submit(_strike_all, strikes, site, began, over, say)
        try:
            sent = _post(order, errands, site, began, stop)
            posted = time.monotonic() - began
            struck = striking.result()
            say(f"Posted in {posted:.0f} s; waiting for quiet")
            in_flight = _wait_for_quiet(site.platform, order.patience, stop)
        except _StoppedError:
            return None
        finally:
            over.set()
    seconds = time.monotonic() - began
    return Told(errands, sent, struck, posted, seconds, in_flight, _evidence(site, errands), memory)


class _StoppedError(Exception):
    """Somebody has asked for the end."""


def _post(order: Order, errands: Sequence[Errand], site: Site, began: float, stop: threading.Event) -> list[Sent]:
    environment = site.platform.environment
    api_url = f"http://{HOST}:{site.lines[API].port}"

    def access(partner: str) -> Access:
        credentials = environment["partners"][partner]
        return Access(api_url, environment["token_url"], environment["scope"], **credentials)

    def in_time(posting: Posting) -> None:
        if stop.wait(max(0.0, began + posting.sequence / order.rate - time.monotonic())):
            raise _StoppedError

    return send_day([errand.posting for errand in errands], access, lambda _: None, in_time)


def _strike_all(
    strikes: Sequence[Strike], site: Site, began: float, over: threading.Event, say: Callable[[str], None]
) -> list[Struck]:
    """Let every fault strike when it is due, a few at once where they last; return them as they ended."""
    struck: list[Struck] = []

    def one(due: Strike) -> None:
        told = strike(site, due)
        struck.append(told)
        say(f"  {due.at:6.1f} s  {told.fault}: {told.note}")

    pending: list[Future[None]] = []
    with ThreadPoolExecutor(_FAULTS_AT_ONCE, thread_name_prefix="fault") as pool:
        for due in strikes:
            if over.wait(max(0.0, began + due.at - time.monotonic())):
                break
            pending.append(pool.submit(one, due))
    for each in pending:
        each.result()
    return sorted(struck, key=lambda one: one.began)


def _wait_for_quiet(platform: Platform, patience: float, stop: threading.Event) -> int:
    """Return how much the ledger says is in flight once that is nothing, and nothing has arrived for a moment."""
    deadline = time.monotonic() + patience
    in_flight, size, silent_since = -1, -1, 0.0
    while not stop.wait(_LOOK_EVERY_SECONDS):
        with suppress(TransientError):  # the ledger may still be on its way back
            in_flight = read_books(platform.environment["operator_database_url"]).in_flight
        arrived = platform.layout.arrivals.stat().st_size
        if in_flight or arrived != size:
            size, silent_since = arrived, time.monotonic()
        if time.monotonic() - silent_since > _SILENCE_SECONDS or time.monotonic() > deadline:
            return in_flight
    raise _StoppedError


def _evidence(site: Site, errands: Sequence[Errand]) -> Evidence:
    platform = site.platform
    return Evidence(
        arrivals=read_arrivals(platform.layout.arrivals),
        effects=read_effects(platform.environment["destinations_url"]),
        files=read_files(platform.layout.drop_url),
        merges=read_merges(platform, errands),
        leaks=site.leaks.found,
    )
