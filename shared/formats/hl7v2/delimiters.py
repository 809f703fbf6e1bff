"""The separators that a message declares in MSH-1 and MSH-2, and the escape sequences made of them."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from functools import lru_cache

from shared.errors import RejectedError
from shared.formats.hl7v2.iso2022 import is_designation, is_of_high_bytes, switched

_NOT_A_DELIMITER = re.compile(r"[A-Za-z0-9\s\"]")
_REPEATED_LAYOUT = re.compile(r"(sp|sk|in|ti)\s*([+-]?\d{0,3})")
_LAYOUT = {".br": "\n", ".ce": "\n", ".fi": "", ".nf": ""}
_MOST_CHARACTERS = 5
_IN_TIMES = frozenset("+-.")
_HIGHLIGHT = frozenset("HN")
_CHARACTER_SET = re.compile(r"(?:C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters that separate fields, components, repetitions and sub-components; "" where none is declared."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""
    codec: str = "utf-8"
    # What is in no component that reads as it is written, beside `""` itself.
    marks: tuple[str, str] = dataclasses.field(init=False, repr=False, compare=False)
    # What repetitions and components are split at: a line end, which no field holds, where none is declared.
    separators: tuple[str, str] = dataclasses.field(init=False, repr=False, compare=False)
    # MSH-2 as the sender wrote it.
    encoding_characters: str = dataclasses.field(init=False, repr=False, compare=False)
    # Whether a date or time may hold a separator: `-`, `+` and `.` are legal ones.
    splits_times: bool = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        characters = self.component + self.repetition + self.escape + self.subcomponent + self.truncation
        object.__setattr__(self, "marks", (self.escape or '""', self.subcomponent or '""'))
        object.__setattr__(self, "separators", (self.repetition or "\r", self.component or "\r"))
        object.__setattr__(self, "encoding_characters", characters)
        object.__setattr__(self, "splits_times", not _IN_TIMES.isdisjoint(characters))

    def split(self, text: str, separator: str) -> list[str]:
        """Return the parts of `text`; one part when the separator is not declared."""
        return text.split(separator) if separator else [text]

    def is_plain(self, raw: str) -> bool:
        """Tell whether components are read as they are written: without escapes, sub-components and `""`."""
        escape, subcomponent = self.marks
        return escape not in raw and subcomponent not in raw and '""' not in raw

    def text(self, raw: str) -> str:
        """Return a component as plain text: sub-components joined by `&`, escapes resolved, `""` as nothing."""
        if raw == '""':
            return ""
        if self.subcomponent and self.subcomponent != "&" and self.subcomponent in raw:
            raw = raw.replace(self.subcomponent, "&")
        if self.escape and self.escape in raw:
            return self.unescape(raw)
        return raw

    def unescape(self, raw: str) -> str:
        """Return `raw` with every escape sequence resolved; one that HL7 does not define stays as it is."""
        head, *rest = raw.split(self.escape)
        out = [head]
        switches: list[tuple[int, str]] = []
        position = 0
        while position < len(rest):
            body = rest[position]
            closed = position + 1 < len(rest)
            if closed and _selects_characters(body):
                switches.append((len(out), body))
                meaning: str | None = ""
            else:
                meaning = self._meaning(body) if closed else None
            if meaning is None:
                out += (self.escape, body)
                position += 1
            else:
                out += (meaning, rest[position + 1])
                position += 2
        return self._switched(out, switches) if switches else "".join(out)

    def _switched(self, out: list[str], switches: list[tuple[int, str]]) -> str:
        """Return the text with each part in the character set that was selected before it; what does not fit stays."""
        text = out[: switches[0][0]]
        selected: dict[bool, bytes] = {}
        for (start, body), (end, _) in zip(switches, [*switches[1:], (len(out), "")], strict=True):
            designation = bytes.fromhex(body[1:])
            selected[is_of_high_bytes(designation)] = designation
            part = "".join(out[start:end])
            meaning = switched(part, selected.values(), self.codec) if part else ""
            text.append(f"{self.escape}{body}{self.escape}{part}" if meaning is None else meaning)
        return "".join(text)

    def escaped(self, text: str) -> str:
        """Return `text` fit for a component of a message that uses these delimiters."""
        if not self.escape:
            return "".join(" " if char in self._separators() or char in "\r\n" else char for char in text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        table = {ord(self.escape): f"{self.escape}E{self.escape}", ord("\n"): f"{self.escape}.br{self.escape}"}
        for letter, char in self._letters().items():
            if char and letter != "E":
                table[ord(char)] = f"{self.escape}{letter}{self.escape}"
        return text.translate(table)

    def _separators(self) -> str:
        return self.field + self.encoding_characters

    def _letters(self) -> dict[str, str]:
        return {
            "F": self.field,
            "S": self.component,
            "T": self.subcomponent,
            "R": self.repetition,
            "E": self.escape,
            "P": self.truncation,
        }

    def _meaning(self, body: str) -> str | None:
        if len(body) == 1:
            if body in _HIGHLIGHT:
                return ""
            return self._letters().get(body) or None
        if body.startswith("."):
            if (fixed := _LAYOUT.get(body)) is not None:
                return fixed
            if layout := _REPEATED_LAYOUT.fullmatch(body[1:]):
                return _laid_out(layout[1], int(layout[2] or "1"))
        elif body.startswith("X"):
            # Hexadecimal data are single bytes also where the message itself is in wide characters.
            codec = "utf-8" if self.codec.startswith(("utf-16", "utf-32")) else self.codec
            try:
                return _CONTROL.sub("", bytes.fromhex(body[1:]).decode(codec, "replace"))
            except ValueError:
                return None
        return None


def _selects_characters(body: str) -> bool:
    """Tell whether an escape selects a character set that we read: `C2842`, `M2442`, `M242844`."""
    return bool(_CHARACTER_SET.fullmatch(body)) and is_designation(bytes.fromhex(body[1:]))


def _laid_out(command: str, count: int) -> str:
    """Return a formatting command as white space, within reason: its number is the sender's."""
    count = max(0, min(count, 80))
    return {"sp": "\n" * count, "sk": " " * count}.get(command, "")


def read_delimiters(header: str, codec: str = "utf-8") -> Delimiters:
    """
    Return the delimiters of a header segment (MSH, FHS or BHS).

    An escape character that is written twice, as in the text of a program, counts once. RejectedError
    `delimiters-invalid` when they are not usable: letters, digits, white space, or one used twice.
    """
    name = header[:3]
    field = header[3:4]
    if not field or _NOT_A_DELIMITER.match(field):
        raise RejectedError("delimiters-invalid", f"{name}-1", "The field separator is missing or not usable.")
    characters = header[4:].split(field, 1)[0]
    if len(characters) == _MOST_CHARACTERS and characters[2] == characters[3]:
        characters = characters[:3] + characters[4:]
    used = field + characters
    is_usable = 0 < len(characters) <= _MOST_CHARACTERS and not _NOT_A_DELIMITER.search(characters)
    if not is_usable or len(set(used)) != len(used):
        raise RejectedError("delimiters-invalid", f"{name}-2", "The encoding characters are not usable.")
    return _delimiters(field, characters, codec)


@lru_cache(maxsize=64)
def _delimiters(field: str, characters: str, codec: str) -> Delimiters:
    component, repetition, escape, subcomponent, truncation = [*characters, "", "", "", ""][:5]
    return Delimiters(field, component, repetition, escape, subcomponent, truncation, codec)
