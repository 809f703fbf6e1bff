"""What a command reads and writes: the files behind its PATHs, their formats, the places of their results."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from cli.json_text import json_parts

FORMATS = ("hl7v2", "ccda", "x12", "csv", "dicom", "fhir")

_HEAD_BYTES = 4096
_DICOM_MARK = slice(128, 132)
_BY_CONTENT = (
    ("hl7v2", re.compile(rb"(MSH|FHS|BHS)[^A-Za-z0-9\s]")),
    ("x12", re.compile(rb"ISA[^A-Za-z0-9\s]")),
    ("fhir", re.compile(rb'\{.*?"resourceType"|<.*?xmlns="http://hl7\.org/fhir"', re.DOTALL)),
    ("ccda", re.compile(rb"<.*?ClinicalDocument\b", re.DOTALL)),
)
_BY_SUFFIX = {
    ".hl7": "hl7v2",
    ".hl7v2": "hl7v2",
    ".er7": "hl7v2",
    ".x12": "x12",
    ".edi": "x12",
    ".csv": "csv",
    ".dcm": "dicom",
    ".ccda": "ccda",
    ".cda": "ccda",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read, the name of its results below `--out`, and whether the user named it or its folder."""

    path: Path
    name: Path
    is_named: bool = True


def find_sources(paths: Sequence[Path], out: Path | None) -> list[Source]:
    """
    Return the files that `paths` name, in a stable order; a folder stands for all files in it but the hidden ones.

    Wrong usage when several files have no `--out`, or when two would write the same result.
    """
    files: dict[Path, Source] = {}
    for path in paths:
        for source in _below(path, out) if path.is_dir() else [Source(path, Path(path.name))]:
            other = files.setdefault(source.name, source)
            if other.path != source.path:
                raise click.UsageError(f"{other.path} and {source.path} would both write {source.name} in --out")
    if out is None and (len(files) > 1 or any(path.is_dir() for path in paths)):
        raise click.UsageError("a folder or several files need --out DIR")
    return list(files.values())


def _below(folder: Path, out: Path | None) -> Iterator[Source]:
    skip = out.resolve() if out else None
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if name[0] != "." and (here / name).resolve() != skip)
        for name in sorted(names):
            if name[0] != "." and (here / name).is_file():
                yield Source(here / name, (here / name).relative_to(folder), is_named=False)


def detect_format(path: Path) -> str | None:
    """Return the format of a file by its first bytes, else by its suffix; None when neither tells."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[_DICOM_MARK] == b"DICM":
        return "dicom"
    text = head.lstrip(b"\x0b\xef\xbb\xbf\r\n\t ")
    by_content = next((name for name, pattern in _BY_CONTENT if pattern.match(text)), None)
    return by_content or _BY_SUFFIX.get(path.suffix.lower())


def write_bytes(out: Path, name: Path, suffix: str, content: bytes) -> Path:
    """Write `content` as it is, where `write_result` would write its JSON."""
    target = out / name.with_name(f"{name.name}{suffix}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def write_result(out: Path, name: Path, suffix: str, content: object) -> Path:
    """Write `content` to `out`, beside the other results of the same file, and return where."""
    target = out / name.with_name(f"{name.name}{suffix}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        file.writelines(json_parts(content))
    return target
