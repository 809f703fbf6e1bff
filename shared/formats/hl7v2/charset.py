"""
Bytes -> text by MSH-18 (table 0211), MLLP framing and stray control characters removed.

The first repetition of MSH-18 is the character set of the message; further ones are those that ISO 2022 escape
sequences may switch to (table 0356), see `iso2022`.

Policy: a declared character set that we know is taken strictly, in the spelling of table 0211 or in one that vendors
use (`WINDOWS-1252`), which is reported; one that we do not know, or bytes that break the declared one, are refused.
Undeclared, or declared as ASCII with other bytes in it: UTF-8 where the bytes are UTF-8,
else ISO 8859-1, and the guess is reported. Bytes that fit a declared ISO 8859 but are plainly UTF-8 are read as
declared and reported. What ISO 8859-1 has as controls is Windows-1252 (the euro, quotation marks), and reported.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2 import iso2022

_CODECS = {
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
    "ISO IR14": "iso2022_jp_ext",
    "ISO IR87": "iso2022_jp_ext",
    "ISO IR159": "iso2022_jp_ext",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
}
# What vendors write, without spaces, dashes and the like: none of table 0211.
_VENDORS = {
    **{f"{name}{page}": f"cp{page}" for name in ("WINDOWS", "CP") for page in range(1250, 1259)},
    **{f"{name}{page}": f"cp{page}" for name in ("IBM", "CP") for page in (437, 850, 852, 858)},
    **{f"LATIN{number}": f"iso8859-{part}" for number, part in ((1, 1), (2, 2), (9, 15))},
    # Imaging systems write what DICOM calls them (PS3.3, C.12.1.1.2).
    **{
        f"ISOIR{number}": f"iso8859-{part}"
        for number, part in ((100, 1), (101, 2), (109, 3), (110, 4), (144, 5), (127, 6), (126, 7), (138, 8), (148, 9))
    },
    "ISOIR166": "iso8859-11",
    "ISOIR192": "utf-8",
    "USASCII": "ascii",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "GBK": "gbk",
    "GB2312": "gb2312",
    "GB18030": "gb18030",
    "BIG5": "big5",
    "EUCKR": "euc_kr",
    "EUCJP": "euc_jp",
    "SHIFTJIS": "shift_jis",
    "KOI8R": "koi8-r",
}
_PUNCTUATION = str.maketrans("", "", " -_/.")
_SWITCHING = "iso2022"
_WIDE = ("utf-16", "utf-32")
# What reads the bytes from 80 on, where escape sequences say nothing: JIS X 0201 has Katakana there.
_HIGH_HALVES = {"ISO IR14": iso2022.KATAKANA}
_C1 = re.compile(r"[\x80-\x9f]")
# Windows-1252 has no character there.
_UNASSIGNED = re.compile(r"[\x81\x8d\x8f\x90\x9d]")
# Their letters are seldom capitals before signs, which is what UTF-8 looks like in them.
_LATIN = frozenset(f"iso8859-{part}" for part in (1, 2, 3, 4, 9, 10, 13, 14, 15))
_MAX_SETS, _MAX_SWITCHES = 8, 2_000_000
_FRAME = b"\x0b\x1c\x1a\x00\r\n\t "
_CONTROLS = bytes(sorted(set(range(32)) - {0x09, 0x0A, 0x0D}))
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


class Decoded(NamedTuple):
    """The text of a message, the Python codec that read it, and what was odd about its bytes."""

    text: str
    codec: str
    declared: str
    issues: tuple[Issue, ...] = ()


def decode(payload: bytes, default: str | None = None) -> Decoded:
    """
    Return the text of `payload`; `default` names a character set (table 0211) for a message that declares none.

    RejectedError `unsupported-character-set` or `undecodable-bytes` at MSH-18.
    """
    body = payload.strip(_FRAME)
    if wide := wide_codec(payload):
        return _decoded_wide(payload.strip(b"\x0b\x1c\r\n") if wide != "utf-8-sig" else body, wide)
    declared = declared_charset(body)
    codec = codec_of(declared or (default or ""))
    issues: list[Issue] = []
    if (first := declared.split("~", 1)[0]) and first not in _CODECS:
        note = "The character set is known, but not by this name in table 0211."
        issues.append(Issue("information", "code-invalid", "charset-not-in-table", "MSH-18", note))
    clean = body.translate(None, _CONTROLS)
    if len(clean) != len(body):
        # A control character may be a legal delimiter: what MSH declares as one stays. ESC switches character sets.
        kept = set(body[3:9]) | ({0x1B} if codec.startswith(_SWITCHING) else set())
        clean = body.translate(None, bytes(set(_CONTROLS) - kept))
        if len(clean) != len(body):
            issues.append(_odd("control-characters-removed", "", "Control characters were removed."))
    if codec.startswith(_SWITCHING):
        text = _switched(clean, declared or (default or ""))
    else:
        text, codec = _text(clean, codec, declared, issues)
    return Decoded(text, codec, declared, tuple(issues))


def declared_charset(body: bytes) -> str:
    """Return MSH-18 in upper case, its repetitions separated by `~`; "" when there is none."""
    start = body.find(b"MSH") if not body.startswith(b"MSH") else 0
    if start < 0:
        return ""
    separator = body[start + 3 : start + 4]
    end = len(body)
    for terminator in (b"\r", b"\n"):
        found = body.find(terminator, start, end)
        end = found if found >= 0 else end
    fields = body[start:end].split(separator, 18) if separator else []
    if len(fields) < 18:
        return ""
    repetition = body[start + 5 : start + 6]
    field = fields[17]
    parts = field.split(repetition, _MAX_SETS) if repetition and repetition != separator else [field]
    return "~".join(part.decode("ascii", "replace").strip().upper() for part in parts).rstrip("~")


def codec_of(declared: str) -> str:
    """
    Return the Python codec of MSH-18 as `declared_charset` gives it, "" for none.

    RejectedError `unsupported-character-set` when the first character set is not one we read. Further ones make it a
    codec of ISO 2022 when they are switched to by escape sequences.
    """
    if not declared:
        return ""
    first, *others = declared.split("~")
    codec = _known_codec(first) if first else "ascii"
    if codec is None:
        raise RejectedError("unsupported-character-set", "MSH-18", "The declared character set is not one we read.")
    if others and not codec.startswith(("utf", _SWITCHING)):
        return "iso2022_jp_ext"
    return codec


def _known_codec(name: str) -> str | None:
    plain = name.removeprefix("ISO").lstrip(" -_").replace("8859-", "8859/")
    return _CODECS.get(name) or _CODECS.get(plain) or _VENDORS.get(name.translate(_PUNCTUATION))


def _switched(body: bytes, declared: str) -> str:
    if body.count(b"\x1b") > _MAX_SWITCHES:
        text = f"The character set is switched more than {_MAX_SWITCHES} times."
        raise RejectedError("undecodable-bytes", "MSH-18", text)
    first = declared.split("~", 1)[0]
    high = _HIGH_HALVES.get(first) or (_known_codec(first) if first else None) or "ascii"
    try:
        return iso2022.decode(body, "ascii" if high.startswith(_SWITCHING) else high)
    except UnicodeDecodeError as error:
        raise RejectedError("undecodable-bytes", "MSH-18", "The bytes break the declared character sets.") from error


def _text(body: bytes, codec: str, declared: str, issues: list[Issue]) -> tuple[str, str]:
    # MSH-18 could be read as single bytes, so the message is not in the wide characters that it declares.
    is_wide = codec.startswith(_WIDE)
    if codec and codec != "ascii" and not is_wide:
        return _strictly(body, codec, issues)
    if is_wide or not body.isascii():
        return _guessed(body, declared, issues)
    return body.decode("ascii"), codec or "utf-8"


def _strictly(body: bytes, codec: str, issues: list[Issue]) -> tuple[str, str]:
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        raise RejectedError("undecodable-bytes", "MSH-18", "The bytes break the declared character set.") from error
    if body.isascii() or not codec.startswith("iso8859"):
        return text, codec
    has_controls = _C1.search(text) is not None
    if (has_controls or codec in _LATIN) and _is_utf_8(body):
        note = "The bytes fit MSH-18, but rather look like UTF-8; they were read as declared."
        issues.append(_odd("charset-mismatch", "MSH-18", note))
    elif codec == "iso8859-1" and _is_windows(text):
        note = "Some bytes are controls in the character set of MSH-18; they were read as Windows-1252."
        issues.append(_odd("charset-mismatch", "MSH-18", note))
        return body.decode("cp1252"), "cp1252"
    return text, codec


def _is_windows(text: str) -> bool:
    """Tell whether a text read as ISO 8859-1 has controls where Windows-1252 has characters."""
    return _C1.search(text) is not None and _UNASSIGNED.search(text) is None


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _guessed(body: bytes, declared: str, issues: list[Issue]) -> tuple[str, str]:
    code, text = "charset-assumed", "MSH-18 declares no character set; the bytes were read as"
    if declared:
        code, text = "charset-mismatch", "The bytes are not in the character set of MSH-18; they were read as"
    try:
        decoded, guess, name = body.decode("utf-8"), "utf-8", "UTF-8"
    except UnicodeDecodeError:
        decoded, guess, name = body.decode("latin-1"), "latin-1", "ISO 8859-1"
        if _is_windows(decoded):
            decoded, guess, name = body.decode("cp1252"), "cp1252", "Windows-1252"
    issues.append(_odd(code, "MSH-18", f"{text} {name}."))
    return decoded, guess


def wide_codec(payload: bytes) -> str:
    """Return the codec of a payload in UTF-16 or UTF-32, or with a byte order mark; "" for any other."""
    if payload.startswith(b"MSH"):
        return ""
    head = payload[:64].lstrip(b"\x0b\r\n")[:4]
    for mark, codec in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return codec
    first = payload[:64].lstrip(_FRAME)
    if head in (b"\x00M\x00S", b"\x00F\x00H", b"\x00B\x00H"):
        return "utf-16-be"
    if first[:3] in (b"M\x00S", b"F\x00H", b"B\x00H"):
        return "utf-16-le"
    if head in (b"\x00\x00\x00M", b"\x00\x00\x00F", b"\x00\x00\x00B"):
        return "utf-32-be"
    if first[:4] in (b"M\x00\x00\x00", b"F\x00\x00\x00", b"B\x00\x00\x00"):
        return "utf-32-le"
    return ""


def _decoded_wide(body: bytes, codec: str) -> Decoded:
    # The frame's end may have taken a part of the last line break.
    unit = 4 if codec.startswith("utf-32") else 2 if codec.startswith("utf-16") else 1
    body += b"\x00" * (-len(body) % unit)
    try:
        text = body.decode(codec)
    except UnicodeDecodeError as error:
        raise RejectedError(
            "undecodable-bytes", "MSH-18", "The bytes break their byte order mark's encoding."
        ) from error
    text = text.strip("\x0b\x1c\x1a\x00\r\n\t ")
    clean = text.translate(dict.fromkeys(set(_CONTROLS) - {ord(char) for char in text[3:9]}))
    issues = () if clean == text else (_odd("control-characters-removed", "", "Control characters were removed."),)
    declared = declared_charset(clean[:2000].encode("ascii", "replace"))
    return Decoded(clean, codec.removesuffix("-sig"), declared, issues)


def _odd(code: str, location: str, text: str) -> Issue:
    return Issue("warning", "value", code, location, text)
