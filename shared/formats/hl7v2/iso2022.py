r"""
Character sets that are switched in mid-text by escape sequences (ISO 2022; MSH-18 repeating, table 0356).

    G0, seven bits    ESC ( B  ASCII    ( J  JIS X 0201 Roman    ( I  Katakana    $ @ and $ B  JIS X 0208
                      $ ( D  JIS X 0212    $ ( C  KS X 1001    $ A  GB 2312
    G1, high bytes    ESC - A ... - b  ISO 8859    ) I  Katakana    $ ) C  KS X 1001    $ ) A  GB 2312

A line end returns to where the text began. The same sets serve the escapes `\Cxxyy\` and `\Mxxyyzz\`, whose digits are
an escape sequence without its ESC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_ASCII = b"(B"
_SINGLE_BYTE = frozenset({_ASCII, b"(J"})
_G0 = {
    b"(B": "ascii",
    b"(J": "ascii",
    b"(I": "iso2022_jp_ext",
    b"$@": "iso2022_jp",
    b"$B": "iso2022_jp",
    b"$(@": "iso2022_jp",
    b"$(B": "iso2022_jp",
    b"$(D": "iso2022_jp_1",
    b"$(C": "iso2022_jp_2",
    b"$A": "iso2022_jp_2",
}
# Codecs that leave ASCII as it is.
_G1 = {
    b"-A": "iso8859-1",
    b"-B": "iso8859-2",
    b"-C": "iso8859-3",
    b"-D": "iso8859-4",
    b"-L": "iso8859-5",
    b"-G": "iso8859-6",
    b"-F": "iso8859-7",
    b"-H": "iso8859-8",
    b"-M": "iso8859-9",
    b"-V": "iso8859-10",
    b"-T": "iso8859-11",
    b"-Y": "iso8859-13",
    b"-_": "iso8859-14",
    b"-b": "iso8859-15",
    b")I": "shift_jis",
    b"$)C": "euc_kr",
    b"$)A": "gb2312",
}
_SETS = b"|".join(re.escape(name) for name in sorted((*_G0, *_G1), key=len, reverse=True))
_SWITCH = re.compile(rb"\x1b(?P<set>" + _SETS + rb")|[\r\n]")
# JIS X 0201 needs no switch for its upper half.
KATAKANA = _G1[b")I"]


def is_of_high_bytes(sequence: bytes) -> bool:
    """Tell whether a designation is of G1, and so leaves that of G0 as it is."""
    return sequence in _G1


def is_designation(sequence: bytes) -> bool:
    """Tell whether an escape sequence, without ESC, selects a character set that we read."""
    return sequence in _G0 or sequence in _G1


def decode(body: bytes, high: str = "ascii") -> str:
    """Return the text; `high` reads bytes from 80 on until a sequence says otherwise. UnicodeDecodeError strictly."""
    out: list[str] = []
    g0, g1, start = _ASCII, high, 0
    for match in _SWITCH.finditer(body):
        if start < match.start():
            out.append(_decoded(body[start : match.start()], g0, g1))
        start = match.end()
        designated = match["set"]
        if designated is None:
            out.append("\r" if match[0] == b"\r" else "\n")
            g0, g1 = _ASCII, high
        elif designated in _G0:
            g0 = designated
        else:
            g1 = _G1[designated]
    out.append(_decoded(body[start:], g0, g1))
    return "".join(out)


def _decoded(chunk: bytes, g0: bytes, g1: str) -> str:
    if g0 in _SINGLE_BYTE:
        return chunk.decode(g1)
    return (b"\x1b" + _canonical(g0) + chunk).decode(_G0[g0])


def _canonical(designation: bytes) -> bytes:
    """Return the shorter form of a designation that has two: it is the one that the codecs know."""
    return {b"$(@": b"$@", b"$(B": b"$B"}.get(designation, designation)


def switched(text: str, designations: Iterable[bytes], codec: str) -> str | None:
    """Return text that was read with `codec` as the designated sets have it; None when it does not fit them."""
    prefix = b"".join(b"\x1b" + designation for designation in designations)
    high = codec if codec.startswith("iso8859") else "latin-1"
    try:
        return decode(prefix + text.encode(codec), high)
    except UnicodeError:
        return None
