"""What a soak came to, in words and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from cli.soak.run import Order, Told
from local.soak.judge import BOOKS, Verdict, judge, repetitions

_SHOWN = 10


def verdict_of(told: Told) -> Verdict:
    """Return the findings."""
    codes = {one.posting.sequence: one.answer.code for one in told.sent}
    answers = [(errand, codes[errand.posting.sequence]) for errand in told.errands]
    return judge(answers, told.evidence, told.struck)


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
        "posting_seconds": round(told.posting_seconds, 1),
        "seconds": round(told.seconds, 1),
        "messages_per_second": round(len(told.sent) / told.seconds, 2),
        "in_flight": told.in_flight,
        "faults": dict(sorted(Counter(one.fault for one in told.struck).items())),
    }


def write_json(file: Path, order: Order, told: Told, verdict: Verdict) -> None:
    """Write numbers, faults and findings."""
    struck = [{"fault": one.fault, "began": one.began, "ended": one.ended, "note": one.note} for one in told.struck]
    content = {**facts_of(order, told), "struck": struck, "verdict": verdict}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def lines_of(order: Order, told: Told, verdict: Verdict) -> list[str]:
    """Return the report, one line each."""
    facts = facts_of(order, told)
    answers = ", ".join(f"{count} {code}" for code, count in facts["answers"].items())
    lines = [
        f"{facts['messages']} messages: {answers}; {facts['posted_again']} posted again;"
        f" answered in {facts['answered_ms']['median']} ms (median), {facts['answered_ms']['p99']} ms (p99)",
        f"{facts['arrivals']} requests and {len(told.evidence.files)} files at the destinations, {facts['effects']}"
        f" effects, {facts['repeated_where_allowed']} repetitions where keys are not honoured;"
        f" {facts['merges']} merges",
        f"{len(told.struck)} faults in {facts['posting_seconds']:.0f} s, quiet after {facts['seconds']:.0f} s:"
        f" {facts['messages_per_second']} messages/s through the whole chain",
    ]
    if told.in_flight:
        lines.append(f"not quiet when the patience was at its end: {told.in_flight} in flight")
    for book in BOOKS:
        found = verdict[book]
        lines.append(f"{book:>9}: {len(found)}")
        lines += [f"           {finding}" for finding in found[:_SHOWN]]
    return lines
