"""A big file is held against the same traffic without it, percentile by percentile."""

from __future__ import annotations

import pytest

from bench.batch import ratio
from bench.open_loop import latency_row


def test_each_percentile_beside_the_file_is_held_against_the_same_one_alone() -> None:
    alone, beside = [float(ms) for ms in range(1, 101)], [float(2 * ms) for ms in range(1, 101)]

    assert [2.0, 2.0, 2.0] == [ratio(beside, alone, share) for share in (0.5, 0.95, 0.99)]


def test_a_row_tells_how_many_and_how_long() -> None:
    row = latency_row("alone", [float(ms) for ms in range(1, 101)])

    assert ("alone", 100) == (row["what"], row["messages"])
    assert [50, 95, 99] == pytest.approx([row["ms p50"], row["ms p95"], row["ms p99"]], abs=1)
