from datetime import UTC, datetime, timedelta

import pytest

from local.functions_host.schedules import parse_schedule
from shared.errors import ConfigurationError

FRIDAY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/5 * * * * *", datetime(2026, 1, 2, 3, 4, 10, tzinfo=UTC)),
        ("0 */5 * * * *", datetime(2026, 1, 2, 3, 5, tzinfo=UTC)),
        ("30 4 3 * * *", datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC)),
        ("0 0 6 * * Mon-Wed", datetime(2026, 1, 5, 6, tzinfo=UTC)),
        ("*/5 * * * *", datetime(2026, 1, 2, 3, 5, tzinfo=UTC)),
        ("00:00:30", FRIDAY + timedelta(seconds=30)),
        ("1.00:00:00", FRIDAY + timedelta(days=1)),
        ("24:00:00", FRIDAY + timedelta(days=24)),
    ],
)
def test_the_next_occurrence_follows_the_schedule(text: str, expected: datetime) -> None:
    assert parse_schedule(text)(FRIDAY) == expected


def test_day_of_month_and_day_of_week_must_both_match() -> None:
    assert parse_schedule("0 0 0 13 * Fri")(FRIDAY) == datetime(2026, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "* * *", "61 * * * * *", "* * * * * * *", "00:00:00"])
def test_an_unreadable_schedule_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        parse_schedule(text)
