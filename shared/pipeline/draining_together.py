"""
Several streams in one commit, for steps that ask nobody outside: what they decide is written together.

Each stream keeps its own lease, order and fence. What one of them fails at is its own: a failed attempt is recorded
for it alone, and when the common commit cannot be made each stream commits by itself (invariant 14).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial

from shared.errors import IntegrationError, RejectedError, TransientError
from shared.ledger import Lease, LeaseLostError
from shared.pipeline.draining import MOST_ENTRIES, accounted, attempt, commit, drain, give_back, record, stream_of
from shared.pipeline.entrance import Following, enter_together, proceed
from shared.pipeline.failures import dispose
from shared.pipeline.stage import Outcome, Stage, Work
from shared.ports import Ports
from shared.structured_log import log_event

_log = logging.getLogger(__name__)

# After this part of their leases' time what is decided is committed, and the rest given back.
_PATIENCE = 0.25


def drain_hints(stage: Stage, hints: Iterable[bytes], ports: Ports) -> None:
    """
    Work off the streams that the hints name; a defect propagates when the others are done.

    RejectedError `hint-invalid` for a hint that names none, so that it ends as residue.
    """
    stream_ids, unreadable = [], None
    for hint in hints:
        try:
            stream_ids.append(stream_of(hint))
        except RejectedError as error:
            unreadable = error
    wanted = list(dict.fromkeys(stream_ids))
    if len(wanted) == 1:
        drain(stage, wanted[0], ports)
    elif wanted:
        _drain_together(stage, wanted, ports)
    if unreadable is not None:
        raise unreadable


def _drain_together(stage: Stage, stream_ids: Sequence[int], ports: Ports) -> None:
    works, defects = enter_together(stage, stream_ids, ports), list[Exception]()
    try:
        for _ in range(MOST_ENTRIES):
            if not works:
                break
            works = _round(stage, works, ports, defects)
    finally:  # whatever happened, nobody waits for a lease to run out; a hint too many changes nothing
        _return(works, ports)
    if defects:
        raise defects[0]


def _round(stage: Stage, works: list[Work], ports: Ports, defects: list[Exception]) -> list[Work]:
    """Try one entry of each stream and commit what was decided; return what the streams go on with."""
    began, decided, untried = ports.clock(), list[tuple[Work, Outcome]](), list[Work]()
    for work in works:
        if ports.clock() - began > ports.lease * _PATIENCE:
            untried.append(work)
            continue
        try:
            outcome = accounted(stage, work, ports, partial(attempt, stage, work, ports))
        except IntegrationError:  # the ledger is away, for the others too
            raise
        except Exception as defect:  # noqa: BLE001 -- on this entry's account; the others are not to suffer
            defects.append(defect)
        else:
            if outcome is not None:
                decided.append((work, outcome))
    following = _committed(stage, decided, ports, defects)
    _return(untried, ports)
    going_on = (proceed(stage, lease, goes_on, ports) for lease, goes_on in following)
    return [work for work in going_on if work is not None]


def _committed(
    stage: Stage, decided: list[tuple[Work, Outcome]], ports: Ports, defects: list[Exception]
) -> list[tuple[Lease, Following]]:
    if len(decided) > 1:
        try:
            return _commit_together(stage, decided, ports)
        except TransientError as error:
            if error.code == "ledger-unavailable":  # the commit may have been made: nothing is written twice
                for work, _ in decided:
                    with suppress(LeaseLostError):
                        dispose(stage, work, error, ports)
                return []
        except Exception as error:  # noqa: BLE001 -- which stream it was, its own commit tells
            log_event(_log, logging.INFO, "committed one by one", error_type=type(error).__name__)
    following = []
    for work, outcome in decided:
        try:
            goes_on = accounted(stage, work, ports, partial(commit, stage, work, outcome, ports))
        except IntegrationError:
            raise
        except Exception as defect:  # noqa: BLE001 -- as above
            defects.append(defect)
        else:
            following.append((work.lease, goes_on or Following(None)))
    return following


def _commit_together(stage: Stage, decided: list[tuple[Work, Outcome]], ports: Ports) -> list[tuple[Lease, Following]]:
    with ports.ledger.transaction() as tx:
        for work, _ in decided:  # in the order of their numbers, as every worker locks them
            tx.streams.confirm(work.lease)
        closing = [(work.lease, record(tx, stage, work, outcome, ports)) for work, outcome in decided]
    return [(lease, Following(entry())) for lease, entry in closing]


def _return(works: Iterable[Work], ports: Ports) -> None:
    for work in works:
        with suppress(LeaseLostError, TransientError), ports.ledger.transaction() as tx:
            give_back(tx, work)
