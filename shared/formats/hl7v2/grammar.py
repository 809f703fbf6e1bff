"""
The grammar of message structures, as the compiled tables write it, read into a tree.

    PID         once                    PID?  at most once      PID*  any number        PID+  at least once
    ORDER+(...) a group of segments     CHOICE<OBR RQD>  one of them
    ANYHL7SEGMENT  any number of segments, none included, that the structure does not name elsewhere
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

ANY_SEGMENT = "ANYHL7SEGMENT"
_DOCUMENT = "ORDER_DOCUMENT"
UNLIMITED = 1_000_000_000
_TOKEN = re.compile(r"(?P<name>\w+)(?P<occurrence>[?*+]?)(?P<opening>[(<]?)|(?P<closing>[)>])")
_OCCURRENCE = {"": (1, 1), "?": (0, 1), "*": (0, UNLIMITED), "+": (1, UNLIMITED)}


@dataclass(frozen=True)
class Node:
    """A segment (no children) or a group of them, with how often it occurs at least and at most."""

    name: str
    least: int = 1
    most: int = 1
    children: tuple[Node, ...] = ()
    is_choice: bool = False

    @property
    def is_group(self) -> bool:
        """Tell a group from a segment."""
        return bool(self.children)

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of all segments in it."""
        if not self.children:
            return frozenset((self.name,))
        return frozenset[str]().union(*(child.names for child in self.children))

    @cached_property
    def names_but_documents(self) -> frozenset[str]:
        """Return the names of the segments in it that have a place outside the documents of orders."""
        if not self.children:
            return self.names
        parts = (child.names_but_documents for child in self.children)
        return frozenset[str]() if self.name == _DOCUMENT else frozenset[str]().union(*parts)

    @cached_property
    def openers(self) -> frozenset[str]:
        """Return the names of the segments that it can begin with, when nothing required is left out."""
        if not self.children:
            return frozenset((self.name,))
        found: set[str] = set()
        for child in self.children:
            found |= child.openers
            if child.least and not self.is_choice:
                break
        return frozenset(found)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Return the segments that it cannot lack: those required in every group around them."""
        if not self.children:
            return (self.name,)
        if self.is_choice:
            return ()
        return tuple(dict.fromkeys(name for child in self.children if child.least for name in child.required))


def read_grammar(name: str, text: str) -> Node:
    """Return the tree of the structure `name`."""
    stack: list[tuple[re.Match[str] | None, list[Node]]] = [(None, [])]
    for token in _TOKEN.finditer(text):
        if token["closing"]:
            opening, children = stack.pop()
            assert opening is not None  # noqa: S101 - the tables are ours, a test reads them all
            stack[-1][1].append(_node(opening, tuple(children)))
        elif token["opening"]:
            stack.append((token, []))
        else:
            stack[-1][1].append(_node(token, ()))
    return Node(name, children=tuple(stack[0][1]))


def _node(token: re.Match[str], children: tuple[Node, ...]) -> Node:
    least, most = _OCCURRENCE["*" if token["name"] == ANY_SEGMENT else token["occurrence"]]
    return Node(token["name"], least, most, children, is_choice=token["opening"] == "<")
