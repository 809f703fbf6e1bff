"""
Wakes the adt-routing steps: a hint names a stream, the ledger holds the rest.

Use cases are imported on first use: an app that starts to answer something else does not pay for the mappings.
"""

from __future__ import annotations

from typing import List  # noqa: UP035 -- the Functions worker knows no other spelling of a batch

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import ADT_ROUTING

blueprints = {step.tier: func.Blueprint() for step in ADT_ROUTING.steps}

PROCESS = ADT_ROUTING.step("process")
STOP_WAITING = ADT_ROUTING.step("stop-waiting")
PROCESS_BULK = ADT_ROUTING.step("process-bulk")


@blueprints[PROCESS.tier].function_name(PROCESS.function)
@blueprints[PROCESS.tier].service_bus_queue_trigger(
    arg_name="messages", connection="SERVICE_BUS", queue_name=PROCESS.queue.name, cardinality="many"
)
def adt_routing_process(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006
    """Route what happened to each patient, in order; redelivery is harmless."""
    from functions.adt_routing import use_case
    from shared.pipeline import drain_hints

    drain_hints(use_case.PROCESS, (message.get_body() for message in messages), bootstrap.ports())


@blueprints[STOP_WAITING.tier].function_name(STOP_WAITING.function)
@blueprints[STOP_WAITING.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=STOP_WAITING.queue.name
)
def adt_routing_stop_waiting(message: func.ServiceBusMessage) -> None:
    """Let a message that came too early go on when its time is up; redelivery is harmless."""
    from functions.adt_routing import waiting
    from shared.pipeline import drain, stream_of

    drain(waiting.STOP_WAITING, stream_of(message.get_body()), bootstrap.ports())


@blueprints[PROCESS_BULK.tier].function_name(PROCESS_BULK.function)
@blueprints[PROCESS_BULK.tier].service_bus_queue_trigger(
    arg_name="messages", connection="SERVICE_BUS", queue_name=PROCESS_BULK.queue.name, cardinality="many"
)
def adt_routing_process_bulk(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006
    """Route what came in a file, in each patient's order; redelivery is harmless."""
    from functions.adt_routing import use_case
    from shared.pipeline import drain_hints

    drain_hints(use_case.PROCESS_BULK, (message.get_body() for message in messages), bootstrap.ports())
