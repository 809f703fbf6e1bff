"""
The segments of a message against the grammar of its structure: what is missing, unknown, too many or out of order.

Each segment takes the nearest place that the grammar leaves it: first the places that skip nothing required, inner
groups before outer ones, then those that do. One that has no place is reported and left out, so that it cannot spoil
the places of the others. Linear in the segments.

The grammars of OML, OMG and OMQ leave open whether a further ORC asks for an order or tells of a previous result: its
order control (ORC-1) PR tells that, or a PID or PV1 before it. After a previous result, RE goes on with it.

OUL leaves open whether an OBX after ORC is a result or a document of the order: TXA behind it tells the document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from shared.formats.hl7v2.conformance.findings import Findings
from shared.formats.hl7v2.grammar import ANY_SEGMENT, Node
from shared.formats.hl7v2.message import Segment
from shared.formats.hl7v2.structures import Definitions

_PRIOR_RESULT, _PRIOR_ORDER = "PRIOR_RESULT", "ORDER_PRIOR"
_RESULT, _DOCUMENT = "OBX", "TXA"


class _Group:
    """One occurrence of a group that is being filled: `counts` per child, `at` the child it has come to."""

    __slots__ = ("at", "counts", "node", "path")

    def __init__(self, node: Node, path: str) -> None:
        self.node = node
        self.path = path
        self.counts = [0] * len(node.children)
        self.at = 0


class _Placement:
    def __init__(self, grammar: Node, segments: Sequence[Segment], findings: Findings) -> None:
        self._open = [_Group(grammar, "")]
        self._grammar = grammar
        self._names = [segment.name for segment in segments]
        self._at = -1
        self._ahead = Counter(self._names)
        self._findings = findings
        self._displaced: set[str] = set()
        self._control: str | None = None

    def place(self, segment: Segment) -> None:
        """Give the segment its place, or say why it has none."""
        name = segment.name
        self._at += 1
        self._ahead[name] -= 1
        self._control = segment.text(1) if name == "ORC" else None
        for skipping in (False, True):
            for depth in range(len(self._open) - 1, -1, -1):
                index = self._index(depth, name, skipping=skipping)
                if index is not None:
                    self._close_to(depth)
                    self._enter(index, name)
                    return
        self._displaced.add(name)
        if any(
            child.name == name and group.counts[index] >= child.most
            for group in self._open
            for index, child in enumerate(group.node.children)
        ):
            text = f"{self._grammar.name} takes {name} less often here."
            self._findings.observe("segment-repeats-too-often", segment.label, text)
        else:
            text = f"{self._grammar.name} has {name} at another place."
            self._findings.observe("segment-out-of-order", segment.label, text)

    def finish(self) -> None:
        """Close every group: what is missing shows when it ends."""
        self._close_to(-1)

    def _index(self, depth: int, name: str, *, skipping: bool) -> int | None:
        """Return which child of an open group takes the segment; `skipping` may leave out what is required."""
        group = self._open[depth]
        if group.node.is_choice and any(group.counts):
            child = group.node.children[group.at]
            return group.at if child.name == name and group.counts[group.at] < child.most else None
        is_early = False
        for index in range(group.at, len(group.node.children)):
            child = group.node.children[index]
            count = group.counts[index]
            if self._control is not None and self._is_new_order(child, count):
                continue
            if count < child.most and self._takes(child, name, skipping=skipping and not count):
                return None if is_early and not child.least else index
            if child.least > count and not group.node.is_choice:
                if not skipping:
                    return None
                # What is required and still to come was not left out: an optional segment before it came too early.
                is_early = is_early or (depth == 0 and not child.is_group and self._ahead[child.name] > 0)
        return None

    def _takes(self, child: Node, name: str, *, skipping: bool) -> bool:
        names = child.names if skipping else child.openers
        if name in names:
            return name != _RESULT or name in child.names_but_documents or self._is_document()
        return ANY_SEGMENT in names and name not in self._grammar.names

    def _is_document(self) -> bool:
        """Tell whether TXA comes behind this segment, with nothing but participations between them."""
        behind = self._at + 1
        while self._names[behind : behind + 1] == ["PRT"]:
            behind += 1
        return self._names[behind : behind + 1] == [_DOCUMENT]

    def _is_new_order(self, child: Node, count: int) -> bool:
        """Tell whether an ORC is not to go into a group of previous results."""
        if child.name == _PRIOR_RESULT:
            return self._control != "PR"
        return child.name == _PRIOR_ORDER and count > 0 and self._control not in ("PR", "RE")

    def _enter(self, index: int, name: str) -> None:
        while True:
            group = self._open[-1]
            group.at = index
            group.counts[index] += 1
            child = group.node.children[index]
            if not child.is_group:
                return
            path = f"{child.name}[{group.counts[index]}]" if child.most > 1 else child.name
            self._open.append(_Group(child, f"{group.path}.{path}".lstrip(".")))
            depth = len(self._open) - 1
            found = self._index(depth, name, skipping=False)
            if found is None:
                found = self._index(depth, name, skipping=True)
            assert found is not None  # noqa: S101 - the group was entered because it takes the segment
            index = found

    def _close_to(self, depth: int) -> None:
        while len(self._open) - 1 > depth:
            group = self._open.pop()
            if group.node.is_choice:
                continue
            for child, count in zip(group.node.children, group.counts, strict=True):
                if count < child.least:
                    self._missing(child, group.path)

    def _missing(self, child: Node, path: str) -> None:
        place = f" in {path}" if path else ""
        structure = self._grammar.name
        if not child.is_group:
            if child.name not in self._displaced:
                text = f"{structure} needs a segment {child.name}{place}."
                self._findings.observe("missing-segment", child.name, text)
        elif not child.names & self._displaced:
            alternatives = " or ".join(part.name for part in child.children) if child.is_choice else child.name
            location = child.required[0] if child.required else child.children[0].name
            self._findings.observe("missing-segment", location, f"{structure} needs {alternatives}{place}.")


def check_structure(segments: Sequence[Segment], grammar: Node, definitions: Definitions, findings: Findings) -> None:
    """Report how the segments differ from the grammar; Z-segments may stand anywhere."""
    takes_any = ANY_SEGMENT in grammar.names
    known: list[Segment] = []
    for segment in segments:
        if segment.name.startswith("Z"):
            continue
        if definitions.segment(segment.name) is None:
            text = f"Version {definitions.version} has no segment of this name."
            findings.observe("segment-unknown", segment.label, text)
        elif segment.name not in grammar.names and not takes_any:
            findings.observe("segment-unexpected", segment.label, f"{grammar.name} has no segment {segment.name}.")
        else:
            known.append(segment)
    placement = _Placement(grammar, known, findings)
    for segment in known:
        placement.place(segment)
    placement.finish()
