"""Invented patient data that can be found again: each value is unique, and so are its encodings and digests."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path


def _word(prefix: str) -> str:
    return f"Q{prefix}{uuid.uuid4().hex[:10].upper()}"


def _digits(count: int) -> str:
    return "".join(random.choices("123456789", k=count))


@dataclass(frozen=True)
class Canaries:
    """What one patient, one order and one report could give away."""

    mrn: str
    family: str
    given: str
    born: str
    street: str
    city: str
    phone: str
    ssn: str
    mother: str
    account: str
    clinician: str
    filler: str
    note: str
    text: str
    number: str
    flag: str
    document: str
    own_segment: str

    @classmethod
    def new(cls) -> Canaries:
        ssn = _digits(9)
        special = {
            "born": f"1943{random.randint(1, 12):02d}{random.randint(1, 28):02d}{_digits(6)}",
            "phone": _digits(10),
            "ssn": f"{ssn[:3]}-{ssn[3:5]}-{ssn[5:]}",
            "number": f"9.{_digits(6)}",
        }
        return cls(**{field.name: special.get(field.name) or _word(field.name[:4].upper()) for field in fields(cls)})

    @property
    def values(self) -> dict[str, str]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


class Search:
    """Looks for canaries in any of the forms in which they could have been carried off."""

    def __init__(self) -> None:
        self._needles: dict[bytes, str] = {}

    def add(self, name: str, value: str) -> None:
        for form, needle in _forms(value):
            self._needles[needle.lower()] = f"{name}, {form}"

    def only(self, names: set[str]) -> Search:
        """Return the search for these alone: looking for all of them in all of a folder takes a minute."""
        found = Search()
        found._needles = {needle: name for needle, name in self._needles.items() if name in names}
        return found

    def within(self, content: bytes) -> list[str]:
        """Return what is found; case does not count."""
        lower = content.lower()
        return sorted({name for needle, name in self._needles.items() if needle in lower})

    def within_files(self, folder: Path, besides: tuple[str, ...] = ()) -> dict[str, list[str]]:
        """Return what is found in the files below a folder, but for the folders that may hold it."""
        found = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_file() and not name.startswith(besides):
                try:
                    found[name] = self.within(path.read_bytes())
                except FileNotFoundError:
                    continue
        return {name: what for name, what in found.items() if what}

    def within_names(self, folder: Path) -> list[str]:
        """Return what is found in the names of files and folders, at any depth."""
        return self.within("\n".join(str(path.relative_to(folder)) for path in folder.rglob("*")).encode())


def _forms(value: str) -> Iterator[tuple[str, bytes]]:
    for spelling in dict.fromkeys((value, value.upper(), value.lower())):
        plain = spelling.encode()
        yield "plain", plain
        yield "UTF-16", spelling.encode("utf-16-le")
        yield "hex", plain.hex().encode()
        for offset in range(3):
            # What is left of base64 at each alignment, without the characters that its neighbours decide.
            encoded = base64.b64encode(b"\0" * offset + plain)
            start, end = (0, 2, 3)[offset], len(encoded) - (0, 4, 3)[(offset + len(plain)) % 3]
            yield "base64", encoded[start + (offset > 0) : end]
        for algorithm in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(algorithm, plain, usedforsecurity=False).digest()
            yield algorithm, digest.hex().encode()
            yield algorithm, base64.b64encode(digest).rstrip(b"=")
            yield algorithm, digest
