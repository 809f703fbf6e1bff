"""The lanes of streams: what is kept in order for one patient."""

from __future__ import annotations

PROCESS = "process"
"""Everything of one patient is processed in one lane, whichever flow it belongs to."""

_DELIVER = "deliver/"


def deliver_to(destination: str) -> str:
    """Return the lane in which one patient's deliveries to `destination` keep their order."""
    return f"{_DELIVER}{destination}"


def destination_of(lane: str) -> str:
    """Return the destination of a lane that `deliver_to` made."""
    return lane.removeprefix(_DELIVER)
