"""
The verdict: what was posted held against what the destinations got and did; Corridor's own records are not looked at.

    lost         acknowledged, and not at a destination that must hear of it
    doubled      an effect twice: under two keys, or one key acted on twice where keys are honoured; where they are
                 not, a repetition is allowed with the same key around an injected fault
    strays       at a destination that must not hear of it: refused, held, outdated or another's
    disorder     later news about a person before earlier ones, at one destination; what waits in vain, not waiting
    merges       two numbers that are one person, and the record does not say so
    refusals     an answer to a sender, or of a destination, that nothing explains
    phi          what may stand in no log, on no bus, in no dead letter
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from local.destinations.arrivals import Arrival
from local.soak.evidence import Effect, Merged, destination_of, mark_of
from local.soak.faults import Struck
from local.soak.order import Answered, Waits, disorder
from local.soak.partners import PLAIN
from local.soak.traffic import Errand

BOOKS: Final = ("lost", "doubled", "strays", "disorder", "merges", "refusals", "phi")
Verdict = dict[str, list[str]]

_THROTTLED = 429
# How long after a fault its consequences reach: a recovery, a time-out, a back-off.
_AFTERMATH_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything from outside: raw arrivals, effects in their order, the registry's files, merges, leaks."""

    arrivals: Sequence[Arrival]
    effects: Sequence[Effect]
    files: Sequence[tuple[Effect, str]]
    merges: Mapping[str, Merged]
    leaks: Sequence[str]


def judge(answers: Sequence[Answered], evidence: Evidence, faults: Sequence[Struck]) -> Verdict:
    """Return every finding by its book."""
    told = _told(evidence)
    errands = {one.errand.posting.mark: one.errand for one in answers if _accepted(one.errand)}
    waits = waits_of(answers, evidence, faults)
    return {
        "lost": list(_lost(errands, told, waits)),
        "doubled": [*_doubled(told, evidence), *_repeated(evidence, faults)],
        "strays": list(_strays(errands, told)),
        "disorder": list(disorder(errands, told, waits)),
        "merges": list(_unmerged(errands, evidence)),
        "refusals": [*_refused(answers), *_refused_there(evidence)],
        "phi": list(evidence.leaks),
    }


def waits_of(answers: Sequence[Answered], evidence: Evidence, faults: Sequence[Struck]) -> Waits:
    """Return how long each message of a disordered stay was on its way to each destination."""
    landed: dict[str, dict[str, float]] = defaultdict(dict)
    for arrival in evidence.arrivals:
        landed[destination_of(arrival)].setdefault(mark_of(arrival.body), arrival.at)
    for file, mark in evidence.files:
        landed[file.destination].setdefault(mark, file.at)
    return Waits([one for one in answers if _accepted(one.errand)], landed, faults)


def _accepted(errand: Errand) -> bool:
    return errand.posting.expect.verdict == "accepted"


def _told(evidence: Evidence) -> dict[str, dict[str, list[str]]]:
    """Return, per destination, each mark with the keys under which it took effect, in the order of the first."""
    # A request that was cut before its body says nothing; a whole one of the same delivery came before or came again.
    marks = {arrival.key: mark for arrival in evidence.arrivals if arrival.key and (mark := mark_of(arrival.body))}
    seen = [(effect, marks.get(effect.key, "")) for effect in evidence.effects] + list(evidence.files)
    told: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for effect, mark in seen:
        keys = told[effect.destination].setdefault(mark or f"key {effect.key}", [])
        if effect.key not in keys:
            keys.append(effect.key)
    return told


def _lost(errands: Mapping[str, Errand], told: Mapping[str, Mapping[str, object]], waits: Waits) -> Iterator[str]:
    for mark, errand in errands.items():
        if waits.explain(errand) and not any(mark in told.get(destination, {}) for destination in errand.due):
            continue  # a later message stopped waiting for it, and nothing is left of it to say
        for destination in sorted(errand.due - errand.replaceable):
            if mark not in told.get(destination, {}):
                yield f"{mark} is not at {destination}"


def _doubled(told: Mapping[str, Mapping[str, list[str]]], evidence: Evidence) -> Iterator[str]:
    for destination, marks in sorted(told.items()):
        yield from (f"{mark} {len(keys)} times at {destination}" for mark, keys in marks.items() if len(keys) > 1)
    written: set[Effect] = set()
    for effect in evidence.effects:
        once = Effect(effect.destination, effect.key, effect.target, 0.0)
        if effect.destination != PLAIN and once in written:
            yield f"{effect.target} written again under {effect.key} at {effect.destination}"
        written.add(once)


def repetitions(evidence: Evidence) -> Iterator[tuple[str, float, float]]:
    """Yield what the destination without deduplication did again: the key, when it came before, when it came again."""
    done = Counter(effect.key for effect in evidence.effects if effect.destination == PLAIN)
    before: dict[str, float] = {}
    for arrival in evidence.arrivals:
        if done[arrival.key] > 1 and destination_of(arrival) == PLAIN:
            if arrival.key in before:
                yield arrival.key, before[arrival.key], arrival.at
            before[arrival.key] = arrival.at


def _repeated(evidence: Evidence, faults: Sequence[Struck]) -> Iterator[str]:
    for key, first, again in repetitions(evidence):
        if not any(fault.began <= again and first <= fault.ended + _AFTERMATH_SECONDS for fault in faults):
            yield f"{key} again at {PLAIN}, and no fault was near"


def _strays(errands: Mapping[str, Errand], told: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    for destination, marks in sorted(told.items()):
        for mark in marks:
            if mark not in errands or destination not in errands[mark].due:
                yield f"{mark} is at {destination}"


def _unmerged(errands: Mapping[str, Errand], evidence: Evidence) -> Iterator[str]:
    for mark, errand in errands.items():
        if errand.merge is None:
            continue
        found = evidence.merges.get(mark)
        if found is None or len(found.active) != 1:
            yield f"{mark}: the surviving number has {len(found.active) if found else 0} patients, not 1"
        elif set(found.of_retired) - set(found.active):
            yield f"{mark}: the retired number still has a patient of its own"
        elif found.visit_of not in found.active:
            yield f"{mark}: the visit is not the survivor's"


def _refused(answers: Iterable[Answered]) -> Iterator[str]:
    for errand, code, _ in answers:
        posting, must = errand.posting, errand.posting.expect.acknowledgment
        if code != must if must else not code.startswith("HTTP 4"):
            yield f"{posting.mark or posting.sequence} of {posting.partner}: answered {code}, not {must or 'HTTP 4xx'}"


def _refused_there(evidence: Evidence) -> Iterator[str]:
    for arrival in evidence.arrivals:
        if 400 <= arrival.status < 500 and arrival.status != _THROTTLED:
            yield f"{mark_of(arrival.body) or arrival.key}: {destination_of(arrival)} answered {arrival.status}"
