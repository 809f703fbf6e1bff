from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.service_bus.config import ConfigError, parse_config, read_config
from local.service_bus.queues import QueueRules
from tests.local.service_bus.conftest import namespace


def test_a_config_in_the_emulators_shape_is_read() -> None:
    properties: dict[str, object] = {
        "LockDuration": "PT2M30S",
        "MaxDeliveryCount": 3,
        "DefaultMessageTimeToLive": "P1DT2H",
        "RequiresSession": False,
        "DeadLetteringOnMessageExpiration": True,
        "ForwardTo": "",
        "ForwardDeadLetteredMessagesTo": "",
        "RequiresDuplicateDetection": True,
        "DuplicateDetectionHistoryTimeWindow": "PT20S",
    }
    rule = {
        "Name": "$Default",
        "Properties": {"SqlFilter": {"SqlExpression": "1=1"}, "Action": {"SqlExpression": ""}},
    }
    topics: list[dict[str, object]] = [
        {
            "Name": "facts",
            "Properties": {"DefaultMessageTimeToLive": "P10675199DT2H48M5.4775807S"},
            "Subscriptions": [{"Name": "all"}, {"Name": "ruled", "Rules": [rule]}],
        }
    ]
    document = namespace({"realtime": properties, "plain/queue": {}}, topics)
    document["UserConfig"]["Logging"] = {"Type": "File"}

    config = parse_config(document)

    rules = [(q.name, q.rules, q.duplicate_window) for q in config.queues]
    assert rules == [
        ("realtime", QueueRules(150.0, 3, 93600.0, True), 20.0),
        ("plain/queue", QueueRules(60.0, 10, None, False), None),
    ]
    assert [(t.name, t.time_to_live, [s.name for s in t.subscriptions]) for t in config.topics] == [
        ("facts", None, ["all", "ruled"])
    ]


def subscription(**properties: object) -> dict[str, Any]:
    rule = {"Name": "r", "Properties": properties}
    return namespace({}, [{"Name": "t", "Subscriptions": [{"Name": "s", "Rules": [rule]}]}])


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "the file: an object is wanted"),
        ({"UserConfig": {"Namespaces": []}}, "one namespace is served, not 0"),
        (namespace({}), "0 entities; 1 to 1000 are served"),
        (namespace({f"q{n}": {} for n in range(1001)}), "1001 entities"),
        (
            namespace({"q": {"RequiresSession": True}}),
            "Queues[0].Properties.RequiresSession: sessions are not implemented",
        ),
        (namespace({"q": {"ForwardTo": "other"}}), "ForwardTo: forwarding is not implemented"),
        (namespace({"q": {"LockDuration": "PT6M"}}), "LockDuration: more than PT0S and at most PT5M"),
        (namespace({"q": {"LockDuration": "1 minute"}}), "LockDuration: an ISO 8601 duration"),
        (namespace({"q": {"MaxDeliveryCount": 0}}), "MaxDeliveryCount: a whole number from 1 to 2000"),
        (namespace({"q": {"MaxDeliveryCount": True}}), "MaxDeliveryCount: a whole number"),
        (namespace({"q": {"RequiresDuplicateDetection": "yes"}}), "RequiresDuplicateDetection: true or false"),
        (namespace({"q": {"DuplicateDetectionHistoryTimeWindow": "P8D"}}), "at most P7D"),
        (namespace({"q": {"DefaultMessageTimeToLive": "PT0S"}}), "DefaultMessageTimeToLive: more than PT0S"),
        (namespace({"q": {"Colour": "red"}}), "Queues[0].Properties: not known: Colour"),
        (namespace({"-q": {}}), "Queues[0].Name: letters, digits"),
        (namespace({"a/Subscriptions/b": {}}), "the service's own word"),
        (namespace({"q": {}, "Q": {}}), "two entities are named 'Q'"),
        (
            subscription(FilterType="Sql", SqlFilter={"SqlExpression": "a ="}),
            "Rules[0].Properties: a property is wanted",
        ),
        (subscription(FilterType="Boolean"), "FilterType: Sql or Correlation, not 'boolean'"),
        (subscription(FilterType="Correlation", CorrelationFilter={}), "CorrelationFilter: it names no property"),
        (
            subscription(SqlFilter={"SqlExpression": "1=1"}, Action={"SqlExpression": "SET a = 1"}),
            "Action: rule actions are not implemented",
        ),
    ],
)
def test_a_wrong_config_is_refused_with_its_place(document: object, said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        parse_config(document)

    assert said in str(refusal.value)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "Config.json"
    with pytest.raises(ConfigError, match=r"Config\.json: No such file"):
        read_config(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"Config\.json: Expecting"):
        read_config(path)
    path.write_text(json.dumps(namespace({"q": {}})))
    assert [q.name for q in read_config(path).queues] == ["q"]
