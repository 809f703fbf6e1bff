from __future__ import annotations

import pytest

from shared.trace_context import child_of, span_id_of, start_trace, trace_id_of

THEIRS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_callers_trace_goes_on_under_a_span_of_ours() -> None:
    ours = start_trace(THEIRS)

    assert trace_id_of(THEIRS) == trace_id_of(ours)
    assert span_id_of(THEIRS) != span_id_of(ours)
    assert trace_id_of(ours) == trace_id_of(child_of(ours))


@pytest.mark.parametrize(
    "wrong", [None, "", "nonsense", THEIRS.upper(), THEIRS.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32)]
)
def test_a_trace_that_is_none_is_replaced(wrong: str | None) -> None:
    ours = start_trace(wrong)

    assert 55 == len(ours)
    assert trace_id_of(ours) != "0" * 32
