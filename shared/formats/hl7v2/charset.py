"""
Bytes -> text by MSH-18 (table 0211), MLLP framing and stray control characters removed.

Policy: a declared character set that we know is taken strictly; one that we do not know, or bytes that break the
declared one, are refused. Undeclared, or declared as ASCII with other bytes in it: UTF-8 where the bytes are UTF-8,
else ISO 8859-1, and the guess is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Issue, RejectedError

CODECS = {
    "ASCII": "ascii",
    "ISO IR6": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
    "ISO IR14": "iso2022_jp",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
}
_FRAME = b"\x0b\x1c\x1a\x00\r\n\t "
_CONTROLS = bytes(sorted(set(range(32)) - {0x09, 0x0A, 0x0D}))
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
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
    if wide := _wide_codec(body, payload):
        return _decoded_wide(payload.strip(b"\x0b\x1c\r\n") if wide != "utf-8-sig" else body, wide)
    declared = declared_charset(body)
    codec = _codec_of(declared or (default or ""))
    issues: list[Issue] = []
    if not codec.startswith("iso2022"):
        # A control character may be a legal delimiter: what MSH declares as one stays.
        clean = body.translate(None, bytes(set(_CONTROLS) - set(body[3:9])))
        if len(clean) != len(body):
            issues.append(_odd("control-characters-removed", "", "Control characters were removed."))
        body = clean
    text, codec = _text(body, codec, declared, issues)
    return Decoded(text, codec, declared, tuple(issues))


def declared_charset(body: bytes) -> str:
    """Return MSH-18 (its first repetition) as written, "" when there is none."""
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
    if repetition and repetition != separator:
        field = field.split(repetition, 1)[0]
    return field.decode("ascii", "replace").strip().upper()


def _codec_of(declared: str) -> str:
    if not declared:
        return ""
    codec = CODECS.get(declared) or CODECS.get(declared.removeprefix("ISO").lstrip(" -").replace("8859-", "8859/"))
    if codec is None:
        raise RejectedError("unsupported-character-set", "MSH-18", "The declared character set is not one we read.")
    return codec


def _text(body: bytes, codec: str, declared: str, issues: list[Issue]) -> tuple[str, str]:
    if codec and codec != "ascii":
        try:
            return body.decode(codec), codec
        except UnicodeDecodeError as error:
            raise RejectedError(
                "undecodable-bytes", "MSH-18", "The bytes break the declared character set."
            ) from error
    if body.isascii():
        return body.decode("ascii"), codec or "utf-8"
    code, text = "charset-assumed", "MSH-18 declares no character set; the bytes were read as"
    if declared:
        code, text = "charset-mismatch", "MSH-18 declares ASCII but other bytes are present; they were read as"
    try:
        decoded, guess, name = body.decode("utf-8"), "utf-8", "UTF-8"
    except UnicodeDecodeError:
        decoded, guess, name = body.decode("latin-1"), "latin-1", "ISO 8859-1"
    issues.append(_odd(code, "MSH-18", f"{text} {name}."))
    return decoded, guess


def _wide_codec(body: bytes, payload: bytes) -> str:
    head = payload.lstrip(b"\x0b\r\n")[:4]
    for mark, codec in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return codec
    if head in (b"\x00M\x00S", b"\x00F\x00H", b"\x00B\x00H"):
        return "utf-16-be"
    if body[:3] in (b"M\x00S", b"F\x00H", b"B\x00H"):
        return "utf-16-le"
    return ""


def _decoded_wide(body: bytes, codec: str) -> Decoded:
    if codec == "utf-16-le" and len(body) % 2:
        body += b"\x00"  # the frame's end took the second half of the last line break
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
