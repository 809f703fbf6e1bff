"""The table by code and flow, and the class where it is silent (D03)."""

from __future__ import annotations

import pytest

from shared.delivery.disposition import TABLE, Disposition, disposition_of
from shared.errors import ConfigurationError, IntegrationError, RejectedError, ReviewNeededError, TransientError


@pytest.mark.parametrize(
    ("error", "flow", "expected"),
    [
        (RejectedError("destination-refused"), "delivery", Disposition.QUARANTINE),
        (ReviewNeededError("partly-superseded"), "lab-results", Disposition.REVIEW),
        (TransientError("destination-unavailable"), "delivery", Disposition.RETRY),
        (ConfigurationError("setting-missing"), "delivery", Disposition.RETRY),
        (ReviewNeededError("archive-altered"), "lab-results", Disposition.ESCALATE),
        (RejectedError("archive-missing"), "delivery", Disposition.ESCALATE),
        (RejectedError("conversion-missing"), "delivery", Disposition.ESCALATE),
        (RejectedError("conversion-missing"), "lab-results", Disposition.QUARANTINE),
        (TransientError("unexpected-error"), "lab-results", Disposition.RETRY),
        (ReviewNeededError("unexpected-error"), "lab-results", Disposition.ESCALATE),
    ],
)
def test_a_failure_leads_where_the_table_says(error: IntegrationError, flow: str, expected: Disposition) -> None:
    assert expected == disposition_of(error, flow)


def test_the_table_overrules_a_class_and_never_sends_to_where_the_class_sends_anyway() -> None:
    assert Disposition.RETRY not in TABLE.values()
    assert Disposition.QUARANTINE not in TABLE.values()
