"""The loop over one stream: enter, run the use case, commit, go on."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from shared.errors import ConfigurationError, IntegrationError, RejectedError, ReviewNeededError, TransientError
from shared.ledger import Entry, Hint, Later, LeaseLostError
from shared.ledger_ports import Transaction
from shared.pipeline import gates
from shared.pipeline.entrance import Following, enter, finish, proceed
from shared.pipeline.failures import account_for_crash, dispose
from shared.pipeline.stage import Outcome, Stage, Work
from shared.ports import Ports
from shared.structured_log import log_event
from shared.trace_context import span_id_of

_log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_ENTRIES = 100
"""How many entries of one stream a worker works off before it gives the stream back."""

_MAX_TAKEOVERS = 5


def drain(stage: Stage, stream_id: int, ports: Ports) -> None:
    """Work off the stream until it is empty, not yet due, held, parked, another step's, or long enough in hand."""
    with suppress(LeaseLostError):  # then another worker has it
        work = enter(stage, stream_id, ports)
        for _ in range(MOST_ENTRIES):
            if work is None:
                return
            lease = work.lease
            work = proceed(stage, lease, _work_on(stage, work, ports), ports)
        if work is not None:
            with ports.ledger.transaction() as tx:
                give_back(tx, work)


def stream_of(hint: bytes) -> int:
    """Return the stream that a hint's body names; RejectedError `hint-invalid`, so that it ends as residue."""
    try:
        return int(json.loads(hint)["stream"])
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedError("hint-invalid", text="the hint names no stream") from error


def attempt(stage: Stage, work: Work, ports: Ports) -> Outcome:
    """Run the use case; ReviewNeededError `worker-lost` for an entry that no worker survives."""
    if work.lease.takeovers >= _MAX_TAKEOVERS:
        raise ReviewNeededError("worker-lost", text="every worker that took this on vanished")
    return stage.use_case(work, ports)


def commit(stage: Stage, work: Work, outcome: Outcome, ports: Ports) -> Following:
    """Record what was decided and the entry's end, under the stream's fence; return what the stream goes on with."""
    with ports.ledger.transaction() as tx:
        tx.streams.confirm(work.lease)
        entry = record(tx, stage, work, outcome, ports)
        look = tx.gates.look_again(work.lease.stream_id) if stage.book == "deliveries" else None
    return Following(entry(), look() if look else None)


def record(tx: Transaction, stage: Stage, work: Work, outcome: Outcome, ports: Ports) -> Later[Entry | None]:
    """Write what was decided, its hop and the entry's end, in a commit that has confirmed the lease."""
    outcome.write(tx)
    tx.lineage.add(replace(outcome.hop, parent_span=span_id_of(work.entry.traceparent)), work.actor)
    return finish(tx, stage, work.lease, work.entry, ports)


def accounted(stage: Stage, work: Work, ports: Ports, act: Callable[[], T]) -> T | None:
    """
    Return what `act` gives, or None when it failed in a way that is recorded now.

    An unknown exception is put on the entry's account and propagates.
    """
    try:
        return act()
    except LeaseLostError:
        log_event(_log, logging.WARNING, "lease lost", function=stage.step.function, stream_id=work.lease.stream_id)
    except ConfigurationError as error:  # ours to mend: it heals with the setting, so nobody's stream is parked
        dispose(stage, work, TransientError(error.code, error.location, error.text), ports)
    except IntegrationError as error:
        dispose(stage, work, error, ports)
    except Exception:
        account_for_crash(stage, work, ports)
        raise
    return None


def give_back(tx: Transaction, work: Work) -> None:
    """Release the stream with its head where it is, and have somebody go on with it."""
    tx.streams.confirm(work.lease)
    tx.streams.release(work.lease)
    tx.hints.append(Hint(work.lease.stream_id, work.entry.function, work.entry.traceparent))


def _work_on(stage: Stage, work: Work, ports: Ports) -> Following:
    def act() -> tuple[Following, bool]:
        outcome = attempt(stage, work, ports)
        return commit(stage, work, outcome, ports), outcome.sent

    done = accounted(stage, work, ports, act)
    if done is None:
        return Following(None)
    following, sent = done
    gates.answered(work, ports, sent=sent)
    return following
