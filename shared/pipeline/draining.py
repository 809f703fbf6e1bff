"""The loop over one stream: enter, run the use case, commit, go on."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import replace

from shared.errors import ConfigurationError, IntegrationError, RejectedError, ReviewNeededError, TransientError
from shared.ledger import Entry, Hint, LeaseLostError
from shared.pipeline import gates
from shared.pipeline.entrance import enter, finish, proceed
from shared.pipeline.failures import account_for_crash, dispose
from shared.pipeline.stage import Outcome, Stage, Work
from shared.ports import Ports
from shared.structured_log import log_event
from shared.trace_context import span_id_of

_log = logging.getLogger(__name__)

_MAX_TAKEOVERS = 5
_ENTRIES_PER_DRAIN = 100


def drain(stage: Stage, stream_id: int, ports: Ports) -> None:
    """Work off the stream until it is empty, not yet due, held, parked, another step's, or long enough in hand."""
    with suppress(LeaseLostError):  # then another worker has it
        work = enter(stage, stream_id, ports)
        for _ in range(_ENTRIES_PER_DRAIN):
            if work is None:
                return
            lease = work.lease
            work = proceed(stage, lease, _work_on(stage, work, ports), ports)
        if work is not None:
            with ports.ledger.transaction() as tx:
                tx.streams.confirm(work.lease)
                tx.streams.release(work.lease)
                tx.hints.append(Hint(stream_id, work.entry.function, work.entry.traceparent))


def stream_of(hint: bytes) -> int:
    """Return the stream that a hint's body names; RejectedError `hint-invalid`, so that it ends as residue."""
    try:
        return int(json.loads(hint)["stream"])
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedError("hint-invalid", text="the hint names no stream") from error


def _work_on(stage: Stage, work: Work, ports: Ports) -> Entry | None:
    try:
        outcome = _attempt(stage, work, ports)
        with ports.ledger.transaction() as tx:
            tx.streams.confirm(work.lease)
            outcome.write(tx)
            tx.lineage.add(replace(outcome.hop, parent_span=span_id_of(work.entry.traceparent)), work.actor)
            following = finish(tx, stage, work.lease, work.entry, ports)
    except LeaseLostError:
        log_event(_log, logging.WARNING, "lease lost", function=stage.step.function, stream_id=work.lease.stream_id)
        return None
    except ConfigurationError as error:  # ours to mend: it heals with the setting, so nobody's stream is parked
        dispose(stage, work, TransientError(error.code, error.location, error.text), ports)
        return None
    except IntegrationError as error:
        dispose(stage, work, error, ports)
        return None
    except Exception:
        account_for_crash(stage, work, ports)
        raise
    gates.answered(work, ports, sent=outcome.sent)
    return following()


def _attempt(stage: Stage, work: Work, ports: Ports) -> Outcome:
    if work.lease.takeovers >= _MAX_TAKEOVERS:
        raise ReviewNeededError("worker-lost", text="every worker that took this on vanished")
    return stage.use_case(work, ports)
