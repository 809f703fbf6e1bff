from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from infra.rules import catalogue
from shared.catalog.model import Queue
from tests.infra.recording import Estate
from tests.infra.rules.estate import changed, names_found, resource, without
from tests.infra.sample_catalogue import copy_with_sample_flow


def test_the_stacks_and_the_catalogue_say_the_same(estate: Estate) -> None:
    assert [] == [finding for rule in catalogue.RULES for finding in rule(estate.examination.result.resources)]


@pytest.mark.parametrize(
    "kind", ["servicebus:Queue", "servicebus:Topic", "servicebus:Subscription", "servicebus:Rule"]
)
def test_an_entity_that_one_side_alone_knows_is_found(estates: dict[str, Estate], kind: str) -> None:
    built = estates["dev"].examination.result.resources
    entity = next(each for each in built if each.kind == kind)
    stray = resource(kind, "stray", {**entity.inputs, "queueName": "x", "topicName": "x", "subscriptionName": "x"})

    assert {"catalogue"} == names_found(catalogue.RULES, [each for each in built if each.urn != entity.urn])
    assert {"catalogue"} == names_found(catalogue.RULES, [*built, stray])


def test_a_queue_that_is_locked_for_longer_than_the_catalogue_says_is_found(estates: dict[str, Estate]) -> None:
    built = estates["dev"].examination.result.resources
    queue = next(each for each in built if each.kind == "servicebus:Queue")

    assert {"catalogue"} == names_found(catalogue.RULES, changed(built, queue.name, "lockDuration", "PT4M"))


def test_a_queue_that_was_renamed_is_expected_under_its_old_names_too_where_it_forwards() -> None:
    rows = dict(catalogue.queue_rows(Queue("new", formerly=("old", "older"))))

    assert {"new": None, "old": "new", "older": "new"} == {name: row["forwardTo"] for name, row in rows.items()}
    assert 1 == len({row["lockDuration"] for row in rows.values()})


def test_a_flow_with_facts_files_and_a_renamed_queue_has_no_finding(tmp_path: Path) -> None:
    root = copy_with_sample_flow(tmp_path)
    previewed = subprocess.run(
        [sys.executable, "-P", "-m", "infra.preview", "--stack", "test"],
        cwd=root,
        env={"PYTHONPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert [] == [line for line in previewed.stdout.splitlines() if line.startswith(("error", "warning"))]
    assert (0, "") == (previewed.returncode, previewed.stderr)


def test_a_tier_without_an_app_and_an_app_without_a_tier_are_found(estates: dict[str, Estate]) -> None:
    built = estates["dev"].examination.result.resources
    stray = resource("web:WebApp", "stray", {"siteConfig": {"appSettings": [{"name": "CORRIDOR_TIER", "value": "x"}]}})

    assert {"catalogue"} == names_found(catalogue.RULES, without(built, "ops"))
    assert {"catalogue"} == names_found(catalogue.RULES, [*built, stray])


def test_a_warm_group_that_is_no_function_is_found() -> None:
    warm = {"scaleAndConcurrency": {"alwaysReady": [{"name": "function:none"}]}}
    app = resource("web:WebApp", "x", {"functionAppConfig": warm})

    assert {"catalogue"} == names_found((catalogue.warm_groups_are_functions,), [app])
