"""How many messages a function of cardinality many takes at once: those that wait, without waiting for more."""

from __future__ import annotations

from dataclasses import dataclass, field

# So many in a row had waited: a queue builds up, and asking for more than there is costs only now a moment.
_IN_A_ROW = 2


@dataclass(slots=True)
class Appetite:
    """
    Grows while a queue keeps more waiting than was asked for, and is gone when it does not.

    Whoever asks for more messages than there are waits in vain, and nobody tells how many there are. So one message
    is taken alone unless those before it had waited as well; then two, four, eight more, up to `most` in all.
    """

    most: int
    _in_a_row: int = field(default=0, init=False)
    _next: int = field(default=1, init=False)

    def after_first(self, *, had_waited: bool) -> int:
        """Return how many more to ask for; `had_waited` says whether the first was there before it was asked for."""
        if not had_waited:
            self._in_a_row, self._next = 0, 1
            return 0
        self._in_a_row += 1
        return min(self._next, self.most - 1) if self._in_a_row > _IN_A_ROW else 0

    def came(self, asked: int, got: int) -> None:
        """Learn from what was there."""
        if got < asked:
            self._in_a_row, self._next = 0, max(1, got)
        else:
            self._next = 2 * asked
