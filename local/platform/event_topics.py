"""The catalogue's topics and who listens to them, in the shape that the Event Grid stand-in takes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from local.event_grid.storage_events import TOPIC as LANDING
from local.platform.layout import Layout
from local.platform.principals import Principals
from shared.catalog.index import steps
from shared.catalog.model import Facts, FileDrop, Step

FACTS = "facts"
_CREATED = "Microsoft.Storage.BlobCreated"


def event_topics(layout: Layout, principals: Principals) -> dict[str, Any]:
    """Return a topic for the facts, one for dropped files and one per source of platform facts."""
    code = principals.secret("functions-host-key")
    listening = [step for step in steps() if isinstance(step.inbound, Facts)]
    sources = dict.fromkeys(f"{step.inbound.name}-facts" for step in listening)
    return {
        "topics": [FACTS, LANDING, *sources],
        "subscriptions": [
            *(_of_files(step, step.inbound) for step in steps() if isinstance(step.inbound, FileDrop)),
            *(_of_facts(step, layout, code) for step in listening),
        ],
    }


def _of_files(step: Step, drop: FileDrop) -> dict[str, Any]:
    return {
        "name": step.function.replace("_", "-"),
        "topic": LANDING,
        "types": [_CREATED],
        "subjectBeginsWith": f"/blobServices/default/containers/{drop.container}/blobs/{drop.prefix}",
        "queue": drop.queue.name,
    }


def _of_facts(step: Step, layout: Layout, code: str) -> dict[str, Any]:
    inbound = step.inbound
    hook = f"{layout.api_url}/runtime/webhooks/EventGrid?functionName={step.function}&code={quote(code)}"
    return {
        "name": step.function.replace("_", "-"),
        "topic": f"{inbound.name}-facts",
        "types": list(inbound.types) if isinstance(inbound, Facts) else [],
        "webhook": hook,
    }
