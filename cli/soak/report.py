"""What a soak came to, in words and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.soak.run import Order, Told
from local.soak.judge import BOOKS, Verdict, judge, repetitions, waits_of
from local.soak.memory import KEEPS
from local.soak.order import Answered

_SHOWN = 10
_MB = 1024 * 1024


def verdict_of(told: Told) -> Verdict:
    """Return the findings."""
    return judge(_answers(told), told.evidence, told.struck)


def _answers(told: Told) -> list[Answered]:
    sent = {one.posting.sequence: one for one in told.sent}
    each = ((errand, sent[errand.posting.sequence]) for errand in told.errands)
    return [Answered(errand, one.answer.code, one.at) for errand, one in each]


def _disorder_of(told: Told) -> dict[str, int]:
    """Return how many came out of order, by what had to come of them, and how many of their stays waited in vain."""
    stays = [one for one in told.errands if one.disordered]
    waits = waits_of(_answers(told), told.evidence, told.struck)
    early = [one for one in stays if one.after]
    return {
        "early": len(early),
        "outdated": sum(1 for one in stays if not one.due),
        "orphans": sum(1 for one in stays if one.after == ""),
        "waited_too_long": sum(1 for one in early if waits.explain(one)),
    }


def facts_of(order: Order, told: Told) -> dict[str, Any]:
    """Return the numbers of a soak."""
    answered = sorted(one.seconds for one in told.sent)
    return {
        "seed": order.seed,
        "rate": order.rate,
        "messages": len(told.sent),
        "posted_again": sum(one.resent for one in told.sent),
        "answers": dict(sorted(Counter(one.answer.code for one in told.sent).items())),
        "answered_ms": {
            "median": round(answered[len(answered) // 2] * 1000),
            "p99": round(answered[int(len(answered) * 0.99)] * 1000),
        },
        "arrivals": len(told.evidence.arrivals),
        "effects": len({(one.destination, one.key) for one in told.evidence.effects}) + len(told.evidence.files),
        "repeated_where_allowed": sum(1 for _ in repetitions(told.evidence)),
        "merges": len(told.evidence.merges),
        "out_of_order": _disorder_of(told),
        "posting_seconds": round(told.posting_seconds, 1),
        "seconds": round(told.seconds, 1),
        "messages_per_second": round(len(told.sent) / told.seconds, 2),
        "in_flight": told.in_flight,
        "memory": _memory_of(told),
        "faults": dict(sorted(Counter(one.fault for one in told.struck).items())),
    }


def _memory_of(told: Told) -> dict[str, dict[str, Any]]:
    """Return what each program held in its longest life, in MB."""
    return {
        name: {
            "lives": told.memory.lives_of(name),
            "seconds": round(trend.seconds),
            "first_quarter_mb": round(trend.first / _MB, 1),
            "last_quarter_mb": round(trend.last / _MB, 1),
            "verdict": "flat" if not trend.grows else "keeps what it is given" if name in KEEPS else "grows",
        }
        for name, trend in sorted(told.memory.trends().items())
    }


def _memory_lines(memory: dict[str, dict[str, Any]]) -> Iterator[str]:
    for name, life in memory.items():
        why = f": {KEEPS[name]}" if life["verdict"] == "keeps what it is given" else ""
        yield (
            f"  memory: {name} {life['first_quarter_mb']:.0f} -> {life['last_quarter_mb']:.0f} MB in a life of"
            f" {life['seconds']} s ({life['lives']} in all), {life['verdict']}{why}"
        )
    if not memory:
        yield "  memory: no program lived long enough to tell"


def write_json(file: Path, order: Order, told: Told, verdict: Verdict) -> None:
    """Write numbers, faults and findings."""
    struck = [{"fault": one.fault, "began": one.began, "ended": one.ended, "note": one.note} for one in told.struck]
    content = {**facts_of(order, told), "struck": struck, "verdict": verdict}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def lines_of(order: Order, told: Told, verdict: Verdict) -> list[str]:
    """Return the report, one line each."""
    facts = facts_of(order, told)
    disorder = facts["out_of_order"]
    answers = ", ".join(f"{count} {code}" for code, count in facts["answers"].items())
    lines = [
        f"{facts['messages']} messages: {answers}; {facts['posted_again']} posted again;"
        f" answered in {facts['answered_ms']['median']} ms (median), {facts['answered_ms']['p99']} ms (p99)",
        f"{facts['arrivals']} requests and {len(told.evidence.files)} files at the destinations, {facts['effects']}"
        f" effects, {facts['repeated_where_allowed']} repetitions where keys are not honoured;"
        f" {facts['merges']} merges",
        f"out of order: {disorder['early']} before what they stand on ({disorder['waited_too_long']} waited too long),"
        f" {disorder['orphans']} in vain, {disorder['outdated']} overtaken",
        f"{len(told.struck)} faults in {facts['posting_seconds']:.0f} s, quiet after {facts['seconds']:.0f} s:"
        f" {facts['messages_per_second']} messages/s through the whole chain",
    ]
    lines += _memory_lines(facts["memory"])
    if told.in_flight:
        lines.append(f"not quiet when the patience was at its end: {told.in_flight} in flight")
    for book in BOOKS:
        found = verdict[book]
        lines.append(f"{book:>9}: {len(found)}")
        lines += [f"           {finding}" for finding in found[:_SHOWN]]
    return lines
