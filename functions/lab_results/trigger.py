"""Wakes the lab-results steps: a hint names a stream, the ledger holds the rest."""

from __future__ import annotations

import azure.functions as func

from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from shared import bootstrap
from shared.catalog.flows import LAB_RESULTS
from shared.pipeline import drain, stream_of

blueprints = {step.tier: func.Blueprint() for step in LAB_RESULTS.steps}


@blueprints[PROCESS.step.tier].function_name(PROCESS.step.function)
@blueprints[PROCESS.step.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=PROCESS.step.queue.name
)
def lab_results_process(message: func.ServiceBusMessage) -> None:
    """Process the results of one patient in order; redelivery is harmless."""
    drain(PROCESS, stream_of(message.get_body()), bootstrap.ports())


@blueprints[DETECT_CRITICAL.step.tier].function_name(DETECT_CRITICAL.step.function)
@blueprints[DETECT_CRITICAL.step.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=DETECT_CRITICAL.step.queue.name
)
def lab_results_detect_critical(message: func.ServiceBusMessage) -> None:
    """Look for critical values in one message; redelivery opens no second task."""
    drain(DETECT_CRITICAL, stream_of(message.get_body()), bootstrap.ports())
