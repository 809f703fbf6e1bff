"""Wakes the delivery of one stream: one patient's deliveries to one destination, in order."""

from __future__ import annotations

import azure.functions as func

from functions.delivery.use_case import SEND
from shared import bootstrap
from shared.catalog.flows import DELIVERY
from shared.pipeline import drain, stream_of

blueprints = {step.tier: func.Blueprint() for step in DELIVERY.steps}


@blueprints[SEND.step.tier].function_name(SEND.step.function)
@blueprints[SEND.step.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=SEND.step.queue.name
)
def delivery_send(message: func.ServiceBusMessage) -> None:
    """Send what is due; redelivery is harmless."""
    drain(SEND, stream_of(message.get_body()), bootstrap.ports())
