"""What of a patient is found where no payload may be."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from local.soak.privacy import Leaks
from local.soak.traffic import soak_traffic

TRAFFIC = soak_traffic(3, 60)
ONE = next(one.posting for one in TRAFFIC if one.posting.subject)
NAME = b"TESTPATIENT-ALDER"


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"could not deliver " + NAME, "a patient's words"),
        (NAME.hex().encode(), "a patient's words"),
        (NAME.decode().encode("utf-16-le"), "a patient's words"),
        *((b64encode(b"\0" * place + NAME + b"^QUILL"), "a patient's words") for place in range(3)),
        (b"stream of " + ONE.subject.encode() + b" parked", "a record number"),
        (b"key=" + sha256(ONE.subject.encode()).hexdigest().encode(), "a record number's digest"),
        (b"." * (8 * 1024 * 1024 - 5) + NAME, "a patient's words"),
    ],
    ids=["plain", "hexadecimal", "utf-16", "base64-0", "base64-1", "base64-2", "number", "digest", "across pieces"],
)
def test_a_leak_is_found_in_any_of_its_forms(tmp_path: Path, content: bytes, finding: str) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "host.log").write_bytes(content)
    leaks = Leaks(TRAFFIC)
    leaks.look_everywhere(tmp_path)

    assert [f"{finding} in logs/host.log"] == leaks.found


def test_rooms_that_may_hold_payloads_are_not_looked_into_and_opaque_ids_are_no_leak(tmp_path: Path) -> None:
    for room in ("archive", "destinations", "postgres", "logs"):
        (tmp_path / room).mkdir()
    (tmp_path / "archive" / "one").write_bytes(ONE.payload)
    (tmp_path / "logs" / "host.log").write_text("T123 5f2b0c1e-0000-4000-8000-000000000000 " + "ab" * 32)
    leaks = Leaks(TRAFFIC)
    leaks.look_everywhere(tmp_path)

    assert [] == leaks.found
