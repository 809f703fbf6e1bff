"""The FHIR endpoint through HTTP: what it takes, what it refuses, what it then shows."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from shared.validation import validate
from tests.local.destinations.running import Destinations, Issuer

Node = dict[str, Any]
NUMBERS = count(1)


def patient(mrn: str, **more: Any) -> Node:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oid:1.2.3", "value": mrn}],
        "name": [{"family": "Testpatient"}],
        **more,
    }


def observation(subject: str, **more: Any) -> Node:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Zz"},
        "subject": {"reference": subject},
        **more,
    }


def fresh() -> str:
    return f"zz-{next(NUMBERS)}"


def code(response: Any) -> str:
    outcome = response.json()
    assert "OperationOutcome" == outcome["resourceType"]
    assert () == validate(outcome)
    found: str = outcome["issue"][0]["details"]["coding"][0]["code"]
    return found


def test_metadata_is_public_valid_and_names_the_interactions(destinations: Destinations) -> None:
    response = destinations.client.get("/fhir/metadata", headers={"authorization": ""})

    statement = response.json()
    assert 200 == response.status_code
    assert [] == [issue for issue in validate(statement) if issue.severity == "error"]
    CapabilityStatement.model_validate(statement)
    observation_part = next(r for r in statement["rest"][0]["resource"] if r["type"] == "Observation")
    assert ["_id", "_lastUpdated", "identifier", "patient", "status", "subject"] == [
        parameter["name"] for parameter in observation_part["searchParam"]
    ]


def test_a_created_resource_is_read_back_with_version_etag_and_location(destinations: Destinations) -> None:
    client, mrn = destinations.client, fresh()

    created = client.post("/fhir/Patient", json=patient(mrn))

    assert (201, 'W/"1"') == (created.status_code, created.headers["etag"])
    assert created.headers["location"].endswith(f"/fhir/Patient/{created.json()['id']}/_history/1")
    read = client.get(f"/fhir/Patient/{created.json()['id']}")
    assert (200, mrn, "1") == (
        read.status_code,
        read.json()["identifier"][0]["value"],
        read.json()["meta"]["versionId"],
    )


def test_an_invalid_resource_is_refused_with_the_place_of_each_fault(destinations: Destinations) -> None:
    before = destinations.effects()

    response = destinations.client.post("/fhir/Patient", json=patient(fresh(), gender="woman", birthDate="1.1.1900"))

    assert 422 == response.status_code
    assert [["Patient.gender"], ["Patient.birthDate"]] == [i["expression"] for i in response.json()["issue"]]
    assert before == destinations.effects()


@pytest.mark.parametrize(("method", "path", "body", "status", "expected"), [
    ("POST", "/fhir/Patient", b"{", 400, "json-invalid"),
    ("POST", "/fhir/Patient", b"[]", 400, "json-invalid"),
    ("POST", "/fhir/Dog", b"{}", 404, "type-unknown"),
    ("POST", "/fhir/Patient", b'{"resourceType":"Observation","status":"final","code":{"text":"x"}}', 400,
     "type-differs"),
    ("POST", "/fhir/Observation",
     b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:a"}}',
     422, "reference-unresolved"),
    ("PUT", "/fhir/Patient/a", b'{"resourceType":"Patient","id":"b"}', 400, "id-differs"),
    ("PUT", "/fhir/Patient", b'{"resourceType":"Patient"}', 412, "condition-invalid"),
    ("PUT", "/fhir/Patient?name=x", b'{"resourceType":"Patient"}', 400, "parameter-unknown"),
    ("GET", "/fhir/Patient/nobody", b"", 404, "resource-unknown"),
    ("GET", "/fhir/Patient/nobody/_history", b"", 404, "resource-unknown"),
    ("DELETE", "/fhir/Patient/nobody", b"", 404, "resource-unknown"),
    ("GET", "/fhir/Patient?name=x", b"", 400, "parameter-unknown"),
    ("GET", "/fhir/Practitioner?status=x", b"", 400, "parameter-unknown"),
    ("GET", "/fhir/Patient?_count=-1", b"", 400, "parameter-invalid"),
    ("GET", "/fhir/Patient?_lastUpdated=soon", b"", 400, "parameter-invalid"),
    ("PATCH", "/fhir/Patient/a", b"", 405, "method-not-supported"),
    ("GET", "/fhir/Patient/a/$everything", b"", 404, "route-unknown"),
    ("POST", "/fhir", b'{"resourceType":"Bundle","type":"collection"}', 400, "bundle-expected"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_with_an_outcome(
    destinations: Destinations, method: str, path: str, body: bytes, status: int, expected: str
) -> None:
    response = destinations.client.request(method, path, content=body)

    assert (status, expected) == (response.status_code, code(response))


def test_a_body_that_is_not_json_by_name_is_refused(destinations: Destinations) -> None:
    response = destinations.client.post("/fhir/Patient", content=b"<Patient/>", headers={"content-type": "text/xml"})

    assert (415, "content-type-not-supported") == (response.status_code, code(response))


def test_a_conditional_create_happens_once_and_refuses_an_ambiguous_condition(destinations: Destinations) -> None:
    client, mrn = destinations.client, fresh()
    condition = {"if-none-exist": f"identifier=urn:oid:1.2.3|{mrn}"}

    first = client.post("/fhir/Patient", json=patient(mrn), headers=condition)
    second = client.post("/fhir/Patient", json=patient(mrn), headers=condition)
    client.post("/fhir/Patient", json=patient(mrn))
    third = client.post("/fhir/Patient", json=patient(mrn), headers=condition)

    assert [201, 200, 412] == [first.status_code, second.status_code, third.status_code]
    assert first.json()["id"] == second.json()["id"]
    assert "condition-ambiguous" == code(third)


def test_an_update_creates_then_keeps_versions_and_if_match_guards_them(destinations: Destinations) -> None:
    client, name = destinations.client, fresh()
    body = patient(name, id=name)

    statuses = [
        client.put(f"/fhir/Patient/{name}", json=body).status_code,
        client.put(f"/fhir/Patient/{name}", json=body, headers={"if-match": 'W/"1"'}).status_code,
        client.put(f"/fhir/Patient/{name}", json=body, headers={"if-match": 'W/"1"'}).status_code,
    ]

    assert [201, 200, 412] == statuses
    history = client.get(f"/fhir/Patient/{name}/_history").json()
    assert ["2", "1"] == [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]
    assert [] == [issue for issue in validate(history) if issue.severity == "error"]
    assert "1" == client.get(f"/fhir/Patient/{name}/_history/1").json()["meta"]["versionId"]


def test_a_conditional_update_finds_the_same_resource_again(destinations: Destinations) -> None:
    client, mrn = destinations.client, fresh()

    answers = [client.put(f"/fhir/Patient?identifier=urn:oid:1.2.3|{mrn}", json=patient(mrn)) for _ in range(2)]

    assert [201, 200] == [answer.status_code for answer in answers]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_a_deleted_resource_is_gone_but_its_versions_stay(destinations: Destinations) -> None:
    client, name = destinations.client, fresh()
    client.put(f"/fhir/Patient/{name}", json=patient(name, id=name))

    statuses = [client.delete(f"/fhir/Patient/{name}").status_code for _ in range(2)]

    assert [204, 204] == statuses
    assert (410, 200) == tuple(client.get(f"/fhir/Patient/{name}{tail}").status_code for tail in ("", "/_history/1"))
    assert 0 == client.get("/fhir/Patient", params={"identifier": name}).json()["total"]
    assert ["PUT", "DELETE"] == [effect["method"] for effect in destinations.effects() if effect["id"] == name]


def test_search_finds_by_identifier_patient_status_and_time(destinations: Destinations) -> None:
    client, name = destinations.client, fresh()
    client.put(f"/fhir/Patient/{name}", json=patient(name, id=name))
    for status in ("final", "amended"):
        created = client.post("/fhir/Observation", json=observation(f"Patient/{name}", status=status))
        assert 201 == created.status_code
    updated = created.json()["meta"]["lastUpdated"]

    def total(kind: str, **query: str) -> int:
        bundle = client.get(f"/fhir/{kind}", params=query).json()
        assert [] == [issue for issue in validate(bundle) if issue.severity == "error"]
        assert "self" == bundle["link"][0]["relation"]
        found: int = bundle["total"]
        return found

    assert [1, 1, 0, 1] == [
        total("Patient", identifier=text) for text in (name, f"urn:oid:1.2.3|{name}", f"urn:x|{name}", f"no,{name}")
    ]
    assert [2, 2, 2] == [
        total("Observation", patient=name), total("Observation", subject=f"Patient/{name}"),
        total("Observation", patient=f"Patient/{name}", status="final,amended"),
    ]  # fmt: skip
    assert 1 == total("Observation", patient=name, status="amended")
    assert 1 == total("Patient", _id=name)
    assert [1, 0] == [total("Patient", _id=name, _lastUpdated=when) for when in (f"le{updated}", "lt2020-01-01")]
    page = client.get("/fhir/Observation", params={"patient": name, "_count": "1"}).json()
    assert (2, 1) == (page["total"], len(page["entry"]))


@pytest.mark.parametrize(("claims", "status", "expected"), [
    ({"aud": "api://other"}, 401, "token-invalid"),
    ({"iss": "https://else.test"}, 401, "token-invalid"),
    ({"exp": 1}, 401, "token-invalid"),
    ({"roles": ()}, 403, "role-missing"),
    ({"roles": ("fhir.read",)}, 403, "role-missing"),
])  # fmt: skip
def test_a_token_that_does_not_allow_writing_is_refused(
    destinations: Destinations, issuer: Issuer, claims: Node, status: int, expected: str
) -> None:
    headers = {"authorization": f"Bearer {issuer.token(**claims)}"}

    response = destinations.client.post("/fhir/Patient", json=patient(fresh()), headers=headers)

    assert (status, expected) == (response.status_code, code(response))
    assert (status == 401) == ("www-authenticate" in response.headers)


def test_no_token_and_a_forged_token_are_refused_and_a_scope_may_read(
    destinations: Destinations, issuer: Issuer
) -> None:
    forged = issuer.token()[:-8] + "AAAAAAAA"
    reader = issuer.token(roles=(), scope="openid fhir.read")

    statuses = [
        destinations.client.get("/fhir/Patient", headers={"authorization": header}).status_code
        for header in ("", "Basic eDp5", f"Bearer {forged}", "Bearer x", f"Bearer {reader}")
    ]

    assert [401, 401, 401, 401, 200] == statuses


def test_a_token_that_was_good_is_refused_as_soon_as_it_expires(destinations: Destinations, issuer: Issuer) -> None:
    headers = {"authorization": f"Bearer {issuer.token(exp=int(time.time()) + 2)}"}
    statuses = [destinations.client.get("/fhir/Patient", headers=headers).status_code]

    deadline = time.monotonic() + 5
    while statuses[-1] == 200 and time.monotonic() < deadline:
        time.sleep(0.1)
        statuses.append(destinations.client.get("/fhir/Patient", headers=headers).status_code)

    assert [200, 401] == [statuses[0], statuses[-1]]


def test_a_text_that_reads_like_a_reference_is_none(destinations: Destinations) -> None:
    named = patient(fresh(), name=[{"family": '"reference":"urn:uuid:a"'}])

    assert 201 == destinations.client.post("/fhir/Patient", json=named).status_code


def test_a_repeated_idempotency_key_gives_the_same_answer_and_no_second_effect(destinations: Destinations) -> None:
    client, key, mrn = destinations.client, fresh(), fresh()

    first = client.post("/fhir/Patient", json=patient(mrn), headers={"idempotency-key": key})
    again = client.post("/fhir/Patient", json=patient(mrn), headers={"idempotency-key": key})
    other = client.post("/fhir/Patient", json=patient(fresh()), headers={"idempotency-key": key})

    assert (201, 201, 422) == (first.status_code, again.status_code, other.status_code)
    assert first.content == again.content
    assert "true" == again.headers["idempotency-replayed"]
    assert "idempotency-key-reused" == code(other)
    effects = [effect for effect in destinations.effects() if effect["idempotencyKey"] == key]
    assert [("POST", "Patient", first.json()["id"], 1)] == [
        (effect["method"], effect["resourceType"], effect["id"], effect["version"]) for effect in effects
    ]
