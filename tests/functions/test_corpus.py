"""Every ORU message of the public corpora is accepted or refused with a reason; none crashes, none vanishes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from functions.intake.use_case import Submission, receive_hl7v2
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from shared.adapters.memory import RecordedHints
from shared.adapters.postgres_books import read_books
from shared.authorization import Principal
from shared.errors import RejectedError
from shared.formats.hl7v2.parse import split_batch
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS

CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
RIVERSIDE = Principal("riverside-lab", "riverside-lab", frozenset({"message.send"}))

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder"
)


def results() -> Iterator[bytes]:
    for file in sorted(CORPUS.rglob("*.hl7")):
        content = file.read_bytes()
        if b"ORU^R01" not in content:
            continue
        try:
            yield from split_batch(content)
        except RejectedError:
            yield content


def test_every_result_of_the_corpora_has_exactly_one_outcome(
    ports: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    desk = replace(ports, partners=PARTNERS, max_body_bytes=100_000_000)
    posted = list(results())
    problems = 0
    for payload in posted:
        try:
            receive_hl7v2(Submission("riverside-lab", payload, "text/plain", start_trace()), RIVERSIDE, desk)
        except RejectedError:
            problems += 1
    stages = {stage.step.function: stage for stage in (PROCESS, DETECT_CRITICAL)}
    for hint in hints.take():
        drain(stages[hint.function], hint.stream_id, desk)

    books = read_books(ledger_url)
    with psycopg.connect(ledger_url) as connection:
        statuses = Counter(dict(connection.execute("select status, count(*) from message group by 1").fetchall()))
        unexplained = connection.execute(
            "select count(*) from message where status in ('rejected', 'quarantined') and status_code is null"
        ).fetchone()
        behind = connection.execute(
            "select count(*) from message m where status = 'received' and not exists ("
            "select 1 from entry e join entry p using (stream_id)"
            " where e.message_id = m.message_id and p.status = 'parked' and p.seq < e.seq)"
        ).fetchone()
    assert len(posted) == statuses.total()
    assert problems <= statuses["rejected"]
    assert (0,) == unexplained
    assert (0,) == behind
    assert books.balance
    assert {"processed", "rejected", "quarantined", "duplicate", "received"} >= set(statuses)
    assert statuses["processed"]
