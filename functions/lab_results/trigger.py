"""
Wakes the lab-results steps: a hint names a stream, the ledger holds the rest.

Use cases are imported on first use: an app that starts to answer something else does not pay for the mappings.
"""

from __future__ import annotations

from typing import List  # noqa: UP035 -- the Functions worker knows no other spelling of a batch

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import LAB_RESULTS

blueprints = {step.tier: func.Blueprint() for step in LAB_RESULTS.steps}

PROCESS = LAB_RESULTS.step("process")
DETECT_CRITICAL = LAB_RESULTS.step("detect-critical")
PROCESS_BULK = LAB_RESULTS.step("process-bulk")


@blueprints[PROCESS.tier].function_name(PROCESS.function)
@blueprints[PROCESS.tier].service_bus_queue_trigger(
    arg_name="messages", connection="SERVICE_BUS", queue_name=PROCESS.queue.name, cardinality="many"
)
def lab_results_process(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006
    """Process the results of each patient in order; redelivery is harmless."""
    from functions.lab_results import use_case
    from shared.pipeline import drain_hints

    drain_hints(use_case.PROCESS, (message.get_body() for message in messages), bootstrap.ports())


@blueprints[DETECT_CRITICAL.tier].function_name(DETECT_CRITICAL.function)
@blueprints[DETECT_CRITICAL.tier].service_bus_queue_trigger(
    arg_name="messages", connection="SERVICE_BUS", queue_name=DETECT_CRITICAL.queue.name, cardinality="many"
)
def lab_results_detect_critical(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006
    """Look for critical values in each message; redelivery opens no second task."""
    from functions.lab_results import use_case
    from shared.pipeline import drain_hints

    drain_hints(use_case.DETECT_CRITICAL, (message.get_body() for message in messages), bootstrap.ports())


@blueprints[PROCESS_BULK.tier].function_name(PROCESS_BULK.function)
@blueprints[PROCESS_BULK.tier].service_bus_queue_trigger(
    arg_name="messages", connection="SERVICE_BUS", queue_name=PROCESS_BULK.queue.name, cardinality="many"
)
def lab_results_process_bulk(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006
    """Process what came in a file, in each patient's order; redelivery is harmless."""
    from functions.lab_results import use_case
    from shared.pipeline import drain_hints

    drain_hints(use_case.PROCESS_BULK, (message.get_body() for message in messages), bootstrap.ports())
