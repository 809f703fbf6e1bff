"""Every fault that a soak knows, by name: what it says of itself and what it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from local.soak import bus
from local.soak.schedule import Strike
from local.soak.site import (
    API,
    BUS,
    BUS_PROGRAM,
    DESTINATION_PROGRAM,
    DESTINATIONS,
    HOST_PROGRAM,
    LEASE_SECONDS,
    LEDGER,
    LEDGER_PROGRAM,
    Site,
)

_MISBEHAVIOUR_SECONDS = 2.0
_SILENCE_SECONDS = 7.0  # longer than the destinations' time-outs in the partner files
JUMP_SECONDS: Final = 25.0  # below what a token's times may be off
CLOCK_JUMPS: Final = "clock-jumps"
_SHORT_LOCK_SECONDS = 2
_LOSSES = 4


@dataclass(frozen=True, slots=True)
class Fault:
    """What is struck, in one sentence; `strike` returns when it is over, with what it came to."""

    sentence: str
    strike: Callable[[Site, Strike], str]


def _kill(program: str) -> Callable[[Site, Strike], str]:
    return lambda site, _: site.kill(program)


def _destinations(
    mode: str, seconds: float = _MISBEHAVIOUR_SECONDS, delay: float = 2.0
) -> Callable[[Site, Strike], str]:
    return lambda site, _: site.order(mode, seconds, delay)


def _cut_lines(site: Site, _: Strike) -> str:
    cut = {name: site.lines[name].cut() for name in (API, LEDGER, BUS, DESTINATIONS)}
    time.sleep(0.2)  # into what is opened anew
    for name in cut:
        cut[name] += site.lines[name].cut()
    return "connections reset: " + ", ".join(f"{name} {number}" for name, number in cut.items())


def _lose_answers(site: Site, _: Strike) -> str:
    # The simple query by which a client commits; then an answer to any POST.
    site.lines[LEDGER].lose_answers(b"COMMIT", _LOSSES)
    site.lines[API].lose_answers(b"POST /api/v1/partners/", _LOSSES)
    site.lines[DESTINATIONS].lose_answers(b"POST ", _LOSSES)
    time.sleep(_MISBEHAVIOUR_SECONDS)
    for name in (LEDGER, API, DESTINATIONS):
        site.lines[name].lose_answers(b"", 0)
    return f"up to {_LOSSES} answers each lost after a commit, an accepted message and a delivery"


def _lose_locks(site: Site, _: Strike) -> str:
    told = site.shorten_locks(_SHORT_LOCK_SECONDS)
    return f"{told}; {site.stop(HOST_PROGRAM, _SHORT_LOCK_SECONDS + 1.0)}"


def _jump(site: Site, strike: Strike) -> str:
    seconds = JUMP_SECONDS if int(strike.at * 1000) % 2 else -JUMP_SECONDS
    return f"{site.skew(seconds, _MISBEHAVIOUR_SECONDS)}; {site.skew(-seconds, _MISBEHAVIOUR_SECONDS)}"


FAULTS: Mapping[str, Fault] = MappingProxyType({
    "kill-host": Fault("kill -9 of the functions host", _kill(HOST_PROGRAM)),
    "kill-bus": Fault("kill -9 of the broker", _kill(BUS_PROGRAM)),
    "kill-ledger": Fault("kill -9 of PostgreSQL", _kill(LEDGER_PROGRAM)),
    "kill-destination": Fault("kill -9 of the destinations", _kill(DESTINATION_PROGRAM)),
    "connection-resets": Fault("every connection is reset, twice", _cut_lines),
    "lost-acks": Fault("answers are lost after the commit: of the ledger, to senders, of destinations", _lose_answers),
    "destination-5xx": Fault("every destination answers 503", _destinations("down")),
    "destination-429": Fault("every destination answers 429", _destinations("throttle")),
    "destination-time-outs": Fault(
        "no destination answers in time", _destinations("silent", delay=_SILENCE_SECONDS)
    ),
    "destination-partial": Fault("destinations break off half-way, undo and answer 500", _destinations("broken")),
    "destination-lost-answers": Fault("destinations do the work and answer 503", _destinations("lost-answer")),
    "destination-cuts": Fault("destinations do the work and break the connection", _destinations("cut")),
    "destination-slow-loris": Fault("destinations answer a byte at a time", _destinations("drip")),
    "bus-disorder": Fault(
        "hints are doubled and reordered", lambda site, strike: bus.disorder(site.platform, int(strike.at), 3.0)
    ),
    "lock-loss": Fault("locks on the bus run out while functions run", _lose_locks),
    "bus-store-deleted": Fault("the broker's whole store is deleted", lambda site, _: site.lose_bus_store()),
    "disk-full": Fault(
        "the host can write no file, the archive's among them",
        lambda site, _: site.fill_disk(HOST_PROGRAM, _MISBEHAVIOUR_SECONDS),
    ),
    CLOCK_JUMPS: Fault("the host's clock jumps, both ways", _jump),
    "wedged-function": Fault(
        "the host stands still for longer than its leases",
        lambda site, _: site.stop(HOST_PROGRAM, LEASE_SECONDS + 1.0),
    ),
    "poison": Fault("messages that nobody can read are put on the bus", lambda site, _: bus.poison(site.platform)),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that struck, from when to when (unix seconds), and what came of it."""

    fault: str
    began: float
    ended: float
    note: str


def strike(site: Site, due: Strike) -> Struck:
    """Let a fault strike; return when it is over."""
    began = time.time()
    note = FAULTS[due.fault].strike(site, due)
    return Struck(due.fault, began, time.time(), note)
