"""
MLLP framing (HL7 v2 transport, release 1): <VT> message <FS> <CR>, as a codec without a connection.

    reader = FrameReader()
    for frame in reader.feed(chunk): ...     bytes of whole messages, whatever the chunks
    reader.finish()                          the connection ended: what is left is an issue

Bytes between frames are no message: they are dropped and reported. Linear in the bytes, whatever their chunks.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import Issue, RejectedError

START, END, CARRIAGE_RETURN = b"\x0b", b"\x1c", b"\r"
MAX_FRAME = 100_000_000
_BETWEEN = b"\r\n\x1c"
_MAX_ISSUES = 50


def frame(payload: bytes) -> bytes:
    """Return the payload as a frame; RejectedError `frame-end-in-payload` for one that would end it early."""
    if END + CARRIAGE_RETURN in payload or payload.startswith(START):
        raise RejectedError("frame-end-in-payload", "MLLP", "The payload holds the bytes of a frame.")
    return START + payload + END + CARRIAGE_RETURN


class FrameReader:
    """
    Takes the bytes of one connection as they come; `issues` is what was odd about them.

    RejectedError `frame-too-large` once a frame is longer than `limit`: the connection must then be closed, because
    nobody knows where the next frame begins.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self.issues: list[Issue] = []
        self._limit = limit
        self._pending = bytearray()
        self._is_inside = False
        self._searched = 0

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the messages that this chunk completes, in their order; the iterator must be exhausted."""
        self._pending += chunk
        while (found := self._next()) is not None:
            yield found
        if len(self._pending) > self._limit:
            self._refuse()

    def finish(self) -> tuple[Issue, ...]:
        """Return what was odd about the connection, a message cut off at its end included."""
        if self._is_inside:
            text = "The connection ended within a message."
            self.issues.append(Issue("error", "structure", "frame-unfinished", "MLLP", text))
        return tuple(self.issues)

    def _next(self) -> bytes | None:
        pending = self._pending
        if not self._is_inside:
            start = pending.find(START)
            self._drop(start if start >= 0 else len(pending))
            if start < 0:
                return None
            del pending[:1]
            self._is_inside, self._searched = True, 0
        end = pending.find(END + CARRIAGE_RETURN, self._searched)
        if end < 0:
            # The end is two bytes: the first of them may be the last that has come.
            self._searched = max(0, len(pending) - 1)
            return None
        if end > self._limit:
            self._refuse()
        # A start within a frame: the message before it was never finished.
        self._drop(restart + 1 if (restart := pending.rfind(START, 0, end)) >= 0 else 0)
        end -= restart + 1
        message = bytes(pending[:end])
        del pending[: end + 2]
        self._is_inside = False
        return message

    def _drop(self, count: int) -> None:
        if self._pending[:count].strip(_BETWEEN) and len(self.issues) < _MAX_ISSUES:
            text = f"{count} bytes are no whole message."
            self.issues.append(Issue("warning", "structure", "frame-junk", "MLLP", text))
        del self._pending[:count]

    def _refuse(self) -> None:
        raise RejectedError("frame-too-large", "MLLP", f"A frame is longer than {self._limit} bytes.")
