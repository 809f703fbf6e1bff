"""
Timer schedules: NCRONTAB with six or five fields, seconds first, or a TimeSpan.

Times are UTC. A day of month and a day of week both have to match, as in NCrontab (and unlike cron).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from croniter import croniter

from local.functions_host.settings import time_span
from shared.errors import ConfigurationError

Schedule = Callable[[datetime], datetime]


def parse_schedule(text: str) -> Schedule:
    """Return a function from an instant to the next occurrence; a ConfigurationError if `text` is unreadable."""
    period = time_span(text)
    if period is not None:
        if period <= timedelta():
            raise ConfigurationError("schedule-invalid", text, f"the period {text} must be positive")
        return lambda instant: instant + period
    expression = text if len(text.split()) == 6 else f"0 {text}"
    if len(expression.split()) != 6 or not croniter.is_valid(expression, second_at_beginning=True):
        raise ConfigurationError("schedule-invalid", text, f"the schedule {text!r} is neither NCRONTAB nor TimeSpan")
    return lambda instant: _next_of(expression, instant)


def _next_of(expression: str, instant: datetime) -> datetime:
    following: datetime = croniter(expression, instant, second_at_beginning=True, day_or=False).get_next(datetime)
    return following
