"""The lanes of streams: what is kept in order for one patient."""

from __future__ import annotations

PROCESS = "process"
"""Everything of one patient is processed in one lane, whichever flow it belongs to."""


def deliver_to(destination: str) -> str:
    """Return the lane in which one patient's deliveries to `destination` keep their order."""
    return f"deliver/{destination}"
