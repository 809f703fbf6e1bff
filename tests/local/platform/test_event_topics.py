from __future__ import annotations

import json
from pathlib import Path

from local.event_grid.config import load_topics
from local.platform.event_topics import event_topics
from local.platform.layout import Layout, Ports
from local.platform.principals import Principals
from shared.catalog.index import steps
from shared.catalog.model import Facts, FileDrop


def test_whatever_a_file_or_a_fact_wakes_is_a_subscription_of_the_stand_in(tmp_path: Path) -> None:
    topics = event_topics(Layout(tmp_path, Ports(7071)), Principals({"functions-host-key": "a key/with signs"}))
    (tmp_path / "topics.json").write_text(json.dumps(topics))
    loaded = load_topics(tmp_path / "topics.json")

    woken = [step for step in steps() if isinstance(step.inbound, FileDrop | Facts)]
    assert {step.function.replace("_", "-") for step in woken} == {each.name for each in loaded.subscriptions}
    assert {"facts", "landing", "vault-facts", "health-facts"} == loaded.names
    for step in woken:
        (mine,) = [each for each in loaded.subscriptions if each.name == step.function.replace("_", "-")]
        if isinstance(step.inbound, FileDrop):
            assert step.inbound.queue.name == mine.queue
        else:
            assert f"functionName={step.function}&code=a%20key/with%20signs" in mine.webhook
            assert step.inbound.types == mine.types  # type: ignore[union-attr]
