"""
Wakes the lab-results steps: a hint names a stream, the ledger holds the rest.

Use cases are imported on first use: an app that starts to answer something else does not pay for the mappings.
"""

from __future__ import annotations

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import LAB_RESULTS

blueprints = {step.tier: func.Blueprint() for step in LAB_RESULTS.steps}

PROCESS = LAB_RESULTS.step("process")
DETECT_CRITICAL = LAB_RESULTS.step("detect-critical")
PROCESS_BULK = LAB_RESULTS.step("process-bulk")


@blueprints[PROCESS.tier].function_name(PROCESS.function)
@blueprints[PROCESS.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=PROCESS.queue.name
)
def lab_results_process(message: func.ServiceBusMessage) -> None:
    """Process the results of one patient in order; redelivery is harmless."""
    from functions.lab_results import use_case
    from shared.pipeline import drain, stream_of

    drain(use_case.PROCESS, stream_of(message.get_body()), bootstrap.ports())


@blueprints[DETECT_CRITICAL.tier].function_name(DETECT_CRITICAL.function)
@blueprints[DETECT_CRITICAL.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=DETECT_CRITICAL.queue.name
)
def lab_results_detect_critical(message: func.ServiceBusMessage) -> None:
    """Look for critical values in one message; redelivery opens no second task."""
    from functions.lab_results import use_case
    from shared.pipeline import drain, stream_of

    drain(use_case.DETECT_CRITICAL, stream_of(message.get_body()), bootstrap.ports())


@blueprints[PROCESS_BULK.tier].function_name(PROCESS_BULK.function)
@blueprints[PROCESS_BULK.tier].service_bus_queue_trigger(
    arg_name="message", connection="SERVICE_BUS", queue_name=PROCESS_BULK.queue.name
)
def lab_results_process_bulk(message: func.ServiceBusMessage) -> None:
    """Process what came in a file, in its patient's order; redelivery is harmless."""
    from functions.lab_results import use_case
    from shared.pipeline import drain, stream_of

    drain(use_case.PROCESS_BULK, stream_of(message.get_body()), bootstrap.ports())
