"""
What a map makes changes only with its version: lineage, replays and Provenance name the version as what made a bundle.

`map_versions.json` holds, for the version of each map, a digest of every example's bundle. A map that makes anything
else of an example needs a higher version in its module; `pytest tests/shared/mapping/hl7v2_to_fhir --update-examples`
then writes examples and digests anew. An example that is added needs no new version.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from shared.formats.hl7v2.parse import parse
from shared.mapping.hl7v2_to_fhir.registry import map_of

EXAMPLES = Path(__file__).parent / "examples"
RECORD = Path(__file__).parent / "map_versions.json"

Record = dict[str, dict[str, Any]]


def made(examples: Path = EXAMPLES) -> Record:
    """Return, by map, its version and the digest of the bundle that each example says it makes."""
    found: Record = defaultdict(dict)
    for file in sorted(examples.glob("*/*.hl7")):
        used = map_of(parse(file.read_bytes()))
        expected = json.loads(file.with_suffix(".expected.json").read_bytes(), parse_float=str)
        content = json.dumps(expected["bundle"], sort_keys=True).encode()
        digests = found[used.name].setdefault("examples", {})
        digests[f"{file.parent.name}/{file.stem}"] = hashlib.sha256(content).hexdigest()[:16]
        found[used.name]["version"] = used.version
    return dict(found)


def unversioned(record: Record, now: Record) -> list[str]:
    """Return the examples of which a map makes something else under the version that is recorded, or an older one."""
    return [
        f"{name} {used['version']}: {example}"
        for name, used in now.items()
        if name in record and _parts(used["version"]) <= _parts(record[name]["version"])
        for example, digest in used["examples"].items()
        if record[name]["examples"].get(example, digest) != digest
    ]


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_what_a_map_makes_changes_only_with_its_version(request: pytest.FixtureRequest) -> None:
    record, now = json.loads(RECORD.read_bytes()), made()

    assert [] == unversioned(record, now), "raise the version of these maps"
    if request.config.getoption("--update-examples", default=False):
        RECORD.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert json.loads(RECORD.read_bytes()) == now, "run pytest tests/shared/mapping/hl7v2_to_fhir --update-examples"


def test_a_changed_example_asks_for_a_higher_version_and_a_new_one_does_not() -> None:
    record: Record = {"map": {"version": "1.9.0", "examples": {"a": "1", "b": "2"}}}
    changed = {"a": "1", "b": "3", "new": "4"}

    assert [
        ["map 1.9.0: b"],
        ["map 1.8.9: b"],
        [],
    ] == [unversioned(record, {"map": {"version": one, "examples": changed}}) for one in ("1.9.0", "1.8.9", "1.10.0")]


def test_the_same_message_with_another_bundle_has_another_digest(tmp_path: Path) -> None:
    def digests(gender: str) -> Record:
        folder = tmp_path / "adt"
        folder.mkdir(exist_ok=True)
        (folder / "one.hl7").write_bytes(b"MSH|^~\\&|REG|NG|||20260301||ADT^A08|1|P|2.5.1")
        (folder / "one.expected.json").write_text(json.dumps({"bundle": {"gender": gender}, "issues": []}))
        return made(tmp_path)

    assert digests("male") == digests("male")
    assert digests("male") != digests("female")
