"""Wakes the delivery of one stream: one patient's deliveries to one destination, in order."""

from __future__ import annotations

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import DELIVERY

blueprints = {step.tier: func.Blueprint() for step in DELIVERY.steps}

SEND = DELIVERY.step("send")
SEND_BULK = DELIVERY.step("send-bulk")


@blueprints[SEND.tier].function_name(SEND.function)
@blueprints[SEND.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=SEND.queue.name
)
def delivery_send(message: func.ServiceBusMessage) -> None:
    """Send what is due; redelivery is harmless."""
    from functions.delivery import use_case
    from shared.pipeline import drain, stream_of

    drain(use_case.SEND, stream_of(message.get_body()), bootstrap.ports())


@blueprints[SEND_BULK.tier].function_name(SEND_BULK.function)
@blueprints[SEND_BULK.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=SEND_BULK.queue.name
)
def delivery_send_bulk(message: func.ServiceBusMessage) -> None:
    """Send what came in files or is sent again, where the others leave room; redelivery is harmless."""
    from functions.delivery import use_case
    from shared.pipeline import drain, stream_of

    drain(use_case.SEND_BULK, stream_of(message.get_body()), bootstrap.ports())
