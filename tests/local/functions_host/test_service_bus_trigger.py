import time
import uuid

from azure.servicebus import ServiceBusMessage, ServiceBusSubQueue

from tests.local.functions_host.conftest import Queues
from tests.local.functions_host.programs import Hosted, eventually

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_message_reaches_its_function_once_with_all_it_carries(host: Hosted, queues: Queues) -> None:
    name = uuid.uuid4().hex
    properties: dict[str | bytes, int | float | bytes | bool | str | uuid.UUID] = {
        "kind": "hint",
        "count": 3,
        "Diagnostic-Id": TRACE,
    }

    queues.send("work", ServiceBusMessage("été " + name, message_id=name, application_properties=properties))

    seen = eventually(lambda: [f for f in host.facts("work") if f.get("id") == name], bool)
    assert len(seen) == 1
    assert seen[0]["work"].encode("latin-1").decode() == "été " + name
    assert seen[0]["count"] == 1
    assert seen[0]["properties"] == seen[0]["user"] == properties
    assert seen[0]["trace"].split("-")[1] == TRACE.split("-")[1]
    assert seen[0]["until"].endswith("+00:00")


def test_a_function_that_raises_gets_its_message_again_at_once_until_it_is_dead_lettered(
    host: Hosted, queues: Queues
) -> None:
    name = uuid.uuid4().hex
    queues.send("work", ServiceBusMessage("refuse", message_id=name))

    seen = eventually(lambda: [f for f in host.facts("work") if f.get("id") == name], lambda found: len(found) == 3)

    assert [fact["count"] for fact in seen] == [1, 2, 3]
    assert seen[2]["at"] - seen[0]["at"] < 1
    with queues.client.get_queue_receiver("work", sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead_letters:
        dead = dead_letters.receive_messages(max_message_count=1, max_wait_time=10)
        assert [message.message_id for message in dead] == [name]
        dead_letters.complete_message(dead[0])


def test_as_many_messages_run_at_once_as_host_json_allows(host: Hosted, queues: Queues) -> None:
    # The function waits until eight of its kind have met: fewer at once would never meet.
    name = uuid.uuid4().hex
    queues.send("work", *(ServiceBusMessage("together", message_id=f"{name}-{n}") for n in range(8)))

    seen = eventually(
        lambda: [f for f in host.facts("work") if str(f.get("id")).startswith(name)], lambda found: len(found) >= 8
    )

    assert sorted((fact["id"], fact["count"]) for fact in seen) == [(f"{name}-{n}", 1) for n in range(8)]


def test_an_idle_queue_starts_its_function_within_50_ms(host: Hosted, queues: Queues) -> None:
    delays = []
    queues.send("work", ServiceBusMessage("warm"))
    for n in range(5):
        sent = time.time()
        queues.send("work", ServiceBusMessage(f"prompt {n}", message_id=f"prompt-{n}"))
        seen = eventually(lambda: [f for f in host.facts("work") if f.get("id") == f"prompt-{n}"], bool)  # noqa: B023
        delays.append(seen[0]["at"] - sent)

    assert sorted(delays)[2] < 0.05


def test_a_lone_message_of_many_is_not_kept_waiting_for_others(host: Hosted, queues: Queues) -> None:
    def begun(name: str) -> list[float]:
        return [fact["at"] for fact in host.facts("batch") if fact["batch"][0][1] == name]

    delays = []
    queues.send("batches", ServiceBusMessage("warm"))
    for n in range(5):
        sent = time.time()
        queues.send("batches", ServiceBusMessage("b", message_id=f"lone-{n}"))
        (at,) = eventually(lambda: begun(f"lone-{n}"), bool)  # noqa: B023
        delays.append(at - sent)

    assert sorted(delays)[2] < 0.05


def test_a_lock_is_renewed_while_its_function_runs(host: Hosted, queues: Queues) -> None:
    # The queue locks for three seconds; the function takes four, and the message must not come twice.
    name = uuid.uuid4().hex
    queues.send("work", ServiceBusMessage("sleep 4", message_id=name))

    seen = eventually(lambda: [f for f in host.facts("work") if f.get("id") == name], lambda found: len(found) >= 2)

    assert [(fact["work"], fact["count"]) for fact in seen] == [("sleeping", 1), ("sleep 4", 1)]


def test_a_function_of_cardinality_many_gets_messages_together(host: Hosted, queues: Queues) -> None:
    name = uuid.uuid4().hex
    messages = [ServiceBusMessage(f"b{n}", message_id=name, application_properties={"n": n}) for n in range(20)]
    queues.send("batches", *messages)

    def batches() -> list[list[tuple[str, dict[str, int]]]]:
        return [
            [(body, properties) for body, message, properties in fact["batch"] if message == name]
            for fact in host.facts("batch")
        ]

    seen = eventually(batches, lambda found: sum(map(len, found)) >= 20)

    together = sorted((each for batch in seen for each in batch), key=lambda each: each[1]["n"])
    assert together == [(f"b{n}", {"n": n}) for n in range(20)]
    assert max(map(len, seen)) > 1


def test_a_subscription_feeds_an_asynchronous_function(host: Hosted, queues: Queues) -> None:
    name = uuid.uuid4().hex
    with queues.client.get_topic_sender("news") as sender:
        sender.send_messages(ServiceBusMessage(name))

    assert eventually(lambda: [f for f in host.facts("news") if f["news"] == name], bool) == [{"news": name}]
