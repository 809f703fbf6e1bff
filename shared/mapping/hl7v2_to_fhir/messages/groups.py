"""
The groups of a message as a tree: each segment with the segments that follow it.

Tolerant of order: a segment hangs under the nearest open one that may hold it, wherever the structure would have put
it, so that nothing is lost by its place. Which segment may hold which is a table of the message's map:

    OPENERS = {"PID": ("",), "PV1": ("PID", ""), "IN1": ("PID", ""), "IN2": ("IN1",), "NTE": (ANY,)}

`""` is the message itself, ANY the segment just before (a second NTE hangs beside the first). The first holder of a
row that is open wins; a segment whose holders are all closed, or that the table does not name, hangs under the
message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Segment

ANY = "*"
Openers = Mapping[str, tuple[str, ...]]


@dataclass(slots=True)
class Group:
    """A segment and what hangs under it, in the message's order; the message itself has no segment."""

    segment: Segment | None = None
    children: list[Group] = field(default_factory=list)
    # The segment's name, "" for the message.
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.segment.name if self.segment is not None else ""

    def all(self, *names: str) -> Iterator[Group]:
        """Yield the groups right below that open with one of these segments."""
        return (group for group in self.children if group.name in names)

    def first(self, name: str) -> Group | None:
        """Return the first group right below that opens with this segment."""
        return next(self.all(name), None)

    def segments(self, *names: str) -> list[Segment]:
        """Return the segments of these names right below."""
        if not self.children:
            return []
        return [group.segment for group in self.children if group.segment is not None and group.name in names]

    def walk(self) -> Iterator[Group]:
        """Yield every group below, in the message's order."""
        for group in self.children:
            yield group
            yield from group.walk()


def tree(segments: Iterable[Segment], openers: Openers) -> Group:
    """Return the message as a tree."""
    root = Group()
    path = [root]
    for segment in segments:
        group = Group(segment)
        del path[_depth(path, segment.name, openers.get(segment.name, ())) :]
        path[-1].children.append(group)
        path.append(group)
    return root


def _depth(path: list[Group], name: str, holders: tuple[str, ...]) -> int:
    """Return how much of the path stays open under the new segment."""
    for holder in holders:
        if holder == ANY:
            return len(path) - (path[-1].name == name)
        for position in range(len(path) - 1, -1, -1):
            if path[position].name == holder:
                return position + 1
    return 1
