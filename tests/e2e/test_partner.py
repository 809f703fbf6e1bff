from __future__ import annotations

import uuid

import httpx
import pytest

from tests.e2e.er7 import Hl7, Observation, unique
from tests.e2e.partner import HL7, PROBLEM, Partner, segments
from tests.e2e.platform_process import PlatformProcess

LIMIT = 10 * 1024 * 1024


def test_a_result_is_acknowledged_with_an_id_of_ours(lab: Partner) -> None:
    message = Hl7()
    receipt = lab.send(message)

    assert (200, "AA") == (receipt.status, receipt.code)
    assert [f"MSA|AA|{message.control_id}"] == segments(receipt.body, "MSA")
    assert receipt.message_id == str(uuid.UUID(receipt.message_id))


def test_plain_text_is_accepted_too(lab: Partner) -> None:
    response = lab.post(Hl7().payload, "text/plain; charset=utf-8")

    assert 200 == response.status_code
    assert "MSA|AA|" in response.text


@pytest.mark.parametrize("delimiters", ["*^~\\&", "#:;?="])
def test_the_acknowledgment_has_the_senders_delimiters(lab: Partner, delimiters: str) -> None:
    message = Hl7(delimiters=delimiters)
    receipt = lab.send(message)
    separator = delimiters[0]

    assert "AA" == receipt.code
    assert [separator.join(("MSA", "AA", message.control_id))] == segments(receipt.body, "MSA")
    assert receipt.body.startswith(f"MSH{delimiters}{separator}CORRIDOR{separator}HARBOR{separator}RVLIS".encode())


@pytest.mark.parametrize(
    ("message", "code", "place", "condition", "reason"),
    [
        (Hl7(control_id="", filler="F-NONE"), "AE", "MSH^1^10^1", "101", "missing-control-id"),
        (Hl7(without=("OBR",)), "AE", "OBR^1", "100", "missing-segment"),
        (Hl7(msh={9: "ZZZ^Z01"}), "AR", "MSH^1^9^1^1", "200", "unsupported-message-type"),
        (Hl7(msh={9: "ORU^R99^ORU_R01"}), "AR", "MSH^1^9^1^2", "201", "unsupported-event"),
        (Hl7(msh={12: "9.9"}), "AR", "MSH^1^12^1", "203", "unsupported-version"),
        (Hl7(msh={11: "D"}), "AR", "MSH^1^11^1", "202", "unsupported-processing-id"),
    ],
)
def test_a_refusal_says_where_and_why(
    lab: Partner, message: Hl7, code: str, place: str, condition: str, reason: str
) -> None:
    receipt = lab.send(message)
    fields = segments(receipt.body, "ERR")[0].split("|")

    assert (422, code) == (receipt.status, receipt.code)
    assert place == fields[2]
    assert condition == fields[3].split("^")[0]
    assert "E" == fields[4]
    assert reason == fields[5].split("^")[0]
    page = lab.status(receipt.message_id).json()
    assert ("rejected", reason) == (page["status"], page["code"])


def test_the_same_bytes_get_the_same_acknowledgment_and_have_no_effect(lab: Partner) -> None:
    message = Hl7()
    first = lab.send(message)
    lab.outcome(first.message_id)
    second = lab.send(message)

    assert first == second
    assert {"delivered": 2} == lab.outcome(first.message_id)["deliveries"]


@pytest.mark.parametrize(
    ("payload", "media_type", "status", "code"),
    [
        (b"Dear colleague, please find enclosed", HL7, 400, "not-hl7v2"),
        (b"", HL7, 400, "not-hl7v2"),
        (b"{}", "application/json", 415, "media-type-unsupported"),
        (Hl7().payload, None, 415, "media-type-unsupported"),
        (b"FHS|^~\\&\rBHS|^~\\&\r" + Hl7().payload, HL7, 400, "batch-not-split"),
        (Hl7(extra=("NTE|1||" + "x" * LIMIT,)).payload, HL7, 413, "too-large"),
    ],
    ids=["letter", "empty", "json", "no-type", "batch", "too-large"],
)
def test_what_cannot_be_acknowledged_is_a_problem_document(
    lab: Partner, payload: bytes, media_type: str | None, status: int, code: str
) -> None:
    response = lab.post(payload, media_type)
    problem = response.json()

    assert (status, PROBLEM) == (response.status_code, response.headers["Content-Type"])
    assert (status, code, f"urn:corridor:error:{code}") == (problem["status"], problem["code"], problem["type"])
    assert not problem["retryable"]


def test_the_status_page_says_in_words_where_a_message_is(lab: Partner) -> None:
    message = Hl7()
    page = lab.outcome(lab.accepted(message))

    assert "processed" == page["status"]
    assert "Processed: 2 of 2 deliveries done." == page["where"]
    assert {"delivered": 2} == page["deliveries"]
    assert ("ORU^R01", message.control_id, "AA") == (page["messageType"], page["controlId"], page["acknowledgment"])
    assert message.mrn not in str(page)


def test_a_preliminary_result_goes_only_where_it_is_wanted(lab: Partner) -> None:
    page = lab.outcome(lab.accepted(Hl7(status="P", observations=(Observation(status="P"),))))

    assert {"delivered": 1} == page["deliveries"]


def test_no_partner_sees_another_ones_message(lab: Partner, other_lab: Partner) -> None:
    message_id = lab.accepted(Hl7())
    unknown = lab.status(str(uuid.uuid4()))

    for response in (other_lab.status(message_id), unknown, lab.status("no-id-at-all")):
        assert (404, PROBLEM) == (response.status_code, response.headers["Content-Type"])
        assert unknown.json() == response.json()


def test_health_needs_no_token_and_what_nobody_serves_is_not_found(platform: PlatformProcess) -> None:
    with httpx.Client(base_url=platform.api_url) as anyone:
        assert 200 == anyone.get("/api/v1/health").status_code
        for path in ("/", "/api/v1/", "/api/v1/partners", "/api/v2/health", "/api/v1/messages"):
            assert 404 == anyone.get(path).status_code, path
        assert 404 == anyone.get("/api/v1/partners/riverside-lab/hl7v2").status_code


def test_the_senders_trace_runs_through_every_hop(platform: PlatformProcess, lab: Partner) -> None:
    trace_id, span = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    message_id = lab.accepted(Hl7(), traceparent=f"00-{trace_id}-{span}-01")
    lab.outcome(message_id)
    (trace,) = platform.trace(message_id)
    hops = trace["hops"]

    assert ["intake_receive_hl7v2", "delivery_send", "delivery_send"] == [
        hop["function"] for hop in hops if not hop["function"].startswith("lab_results")
    ]
    assert {trace_id} == {hop["traceparent"].split("-")[1] for hop in hops}
    assert len(hops) == len({hop["traceparent"].split("-")[2] for hop in hops})
    assert [trace["message"]["message_id"]] == [one["message"]["message_id"] for one in platform.trace(trace_id)]


def test_a_control_id_with_other_bytes_is_a_new_message_and_flagged(platform: PlatformProcess, lab: Partner) -> None:
    first = Hl7(control_id=unique("C"))
    second = first.now(control_id=first.control_id, observations=(Observation("4.2"),))
    ids = [lab.accepted(first), lab.accepted(second)]
    traces = platform.trace(first.control_id)

    assert ids == [trace["message"]["message_id"] for trace in traces]
    assert [False, True] == [trace["message"]["control_id_reused"] for trace in traces]
