"""
One stream, one entry at a time, one outcome each: the only place that decides what a failure leads to.

A hint names a stream. `drain` leases it, passes the gates of its flow and its destination, and for each entry runs
the use case (reading, converting, sending: no transaction is open), then commits what it decided, the hop, and the
end of the entry at once, under the stream's fence. A business failure is a recorded outcome; an unknown exception is
put on the entry's account and propagates, so that the bus redelivers and, in the end, dead-letters the hint.
Steps that ask nobody outside take the hints as they lie in the queue and work off their streams together
(`drain_hints`).
"""

from __future__ import annotations

from shared.pipeline.draining import drain, stream_of
from shared.pipeline.draining_together import drain_hints
from shared.pipeline.stage import Admission, Outcome, Stage, UseCase, Work, Write

__all__ = ["Admission", "Outcome", "Stage", "UseCase", "Work", "Write", "drain", "drain_hints", "stream_of"]
