from __future__ import annotations

import json

import pytest

from shared.catalog.index import steps
from shared.catalog.model import Queue, Route, Step, Tier
from shared.catalog.openapi import openapi_document
from shared.errors import RejectedError
from shared.problem import problem

ROUTES = [step for step in steps() if isinstance(step.inbound, Route)]
DOCUMENT = openapi_document("Corridor", "v1", ROUTES)


@pytest.mark.parametrize("step", ROUTES, ids=lambda step: step.function)
def test_every_route_of_the_catalogue_is_an_operation(step: Step) -> None:
    operation = DOCUMENT["paths"][f"/{step.route.path}"][step.route.method.lower()]

    assert step.function == operation["operationId"]
    assert list(step.route.gives) == list(operation["responses"]["200"]["content"])
    assert list(step.route.takes) == list(operation.get("requestBody", {}).get("content", {}))


def test_only_health_needs_no_token() -> None:
    operations = [each for path in DOCUMENT["paths"].values() for each in path.values()]

    assert ["intake_health"] == [each["operationId"] for each in operations if not each["security"]]


def test_every_parameter_of_a_path_is_declared() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            assert path.count("{") == len([each for each in operation["parameters"] if each["in"] == "path"])


def test_a_refusal_is_described_as_the_functions_answer_it() -> None:
    answered = json.loads(problem(RejectedError("too-large", "body", "too long")))

    assert DOCUMENT["components"]["schemas"]["Problem"]["properties"].keys() == answered.keys()


def test_an_hl7_refusal_is_an_acknowledgment_and_no_problem() -> None:
    responses = DOCUMENT["paths"]["/partners/{partner}/hl7v2"]["post"]["responses"]

    assert ["application/hl7-v2"] == list(responses["422"]["content"])
    assert {"401", "403", "413", "415", "429", "503"} <= responses.keys()


def test_a_step_that_no_route_wakes_has_no_operation() -> None:
    with pytest.raises(TypeError, match="sample_work answers no route"):
        openapi_document("Corridor", "v1", [Step("work", Tier.PROCESS, Queue("sample-work"), flow="sample")])
