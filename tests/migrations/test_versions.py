"""A migration that was released is never edited: a ledger that has it would not get what was changed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import migrations

VERSIONS = Path(migrations.__file__).parent / "versions"

# Only ever longer: what an older migration should have said, the next one says.
RELEASED = {
    "0001_thin_slice": "b9c5553077f5e1f4",
    "0002_delivery_engine": "b6ebd0fcc70835a8",
    "0003_audit_seal": "27842d69f2e9df8a",
    "0004_thresholds": "1837ea8b82e39c9f",
    "0005_adt_routing": "81146cc0e6ccee4a",
    "0006_replay": "d6e6106d100411c1",
    "0007_file_drops": "c0d9b3e733f4d1e5",
    "0008_authority": "bc3aff852c5f9be7",
    "0009_signature_nonce": "a5ff2be4bfde56b4",
    "0010_one_statement": "236113f4f84078a5",
    "0011_retention": "7addd46386550d30",
    "0012_what_follows": "ce76ea46489ed815",
    "0013_facts_apart": "fed99f5be8f10fbc",
    "0014_fewer_statements": "92d0b88bdc6eecfd",
}


def test_released_migrations_say_what_they_said() -> None:
    found = {file.stem: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in sorted(VERSIONS.glob("*.sql"))}

    assert RELEASED == found
