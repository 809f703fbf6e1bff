"""The catalogue is the one source of names: folders, triggers, routes and broker entities equal it (invariant 9)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.platform.bus_entities import emulator_config
from shared.catalog.flows import FLOWS
from shared.catalog.index import queues, steps
from shared.catalog.model import (
    Facts,
    FactSource,
    FileDrop,
    Flow,
    Inbound,
    Queue,
    Route,
    Schedule,
    Step,
    Subscription,
    Tier,
)

ROOT = Path(__file__).parents[2]

LIST_TRIGGERS = """
import json
from function_app import app
print(json.dumps({f.get_function_name(): [json.loads(b) for b in f.get_raw_bindings()] for f in app.get_functions()}))
"""


def registered(tier: str) -> dict[str, dict[str, object]]:
    """Return what Azure would see of an app of this tier: each function's trigger binding."""
    environment = {**os.environ, "CORRIDOR_TIER": tier, "PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, "-c", LIST_TRIGGERS], env=environment, capture_output=True, check=True, text=True, cwd=ROOT
    )
    return {
        name: next(binding for binding in bindings if str(binding["type"]).endswith("Trigger"))
        for name, bindings in json.loads(out.stdout).items()
    }


def listens_to(trigger: dict[str, object]) -> object:
    match trigger["type"]:
        case "serviceBusTrigger":
            return trigger.get("queueName") or f"{trigger['topicName']}/{trigger['subscriptionName']}"
        case "timerTrigger":
            return trigger["schedule"]
        case "httpTrigger":
            return (*trigger["methods"], trigger["route"])  # type: ignore[misc]
        case "eventGridTrigger":
            return "eventGridTrigger"
    raise AssertionError(trigger)


def declared(inbound: Inbound) -> object:
    match inbound:
        case Queue() | FileDrop():
            return inbound.name
        case Subscription():
            return f"{inbound.topic.name}/{inbound.name}"
        case Schedule():
            return inbound.expression
        case Route():
            return (inbound.method, inbound.name)
        case Facts():
            return "eventGridTrigger"


@pytest.fixture(scope="module")
def everything() -> dict[str, dict[str, object]]:
    return registered("all")


def test_every_trigger_listens_where_the_catalogue_says(everything: dict[str, dict[str, object]]) -> None:
    assert {step.function: declared(step.inbound) for step in steps()} == {
        name: listens_to(trigger) for name, trigger in everything.items()
    }


@pytest.mark.parametrize("tier", sorted({step.tier for step in steps()}))
def test_an_app_registers_its_own_tier_and_no_other(tier: Tier) -> None:
    assert {step.function for step in steps() if step.tier == tier} == set(registered(tier))


def test_every_flow_has_its_folder_and_every_folder_its_flow() -> None:
    folders = {path.name for path in (ROOT / "functions").iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert {flow.name.replace("-", "_") for flow in FLOWS} == folders


def test_every_hint_queue_is_an_entity_of_the_local_bus() -> None:
    (namespace,) = emulator_config()["UserConfig"]["Namespaces"]

    assert {queue.name for queue in queues()} == {queue["Name"] for queue in namespace["Queues"]}


def test_nothing_but_health_is_anonymous() -> None:
    assert {"intake_health"} == {
        step.function for step in steps() if isinstance(step.inbound, Route) and step.inbound.role is None
    }


def test_names_are_used_once() -> None:
    functions = [step.function for step in steps()]

    assert sorted(set(functions)) == sorted(functions)


def test_a_flow_that_cannot_be_said_in_one_sentence_is_refused() -> None:
    flow = FLOWS[0]
    with pytest.raises(ValueError, match="source -> middleware -> destination -> workflow action"):
        Flow("x", "it does things", (), "a", "b", flow.sla, flow.data_class, "low", flow.retention)


def test_facts_of_the_platform_reach_the_operators_tier_alone() -> None:
    flow = FLOWS[0]
    step = Step("listen", Tier.PROCESS, Facts(FactSource.VAULT, ("Microsoft.KeyVault.SecretNearExpiry",)))

    with pytest.raises(ValueError, match="listen listens to facts, which reach tier ops alone"):
        replace(flow, steps=(step,))
    assert "vault" == replace(flow, steps=(replace(step, tier=Tier.OPS),)).step("listen").inbound.name


def test_a_step_that_a_file_wakes_listens_to_the_queue_that_says_so() -> None:
    step = Step("take", Tier.BATCH, FileDrop("registry", Queue("registry-take")))

    assert ("registry-take", Queue("registry-take")) == (step.inbound.name, step.queue)
    with pytest.raises(TypeError, match="answers no route"):
        _ = step.route


def test_the_readme_names_every_flow() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("README.md is not written yet")
    text = readme.read_text(encoding="utf-8")

    assert [] == [flow.name for flow in FLOWS if f"`{flow.name}`" not in text]
