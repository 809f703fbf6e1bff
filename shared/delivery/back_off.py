"""When to try again: exponential back-off with full jitter, inside a budget (requirement D03)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    `base` doubles with each attempt up to `cap`; the wait is drawn evenly between nothing and that.

    `budget` counts from the first failure of an entry: once it is spent, a person decides.
    """

    base: timedelta
    cap: timedelta
    budget: timedelta

    def next_attempt(
        self,
        attempts: int,
        first_failed_at: datetime | None,
        now: datetime,
        jitter: Random,
        retry_after: float | None = None,
    ) -> datetime | None:
        """
        Return when to try again after `attempts` failed ones, or None when the budget is spent.

        `retry_after` is the other side's own wish in seconds: never undercut, never beyond the cap.
        """
        if first_failed_at is not None and now - first_failed_at >= self.budget:
            return None
        ceiling = min(self.cap, self.base * 2 ** min(attempts, 30))
        wait: timedelta = ceiling * jitter.random()
        if retry_after is not None:
            wait = max(wait, min(timedelta(seconds=max(retry_after, 0)), self.cap))
        return now + wait
