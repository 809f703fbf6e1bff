"""Reads our own documents: their tables, sections, links' anchors, and the code blocks that name a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_FENCE = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

Row = dict[str, str]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def tables(text: str) -> Iterator[list[Row]]:
    """Yield each table as rows by column title."""
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        head, _, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines())
        yield [dict(zip(head, cells, strict=True)) for cells in body]


def section(name: str, heading: str) -> str:
    """Return the part of a page below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#{{1,6}} |\Z)", page(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no heading {heading!r}"
    return found[1]


def table(name: str, heading: str, number: int = 0) -> list[Row]:
    return list(tables(section(name, heading)))[number]


def plain(cell: str) -> str:
    return cell.replace("`", "")


def column(rows: list[Row], title: str) -> list[str]:
    return [plain(row[title]) for row in rows]


def examples(name: str) -> dict[str, str]:
    """Return the code blocks that carry a path beside their language, by path."""
    return {path: content for _, path, content in _FENCE.findall(page(name))}


def anchors(text: str) -> set[str]:
    """Return what a link into the page may name, made of its headings as GitHub does."""
    titles = re.findall(r"^#+ (.+)$", _ANY_FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
