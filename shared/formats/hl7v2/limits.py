"""How much of a message is read before it is refused: what a sender can make large must not make us large."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import RejectedError


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The most that is read; the bytes of a payload are its receiver's to limit.

    `segments` and `fields` count per message and per segment, `separators` the components, sub-components or escapes
    of one segment, `messages` those of one file.
    """

    segments: int = 100_000
    fields: int = 1_000
    payload: int = 100_000_000
    separators: int = 1_000_000
    messages: int = 1_000_000

    def refuse_payload(self, size: int) -> None:
        """Refuse more bytes than one message may have: RejectedError `too-large`."""
        if size > self.payload:
            raise RejectedError("too-large", "", f"The payload is longer than {self.payload} bytes.")


DEFAULT_LIMITS = Limits()
