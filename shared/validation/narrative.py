"""
Narrative of R4 (txt-1, txt-2): one div of plain XHTML, nothing active, something to read.

Read by one linear scan, since standard parsers take quadratic time on hostile markup. Ill-formed markup is refused.
"""

from __future__ import annotations

import re
from typing import Final

XHTML: Final = "http://www.w3.org/1999/xhtml"
TAGS: Final = frozenset({
    "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "dfn", "dir", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6",
    "hr", "i", "img", "ins", "kbd", "li", "map", "area", "ol", "p", "pre", "q", "s", "samp", "small", "span",
    "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var",
})  # fmt: skip
# Possessive: no backtracking, whatever the input.
ATTRIBUTE: Final = r"""\s++([A-Za-z_][\w:.\-]*+)\s*+=\s*+("[^"<]*+"|'[^'<]*+')"""
TAG: Final = re.compile(rf"<(/?)([a-z][a-z0-9]*+)((?:{ATTRIBUTE})*+)\s*+(/?)>")
ATTRIBUTES: Final = re.compile(ATTRIBUTE)
AMPERSAND: Final = re.compile(r"&(?!(?:[A-Za-z][A-Za-z0-9]{0,31}|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
ACTIVE: Final = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)
BLANK: Final = re.compile(r"(?:\s|&nbsp;|&#160;|&#xA0;)*+", re.IGNORECASE)


def is_safe_narrative(div: str) -> bool:
    """Whether the text is one well-formed XHTML div with allowed elements only and some content."""
    text = div.strip()
    position, opened, readable = 0, list[str](), False
    while not (position and not opened):
        if opened and text.startswith("<!--", position):
            end = text.find("-->", position + 4) + 3
            if end < 3:
                return False
        else:
            tag = TAG.match(text, position)
            if tag is None or not _nests(tag, opened):
                return False
            readable |= tag[2] == "img"
            end = tag.end()
        position = text.find("<", end) if opened else end
        if position < 0:
            return False
        readable |= BLANK.fullmatch(text, end, position) is None
    return readable and position == len(text) and AMPERSAND.search(text) is None


def _nests(tag: re.Match[str], opened: list[str]) -> bool:
    """Whether a tag is allowed here; keeps account of what is open."""
    closing, name, attributes, _, _, empty = tag.groups()
    if closing:
        return not attributes and not empty and bool(opened) and opened.pop() == name
    stated = {key: value[1:-1] for key, value in ATTRIBUTES.findall(attributes)}
    if name not in TAGS or (not opened and (name != "div" or stated.get("xmlns") != XHTML)):
        return False
    if any(key.startswith("on") or ACTIVE.match(value) for key, value in stated.items()):
        return False
    if not empty:
        opened.append(name)
    return True
