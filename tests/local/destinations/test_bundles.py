"""Transactions and batches: all or nothing, names resolved, each refusal at its entry."""

from __future__ import annotations

from typing import Any

from shared.validation import validate
from tests.local.destinations.running import Destinations
from tests.local.destinations.test_fhir_endpoint import Node, code, fresh, observation, patient
from tests.shared.validation.samples import transaction, urn


def entry(resource: Node, method: str = "POST", url: str = "", number: int = 0, **request: str) -> Node:
    name = {"fullUrl": urn(number)} if number else {}
    return {
        **name,
        "resource": resource,
        "request": {"method": method, "url": url or resource["resourceType"], **request},
    }


def bundle(*entries: Node, kind: str = "transaction") -> Node:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def statuses(response: Any) -> list[str]:
    return [one["response"]["status"] for one in response.json()["entry"]]


def test_a_transaction_resolves_its_names_and_answers_in_the_order_of_its_entries(destinations: Destinations) -> None:
    client, mrn = destinations.client, fresh()
    sent = bundle(
        entry(observation(urn(1), id="ignored"), number=2),
        entry(patient(mrn), number=1, ifNoneExist=f"identifier=urn:oid:1.2.3|{mrn}"),
    )

    first, second = client.post("/fhir", json=sent), client.post("/fhir/", json=sent)

    assert ["201 Created", "201 Created"] == statuses(first)
    assert ["201 Created", "200 OK"] == statuses(second)
    assert [] == [issue for issue in validate(first.json()) if issue.severity == "error"]
    location = first.json()["entry"][0]["response"]["location"]
    stored = client.get(location.removeprefix(str(client.base_url)).split("/_history")[0]).json()
    found = client.get("/fhir/Patient", params={"identifier": mrn}).json()["entry"][0]["resource"]
    assert f"Patient/{found['id']}" == stored["subject"]["reference"]


def test_one_invalid_entry_refuses_the_whole_transaction(destinations: Destinations) -> None:
    mrn = fresh()
    broken = observation(urn(1))
    del broken["status"]

    response = destinations.client.post("/fhir", json=bundle(entry(patient(mrn), number=1), entry(broken)))

    assert 422 == response.status_code
    assert [["Bundle.entry[1].resource.status"]] == [issue["expression"] for issue in response.json()["issue"]]
    assert 0 == destinations.client.get("/fhir/Patient", params={"identifier": mrn}).json()["total"]


def test_a_conflict_in_the_last_entry_undoes_the_first(destinations: Destinations) -> None:
    client, mrn, name = destinations.client, fresh(), fresh()
    before = destinations.effects()

    response = client.post(
        "/fhir",
        json=bundle(entry(patient(mrn)), entry(patient(name, id=name), "PUT", f"Patient/{name}", ifMatch='W/"7"')),
    )

    assert (412, "version-conflict") == (response.status_code, code(response))
    assert ["Bundle.entry[1]"] == response.json()["issue"][0]["expression"]
    assert before == destinations.effects()


def test_a_conditional_reference_is_resolved_or_refused(destinations: Destinations) -> None:
    client, mrn = destinations.client, fresh()
    created = client.post("/fhir/Patient", json=patient(mrn)).json()["id"]

    answered = client.post("/fhir", json=bundle(entry(observation(f"Patient?identifier={mrn}"))))
    refused = client.post("/fhir", json=bundle(entry(observation(f"Patient?identifier={fresh()}"))))

    assert ["201 Created"] == statuses(answered)
    assert 1 == client.get("/fhir/Observation", params={"patient": created}).json()["total"]
    assert (412, "reference-unresolved") == (refused.status_code, code(refused))


def test_a_transaction_deletes_reads_and_updates_by_condition(destinations: Destinations) -> None:
    client, name, mrn = destinations.client, fresh(), fresh()
    client.put(f"/fhir/Patient/{name}", json=patient(name, id=name))

    response = client.post(
        "/fhir",
        json=bundle(
            {"request": {"method": "GET", "url": f"Patient?identifier={mrn}"}},
            entry(patient(mrn), "PUT", f"Patient?identifier={mrn}"),
            {"request": {"method": "DELETE", "url": f"Patient/{name}"}},
        ),
    )

    assert ["200 OK", "201 Created", "204 No Content"] == statuses(response)
    assert 1 == response.json()["entry"][0]["resource"]["total"]


def test_a_batch_takes_the_good_entries_and_refuses_the_others(destinations: Destinations) -> None:
    mrn = fresh()
    response = destinations.client.post(
        "/fhir",
        json=bundle(
            entry(patient(mrn)),
            entry(patient(fresh(), gender="x")),
            entry(observation("urn:uuid:nobody")),
            {"request": {"method": "GET", "url": "Patient/nobody"}},
            {"request": {"method": "PATCH", "url": "Patient/nobody"}, "resource": patient(mrn)},
            kind="batch",
        ),
    )

    assert ["201", "422", "422", "404", "400"] == [status[:3] for status in statuses(response)]
    assert [] == [issue for issue in validate(response.json()) if issue.severity == "error"]
    assert 1 == destinations.client.get("/fhir/Patient", params={"identifier": mrn}).json()["total"]


def test_a_repeated_transaction_with_the_same_key_has_one_effect_in_order(destinations: Destinations) -> None:
    client, key = destinations.client, fresh()
    sent = transaction(3)

    answers = [client.post("/fhir", json=sent, headers={"idempotency-key": key}) for _ in range(3)]

    assert {answers[0].content} == {answer.content for answer in answers}
    effects = [effect for effect in destinations.effects("fhir") if effect["idempotencyKey"] == key]
    assert [one["resource"]["id"] for one in sent["entry"]] == [effect["id"] for effect in effects]
    assert {1} == {effect["version"] for effect in effects}


def test_a_batch_whose_validation_ended_early_stores_nothing(destinations: Destinations) -> None:
    mrn = fresh()
    broken = {"resourceType": "Patient", "name": [{"nick": "x"}] * 600}

    response = destinations.client.post("/fhir", json=bundle(entry(broken), entry(patient(mrn)), kind="batch"))

    assert (422, "too-many-issues") == (response.status_code, code(response))
    assert 0 == destinations.client.get("/fhir/Patient", params={"identifier": mrn}).json()["total"]


def test_a_request_whose_url_is_only_extended_is_refused(destinations: Destinations) -> None:
    extended = {"extension": [{"url": "urn:x", "valueCode": "x"}]}
    one = {"resource": patient(fresh()), "request": {"method": "POST", "_url": extended}}

    assert 404 == destinations.client.post("/fhir", json=bundle(one)).status_code
