"""What was discarded is sent again by a plan, and a held payload is mended, by the command line (D05, D07)."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.er7 import Hl7
from tests.e2e.partner import Partner
from tests.e2e.platform_process import PlatformProcess, wait_until
from tests.e2e.test_operations import corridor, waiting


def told(platform: PlatformProcess, *words: str) -> str:
    done = corridor(platform, *words)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_a_plan_is_shown_approved_by_a_second_person_run_and_seen_in_the_books(
    platform: PlatformProcess, lab: Partner
) -> None:
    message = lab.accepted(Hl7())
    lab.outcome(message)

    question = ("--message", message, "--destination", "harbor-ehr")
    plan = json.loads(told(platform, "replay", "plan", *question, "--reason", "a test", "--json"))
    assert ("ready", 1, "no-change") == (plan["state"], plan["toSend"], plan["forecast"][0]["effect"])
    assert 0 != corridor(platform, "replay", "run", plan["id"], "--reason", "too early").returncode
    approved = told(platform, "replay", "approve", plan["id"], "--reason", "seen")
    assert (True, False) == (approved.endswith(": 1 deliveries\n"), plan["requestedBy"] in approved)
    told(platform, "replay", "run", plan["id"], "--reason", "agreed")
    wait_until(lambda: '"state": "done"' in told(platform, "replay", "show", plan["id"], "--json"), 30, "the run")
    assert 0 != corridor(platform, "replay", "run", plan["id"], "--reason", "again").returncode
    assert "1 no-change, 1 owed" in told(platform, "replay", "show", plan["id"], "--items")
    wait_until(lambda: "(replay)" in told(platform, "reconcile"), 30, "the replay in the books")


def test_a_held_payload_is_revealed_mended_and_processed(
    platform: PlatformProcess, lab: Partner, tmp_path: Path
) -> None:
    message = lab.send(Hl7(obr={25: "?"})).message_id
    wait_until(lambda: bool(waiting(platform, message)), 30, "the message in quarantine")
    (identifier,) = waiting(platform, message)
    held, mended = tmp_path / "held.hl7", tmp_path / "mended.hl7"

    told(platform, "quarantine", "reveal", identifier, "--reason", "which field?", "--to", str(held))
    assert 0o600 == held.stat().st_mode & 0o777
    mended.write_bytes(held.read_bytes().replace(b"|?", b"|F"))
    fixed = told(platform, "quarantine", "fix", identifier, str(mended), "--reason", "says the laboratory")

    assert fixed.startswith(f"{identifier} corrected by message ")
    copy = fixed.split()[-1]
    wait_until(lambda: "processed" in told(platform, "trace", copy), 30, "the copy")
