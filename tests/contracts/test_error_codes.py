"""docs/errors.md explains every code that Corridor can raise or record, with the answer that a sender gets."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.intake.policy import CONTROL_ID_REUSED, envelope_problems, refusal_code
from shared.delivery import gate
from shared.errors import ConfigurationError, RejectedError, TransientError
from shared.formats.hl7v2.acknowledgment import acknowledge
from shared.formats.hl7v2.envelope import read_envelope
from shared.formats.hl7v2.parse import Limits, parse
from shared.partners.model import Sender
from shared.partners.profile import PartnerProfile
from shared.problem import status_of
from shared.validation.findings import KINDS
from tests.contracts.error_codes import codes_of
from tests.contracts.pages import Row, page, plain, table, tables
from tests.functions.messages import oru

ROOT = Path(__file__).parents[2]
INVARIANT = re.compile(r"[a-z]{2,4}-\d+")


@pytest.mark.unmeasured
def test_every_code_that_can_be_raised_is_explained_and_no_other() -> None:
    found = codes_of("shared", "functions", "cli", "local/supervisor", "local/platform")
    # A finding of the walker is computed by the check of a type: what may come out of it is in its table.
    by_type = {
        node.value
        for path in (ROOT / "shared/validation").glob("*.py")
        if path.name != "findings.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in KINDS
    }
    # What a gate notes with an entry that it holds back: constants, because the pipeline compares with them.
    held = {gate.HALTED, gate.OPEN, gate.BUSY, gate.THROTTLED}
    raised = {code for code in {*found.codes, *by_type, *held} if not INVARIANT.fullmatch(code)}
    explained = {plain(row["code"]) for rows in tables(page("errors.md")) for row in rows if "code" in row}

    assert {"shared/validation/walker.py"} >= {place.split(":")[0] for place in found.unresolved}
    assert raised == explained


def test_a_code_is_found_however_it_is_handed_on() -> None:
    found = codes_of("shared/formats/hl7v2", "local/supervisor")

    assert {"missing-control-id", "charset-assumed", "component-never-ready", "port-taken"} <= set(found.codes)


@pytest.mark.parametrize("row", table("errors.md", "Answered with a problem document"), ids=lambda row: row["code"])
def test_the_status_of_a_problem_is_the_one_on_the_page(row: Row) -> None:
    code = plain(row["code"])
    error = TransientError(code) if row["again"] == "yes" else RejectedError(code)

    assert int(row["HTTP"]) == status_of(error)


def test_the_page_says_what_a_wrong_setting_answers() -> None:
    status = status_of(ConfigurationError("setting-missing"))

    assert f"An app whose settings are wrong answers {status:d} " in page("errors.md")


def without(field: int) -> bytes:
    """Return a message whose MSH lacks a field."""
    header, *rest = oru().split(b"\r")
    fields = header.split(b"|")
    fields[field - 1] = b""
    return b"\r".join([b"|".join(fields), *rest])


def merge(prior: str) -> bytes:
    """Return a merge of `prior` into a patient."""
    segments = (
        "MSH|^~\\&|ADT|HARBOR|CORRIDOR|TEST|20260314102000-0400||ADT^A40^ADT_A39|M-1|P|2.5.1",
        "EVN|A40|20260314102000-0400",
        "PID|1||TEST-1^^^HARBOR^MR||TESTPATIENT-ALDER",
        f"MRG|{prior}^^^HARBOR^MR",
    )
    return "\r".join(segments).encode() + b"\r"


REFUSED: dict[str, bytes] = {
    "missing-message-type": without(9),
    "missing-control-id": without(10),
    "missing-processing-id": without(11),
    "missing-version": without(12),
    "missing-segment": b"\r".join(oru().split(b"\r")[:2]) + b"\r",
    "merge-without-identifier": merge(""),
    "several-survivors": merge("TEST-2") + b"PID|2||TEST-3^^^HARBOR^MR||TESTPATIENT-ASH\rMRG|TEST-4^^^HARBOR^MR\r",
    "control-id-reused": oru(),
    "unsupported-character-set": oru(version="2.5.1||||||KLINGON"),
    "undecodable-bytes": oru(version="2.5.1||||||UNICODE UTF-8").replace(b"QUILL", b"\xff"),
    "segment-name-invalid": oru().replace(b"\rPID", b"\rno segment\rPID", 1),
    "several-messages": oru() + oru(),
    "too-many-segments": oru(),
    "too-many-fields": oru(),
    "too-many-separators": oru().replace(b"\rOBX", b"\rNTE|1||" + b"^" * 600 + b"\rOBX", 1),
    "unsupported-message-type": oru(message_type="ZZZ^Z01"),
    "unsupported-event": oru(message_type="ORU^R99^ORU_R01"),
    "processing-id-invalid": oru(processing_id="X"),
    "unsupported-processing-id": oru(processing_id="D"),
    "unsupported-version": oru(version="2.1"),
}
LIMITS = {
    "too-many-segments": Limits(segments=2),
    "too-many-fields": Limits(fields=15),
    "too-many-separators": Limits(separators=500),
}


def refusal(code: str) -> tuple[str, str]:
    """Return MSA-1 and the condition in ERR-3 beside our code, as a sender gets them."""
    envelope = read_envelope(REFUSED[code], limits=LIMITS.get(code, Limits()))
    problems = envelope_problems(envelope, Sender(("P",), True, PartnerProfile("sender")))
    if code == "control-id-reused":
        problems = (CONTROL_ID_REUSED,)
    answer = acknowledge(
        replace(envelope, version="2.5.1"),
        refusal_code(problems),
        control_id="A",
        instant=datetime(2026, 3, 14, tzinfo=UTC),
        errors=problems,
    )
    message = parse(answer)
    acknowledged = message.first("MSA")
    assert acknowledged
    conditions = {error.text(5): error.text(3) for error in message.all("ERR")}
    return acknowledged.text(1), conditions[code]


def test_a_refusal_is_the_one_on_the_page() -> None:
    rows = table("errors.md", "Answered with AE or AR")

    assert {plain(row["code"]): (row["MSA-1"], row["ERR-3"]) for row in rows} == {
        code: refusal(code) for code in REFUSED
    }
