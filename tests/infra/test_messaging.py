from __future__ import annotations

from datetime import timedelta

import pytest

from infra.components.messaging import iso_8601
from shared.catalog.flows import EVENTS, SUBSCRIPTIONS
from shared.catalog.index import queues, subscriptions, topics
from tests.infra.recording import Stack


def test_the_queues_are_those_of_the_catalogue(stack: Stack) -> None:
    declared = {q.name: (iso_8601(q.lock), q.max_deliveries, iso_8601(q.time_to_live)) for q in queues()}

    registered = {
        r["inputs"]["queueName"]: (
            r["inputs"]["lockDuration"],
            r["inputs"]["maxDeliveryCount"],
            r["inputs"]["defaultMessageTimeToLive"],
        )
        for r in stack.of("servicebus:Queue").values()
    }

    assert declared
    assert declared == registered


def test_the_topics_are_those_of_the_catalogue(stack: Stack) -> None:
    declared = {topic.name: iso_8601(topic.time_to_live) for topic in topics()}

    registered = {
        r["inputs"]["topicName"]: r["inputs"]["defaultMessageTimeToLive"]
        for r in stack.of("servicebus:Topic").values()
    }

    assert EVENTS.name in declared
    assert declared == registered


def test_the_subscriptions_are_those_of_the_catalogue(stack: Stack) -> None:
    declared = {(s.topic.name, s.name): (iso_8601(s.lock), s.max_deliveries) for s in subscriptions()}

    registered = {
        (r["inputs"]["topicName"], r["inputs"]["subscriptionName"]): (
            r["inputs"]["lockDuration"],
            r["inputs"]["maxDeliveryCount"],
        )
        for r in stack.of("servicebus:Subscription").values()
    }

    assert set(SUBSCRIPTIONS) <= set(subscriptions())
    assert declared == registered


def test_each_subscription_has_one_rule_which_takes_the_place_of_the_one_that_lets_everything_pass(
    stack: Stack,
) -> None:
    declared = [(s.topic.name, s.name, "$Default", "SqlFilter", s.sql_filter) for s in subscriptions()]

    registered = [
        (
            r["inputs"]["topicName"],
            r["inputs"]["subscriptionName"],
            r["inputs"]["ruleName"],
            r["inputs"]["filterType"],
            r["inputs"]["sqlFilter"]["sqlExpression"],
        )
        for r in stack.of("servicebus:Rule").values()
    ]

    assert sorted(declared) == sorted(registered)


def test_what_expires_on_a_queue_or_subscription_is_dead_lettered(stack: Stack) -> None:
    entities = [*stack.of("servicebus:Queue").values(), *stack.of("servicebus:Subscription").values()]

    assert [] == [r["name"] for r in entities if r["inputs"].get("deadLetteringOnMessageExpiration") is not True]


def test_no_entity_asks_for_sessions(stack: Stack) -> None:
    entities = [*stack.of("servicebus:Queue").values(), *stack.of("servicebus:Subscription").values()]

    assert [] == [r["name"] for r in entities if r["inputs"].get("requiresSession")]


def test_the_namespace_takes_no_keys_no_old_tls_and_no_public_traffic(stack: Stack) -> None:
    namespaces = [r["inputs"] for r in stack.of("servicebus:Namespace").values()]
    rules = [r["inputs"] for r in stack.of("servicebus:NamespaceNetworkRuleSet").values()]

    assert {(True, "1.2", "Disabled", "Premium")} == {
        (n["disableLocalAuth"], n["minimumTlsVersion"], n["publicNetworkAccess"], n["sku"]["name"]) for n in namespaces
    }
    assert len(namespaces) == len(rules)
    assert {("Deny", "Disabled", True)} == {
        (rule["defaultAction"], rule["publicNetworkAccess"], rule["trustedServiceAccessEnabled"]) for rule in rules
    }
    assert {} == stack.of("servicebus:NamespaceAuthorizationRule")


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(seconds=30), "PT30S"),
        (timedelta(minutes=5), "PT5M"),
        (timedelta(hours=1, seconds=1), "PT1H1S"),
        (timedelta(days=7), "P7D"),
        (timedelta(days=1, hours=12), "P1DT12H"),
    ],
)
def test_durations_are_written_as_azure_writes_them(duration: timedelta, text: str) -> None:
    assert text == iso_8601(duration)
