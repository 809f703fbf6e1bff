"""
Times that another instance has written, by a clock that may be wrong.

Instances differ by moments, and who is a little ahead is waited for. What lies further ahead than any of our pauses
was written by a clock gone wrong, which has been put right since: nobody waits a day for that.
"""

from __future__ import annotations

from datetime import datetime, timedelta

FAR_AHEAD = timedelta(minutes=15)
"""More than the longest back-off, pause or patience."""


def is_to_come(moment: datetime | None, now: datetime) -> bool:
    """Tell whether `moment` is still to come, by a clock that can be believed."""
    return moment is not None and now < moment <= now + FAR_AHEAD
