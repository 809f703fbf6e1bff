"""Narrative of R4 (txt-1, txt-2): one div of plain XHTML, nothing active, something to read."""

from __future__ import annotations

from html.parser import HTMLParser

LIMIT = 256 * 1024  # policy: a longer narrative is not read
XHTML = "http://www.w3.org/1999/xhtml"
TAGS = frozenset({
    "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "center", "cite",
    "code", "col", "colgroup", "dd", "del", "dfn", "dir", "div", "dl", "dt", "em", "font", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "map", "area", "ol", "p", "pre", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
    "tt", "u", "ul", "var",
})  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.safe = True
        self.content = False
        self.open: list[str] = []
        self.roots = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.open:
            self.roots += 1
            self.safe &= tag == "div" and ("xmlns", XHTML) in attrs
        self.safe &= tag in TAGS and not any(name.startswith("on") for name, _ in attrs)
        self.safe &= not any((value or "").strip().lower().startswith("javascript:") for _, value in attrs)
        self.content |= tag == "img"
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.safe = False

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.content = True
            self.safe &= bool(self.open)

    def handle_decl(self, decl: str) -> None:
        self.safe = False

    def handle_pi(self, data: str) -> None:
        self.safe = False

    def unknown_decl(self, data: str) -> None:
        self.safe = False


def is_safe_narrative(div: str) -> bool:
    """Whether the text is one XHTML div with allowed elements only and some content."""
    if len(div) > LIMIT:
        return False
    reader = _Reader()
    reader.feed(div)
    reader.close()
    return reader.safe and reader.content and reader.roots == 1 and not reader.open
