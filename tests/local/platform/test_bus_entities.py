from __future__ import annotations

from local.platform.bus_entities import emulator_config
from shared.catalog.index import queues


def test_the_stand_in_gets_exactly_the_queues_of_the_catalogue() -> None:
    (namespace,) = emulator_config()["UserConfig"]["Namespaces"]

    assert {queue.name for queue in queues()} == {queue["Name"] for queue in namespace["Queues"]}
    assert ["events"] == [topic["Name"] for topic in namespace["Topics"]]


def test_a_queue_keeps_its_lock_and_its_delivery_count() -> None:
    (namespace,) = emulator_config()["UserConfig"]["Namespaces"]
    by_name = {queue["Name"]: queue["Properties"] for queue in namespace["Queues"]}

    for queue in queues():
        properties = by_name[queue.name]
        assert queue.max_deliveries == properties["MaxDeliveryCount"]
        assert f"PT{int(queue.lock.total_seconds())}S" == properties["LockDuration"]
