"""
What the platform says about itself, by Event Grid: a credential that ends soon, a service that is not well.

Each such event is one task of operations, however often it is delivered. Only names of ours and of Azure's are kept
of an event, never what else it may carry.

    vault    Microsoft.KeyVault.<Certificate|Key|Secret><NearExpiry|Expired>     data.ObjectName, data.EXP
    health   Microsoft.ResourceNotifications.HealthResources.<...>               data.resourceInfo: its name, its type,
                                                                                 properties.availabilityState
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalog.flows import OPERATIONS
from shared.catalog.model import Facts, Step
from shared.ledger import NewTask
from shared.ports import Ports
from shared.structured_log import log_event
from shared.workflow.escalation import PLATFORM_FACT, ladder_of

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_WELL = "Available"


@dataclass(frozen=True, slots=True)
class Fact:
    """One event: who told it, its id there, its type, and its data."""

    source: str
    id: str
    type: str
    data: Mapping[str, Any]


def note_expiry(fact: Fact, ports: Ports) -> bool:
    """Open a task for a credential that ends or has ended; False when this event has opened one. Idempotent."""
    about = {"object": _name(fact.data.get("ObjectName")), "vault": _name(fact.data.get("VaultName"))}
    return _open(OPERATIONS.step("note-expiry"), fact, about, ports)


def note_health(fact: Fact, ports: Ports) -> bool:
    """Open a task for a service that is not well; False when it is well (again), or known. Idempotent."""
    resource = _inner(fact.data, "resourceInfo")
    state = _name(_inner(resource, "properties").get("availabilityState"))
    if state == _WELL:
        log_event(_log, logging.INFO, "platform fact", code="well", function=OPERATIONS.step("note-health").function)
        return False
    about = {"resource": _name(resource.get("name")), "kind": _name(resource.get("type")), "state": state}
    return _open(OPERATIONS.step("note-health"), fact, about, ports)


def _open(step: Step, fact: Fact, about: dict[str, str], ports: Ports) -> bool:
    if not isinstance(step.inbound, Facts) or fact.type not in step.inbound.types:
        log_event(_log, logging.WARNING, "platform fact", code="not-asked-for", function=step.function)
        return False
    ladder = ladder_of(PLATFORM_FACT)
    task = NewTask(
        kind=PLATFORM_FACT,
        dedupe_key=f"{PLATFORM_FACT}:{fact.source}:{fact.id}",
        flow=OPERATIONS.name,
        owner_queue=ladder.rung(0),
        message_id=None,
        due_at=ports.clock() + ladder.within,
        explanation={"type": fact.type, **about},
    )
    with ports.ledger.transaction() as tx:
        opened = tx.tasks.open(task, f"corridor/{step.tier}/{step.function}", fact.type)
    log_event(_log, logging.WARNING, "platform fact", code=fact.type.rpartition(".")[2], function=step.function)
    return opened


def _inner(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _name(value: object) -> str:
    """Return a name as it is, and nothing of what is none."""
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""
