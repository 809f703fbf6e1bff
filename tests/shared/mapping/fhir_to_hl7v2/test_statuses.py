"""A status that a segment cannot say, or that nobody knows, never becomes one that asserts something else."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import RejectedError
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    PATIENT,
    REQUEST,
    SUBJECT,
    Resource,
    generated,
    raw,
    written,
)

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("active", ("NW", "")),
        ("on-hold", ("HD", "HD")),
        ("revoked", ("CA", "CA")),
        ("entered-in-error", ("CA", "ER")),
        ("completed", ("SC", "CM")),
        ("unknown", ("SC", "")),
    ],
)
def test_only_an_order_that_is_active_is_a_new_one(status: str, said: tuple[str, str]) -> None:
    message = written({**REQUEST, "status": status}, kind="OML^O21")

    assert said == (raw(message, "ORC", 1), raw(message, "ORC", 5))


@pytest.mark.parametrize(
    "more",
    [{"status": "draft"}, {"intent": "proposal"}, {"intent": "plan"}, {"doNotPerform": True}],
    ids=["draft", "proposal", "plan", "not to be performed"],
)
def test_what_is_no_order_is_not_ordered(more: dict[str, Any]) -> None:
    with pytest.raises(RejectedError, match="missing-element"):
        written({**REQUEST, **more}, kind="OML^O21")
    one = generated(PATIENT, REQUEST, {**REQUEST, "id": "n", **more}, kind="OML^O21")

    assert 1 == one.payload.count(b"\rORC|")
    assert "Bundle.entry[2].resource" in {issue.location for issue in one.issues}


@pytest.mark.parametrize(
    ("status", "said"), [("unknown", ""), ("final", "F"), ("entered-in-error", "X"), ("amended", "C")]
)
def test_a_report_or_panel_of_a_status_that_nobody_knows_is_not_final(status: str, said: str) -> None:
    report = {"resourceType": "DiagnosticReport", "status": status, "code": {"text": "Glucose"}, "subject": SUBJECT}
    loose = {"resourceType": "Observation", "status": status, "code": {"text": "Glucose"}, "valueString": "high"}

    assert said == raw(written(report, kind="ORU^R01"), "OBR", 25)
    assert said == raw(written(loose, kind="ORU^R01"), "OBR", 25)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ({}, ("NA", "")),
        ({"coding": [{"system": ACT_REASON, "code": "OSTOCK"}]}, ("NA", "")),
        ({"coding": [{"system": ACT_REASON, "code": "PATOBJ"}]}, ("RE", "PATOBJ")),
        ({"coding": [{"code": "00", "display": "Parental decision"}]}, ("RE", "00")),
        ({"text": "the mother said no"}, ("RE", "")),
    ],
    ids=["none", "no stock", "objection", "of another table", "words"],
)
def test_a_vaccine_that_was_not_given_is_refused_only_where_somebody_refused(
    reason: Resource, said: tuple[str, str]
) -> None:
    vaccine = {
        "resourceType": "Immunization",
        "status": "not-done",
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "03"}]},
        "occurrenceDateTime": "2026-03-01",
        "patient": SUBJECT,
        **({"statusReason": reason} if reason else {}),
    }
    message = written(vaccine, kind="VXU^V04")

    assert said == (raw(message, "RXA", 20), raw(message, "RXA", 18).split("^")[0])


@pytest.mark.parametrize(("status", "said"), [(None, "DO"), ("final", "AU"), ("preliminary", "IP")])
def test_a_document_is_authenticated_only_where_that_is_said(status: str | None, said: str) -> None:
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Letter"},
        "masterIdentifier": {"value": "D-1"},
        "subject": SUBJECT,
        "content": [{"attachment": {"contentType": "text/plain", "data": "b25l"}}],
        **({"docStatus": status} if status else {}),
    }

    assert said == raw(written(document, kind="MDM^T02"), "TXA", 17)


ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def unanswered(reason: str, status: str = "final") -> Resource:
    return {
        "resourceType": "Observation",
        "id": "r",
        "status": status,
        "code": {"text": "Glucose"},
        "subject": SUBJECT,
        "dataAbsentReason": {"coding": [{"system": ABSENT, "code": reason}]},
    }


@pytest.mark.parametrize(("status", "said"), [("final", "N"), ("cancelled", "X"), ("preliminary", "P")])
def test_what_was_not_asked_is_no_final_result_without_a_value(status: str, said: str) -> None:
    assert said == raw(written(unanswered("not-asked", status), kind="ORU^R01"), "OBX", 11)


def test_a_reason_that_no_status_says_is_reported() -> None:
    one = generated(PATIENT, unanswered("masked"), kind="ORU^R01")

    assert any(issue.location.startswith("Bundle.entry[1].resource.dataAbsentReason") for issue in one.issues)
    assert not generated(PATIENT, unanswered("unknown"), kind="ORU^R01").issues
