"""
Canaries: what of the patients is found where no payload may be (invariant 5).

Every invented patient has a few words that occur nowhere else. They are looked for as they are, in hexadecimal and in
base64 at each alignment, and the record numbers also as digests: a bare hash of an identifier is no secret.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import md5, sha1, sha256, sha512
from pathlib import Path
from typing import Final

from local.soak.traffic import Errand

ROOMS: Final = ("archive", "destinations", "partners", "postgres")
"""The folders that may hold payloads: the archive, the ledger, and what is the destinations' own."""

_WORDS = ("TESTPATIENT-", "Invented & Sons", "TESTDOCTOR-", "^^^HARBOR^MR")
_RECORD = re.compile(rb"\bT\d{6,}B?\b")
_HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{32,128}")
_DIGESTS = (md5, sha1, sha256, sha512)
_CHUNK = 8 * 1024 * 1024
_OVERLAP = 256


class Leaks:
    """What was found, and where: names of files and kinds of finding, never what was found itself."""

    def __init__(self, errands: Iterable[Errand]) -> None:
        records = sorted({errand.posting.subject for errand in errands if errand.posting.subject})
        self._needles = [needle for word in _WORDS for needle in _forms(word)]
        self._digests = {kind(record.encode()).hexdigest().encode() for record in records for kind in _DIGESTS}
        self._records = {record.encode() for record in records}
        self.found: list[str] = []

    def look_into(self, folder: Path) -> None:
        """Search every file below a folder."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            try:
                findings = {finding for part in _parts(file) for finding in self._within(part)}
            except FileNotFoundError:
                continue
            self.found += [f"{finding} in {folder.name}/{file.relative_to(folder)}" for finding in sorted(findings)]

    def look_everywhere(self, data: Path) -> None:
        """Search a platform's data folder, but for the rooms."""
        for folder in sorted(path for path in data.iterdir() if path.is_dir() and path.name not in ROOMS):
            self.look_into(folder)

    def _within(self, content: bytes) -> Iterator[str]:
        if any(needle in content for needle in self._needles):
            yield "a patient's words"
        if any(found in self._records for found in _RECORD.findall(content)):
            yield "a record number"
        if any(found.lower() in self._digests for found in _HEXADECIMAL.findall(content)):
            yield "a record number's digest"


def _forms(word: str) -> Iterator[bytes]:
    plain = word.encode()
    yield from (plain, plain.hex().encode(), plain.hex().upper().encode(), word.encode("utf-16-le"))
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + plain)
        start, end = (0, 2, 3)[offset], len(encoded) - (0, 4, 3)[(offset + len(plain)) % 3]
        yield encoded[start + (offset > 0) : end]


def _parts(file: Path) -> Iterator[bytes]:
    """Yield a file piece by piece; each piece begins with the end of the one before."""
    with file.open("rb") as content:
        tail = b""
        while chunk := content.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-_OVERLAP:]
