"""
The groups of a message as a tree: each segment with the segments that follow it.

Tolerant of order: a segment hangs under the nearest open one that may hold it, wherever the structure would have put
it, so that nothing is lost by its place. Which segment may hold which is a table of the message's map:

    OPENERS = {"PID": ("",), "PV1": ("PID", ""), "IN1": ("PID", ""), "IN2": ("IN1",), "NTE": (ANY,)}

`""` is the message itself, ANY the segment just before (a second NTE hangs beside the first). The first holder of a
row that is open wins; a segment whose holders are all closed hangs under the message. So does one that the table does
not name, and it closes nothing: what follows it hangs where it would without it, but for the comments on it. A
Z-segment has no comments: a partner puts it between any two others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set

from shared.formats.hl7v2.message import Segment

ANY = "*"
Openers = Mapping[str, tuple[str, ...]]


class Group:
    """A segment and what hangs under it, in the message's order; the message itself has no segment and no name."""

    __slots__ = ("children", "name", "segment")

    def __init__(self, segment: Segment | None = None) -> None:
        self.segment = segment
        self.children: list[Group] = []
        self.name = segment.name if segment is not None else ""

    def all(self, *names: str) -> list[Group]:
        """Return the groups right below that open with one of these segments."""
        return [group for group in self.children if group.name in names] if self.children else []

    def first(self, name: str) -> Group | None:
        """Return the first group right below that opens with this segment."""
        return next((group for group in self.children if group.name == name), None)

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

    def has_any(self, names: Set[str]) -> bool:
        """Tell whether any group below, however deep, opens with one of these segments."""
        return any(group.name in names or (group.children and group.has_any(names)) for group in self.children)


def tree(segments: Iterable[Segment], openers: Openers) -> Group:
    """Return the message as a tree."""
    root = Group()
    path, names = [root], [""]
    unnamed: Group | None = None
    for segment in segments:
        group = Group(segment)
        name = group.name
        if (holders := openers.get(name)) is None:
            root.children.append(group)
            if name[0] != "Z":
                unnamed = group
            continue
        depth = 1  # how much of the path stays open
        for holder in holders:
            if holder in names:
                depth = len(names)
                while names[depth - 1] != holder:
                    depth -= 1
                break
            if holder == ANY:
                depth = 0 if unnamed is not None else len(names) - (names[-1] == name)
                break
        if unnamed is not None:
            if depth == 0:
                unnamed.children.append(group)
                continue
            unnamed = None
        del path[depth:], names[depth:]
        path[-1].children.append(group)
        path.append(group)
        names.append(name)
    return root
