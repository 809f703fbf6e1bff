"""
The alerts of Azure, generated from the catalogue: what each looks at, when it wakes somebody, how urgent it is.

Limits that an operator tunes are not here: they live in the ledger, `ops` evaluates them, and Azure alerts on the
breaches that `ops` logs and on its silence. A deployment therefore never resets one. What is left for Azure is what
`ops` cannot see: calls that never became a message, functions that do not run, and the bus itself.

    docs/operating.md has the table; it is made by    python -m infra.alerting
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.queries import Value, alert_query
from shared.catalog.flows import FLOWS, OPERATIONS
from shared.catalog.model import FileDrop, Flow, Lifecycle, Queue, Route, Schedule

_SEVERITY = {"life-critical": 1, "high": 2}
_LEAST_URGENT = 3
_LIVE = frozenset({Lifecycle.ACTIVE, Lifecycle.DEPRECATED})
# A hint is one small message: so many mean that nobody takes them, whatever the flow.
_DEEP = 5_000
_REFUSALS = 20


@dataclass(frozen=True, slots=True)
class LogAlert:
    """A query that returns a row where somebody must look; asked every `every` minutes over the last `window`."""

    name: str
    sentence: str
    query: str
    severity: int
    every: int = 5
    window: int = 15
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def kql(self) -> str:
        """The query with its values."""
        return alert_query(self.query, self.values)


@dataclass(frozen=True, slots=True)
class BusAlert:
    """A metric of the namespace, for some queues, whose `aggregation` over 15 minutes is above a limit."""

    name: str
    sentence: str
    metric: str
    aggregation: str
    above: int
    severity: int
    queues: tuple[str, ...]


def live_flows() -> tuple[Flow, ...]:
    """Return the flows that are watched."""
    return tuple(flow for flow in FLOWS if flow.lifecycle in _LIVE)


def severity_of(flow: Flow) -> int:
    """Return how urgent an alert of the flow is, as Azure counts: 1 is the most urgent that we give."""
    return _SEVERITY.get(flow.criticality, _LEAST_URGENT)


def log_alerts(flow: Flow) -> Iterator[LogAlert]:
    """Yield what the logs must say about a flow."""
    severity = severity_of(flow)
    functions = tuple(step.function for step in flow.steps)
    yield LogAlert(
        f"{flow.name}-breached", "ops found a threshold breached", "breached", severity, 5, 5, {"flow": flow.name}
    )
    yield LogAlert(
        f"{flow.name}-failures",
        "more than 5 % of a function's runs failed, and at least 10",
        "failures",
        severity,
        values={"functions": functions},
    )
    if called := tuple(step.function for step in flow.steps if isinstance(step.inbound, Route) and step.inbound.role):
        limit = int(flow.sla.total_seconds() * 1000)
        slow: dict[str, Value] = {"functions": called, "limit": limit}
        yield LogAlert(
            f"{flow.name}-slow", f"95 % of answers take more than {limit} ms", "slow", severity, values=slow
        )
        refused: dict[str, Value] = {"functions": called, "limit": _REFUSALS}
        text = f"{_REFUSALS} callers were refused (401, 403)"
        yield LogAlert(f"{flow.name}-refused", text, "refused", severity, values=refused)
    for window, names in _schedules(flow).items():
        yield LogAlert(
            f"{flow.name}-asleep-{window}",
            f"a scheduled function did not run for {window} min",
            "asleep",
            severity,
            min(window, 60),
            window,
            {"functions": names},
        )
    if flow is OPERATIONS:
        yield LogAlert(f"{flow.name}-unwatched", "ops has evaluated no threshold for 10 min", "unwatched", 1, 5, 10)


def bus_alerts(flow: Flow) -> Iterator[BusAlert]:
    """Yield what the bus must say about the queues of a flow; nothing for a flow without queues."""
    queues = tuple(step.queue.name for step in flow.steps if isinstance(step.inbound, Queue | FileDrop))
    if not queues:
        return
    severity = severity_of(flow)
    text = f"more than {_DEEP} messages wait in a queue for 15 min"
    yield BusAlert(f"{flow.name}-deep", text, "ActiveMessages", "Average", _DEEP, severity, queues)
    text = "dead letters lie in a queue for 15 min: ops does not drain them"
    yield BusAlert(f"{flow.name}-dead-letters", text, "DeadletteredMessages", "Minimum", 0, severity, queues)


def alerts_of(flow: Flow) -> tuple[LogAlert | BusAlert, ...]:
    """Return every alert of a flow."""
    return (*log_alerts(flow), *bus_alerts(flow))


def alerts_table() -> str:
    """Return the alerts of every flow as the table of docs/operating.md."""
    rows = [
        f"| `{alert.name}` | {flow.name} | {alert.sentence} | {alert.severity} |"
        for flow in live_flows()
        for alert in alerts_of(flow)
    ]
    return "\n".join(["| alert | flow | fires when | severity |", "|---|---|---|---|", *rows])


def _schedules(flow: Flow) -> dict[int, tuple[str, ...]]:
    """Return the flow's scheduled functions by the minutes after which one that has not run is missed."""
    found: dict[int, tuple[str, ...]] = {}
    for step in flow.steps:
        if isinstance(step.inbound, Schedule) and (window := _missed_after(step.inbound.expression)):
            found[window] = (*found.get(window, ()), step.function)
    return found


def _missed_after(expression: str) -> int | None:
    """Return minutes as Azure allows them; None for what runs less than daily: no query looks back that far."""
    _, minute, hour, *days = expression.split()
    if days != ["*", "*", "*"]:
        return None
    if hour != "*":
        return 2880
    return 15 if minute == "*" or minute in {"*/2", "*/3", "*/5"} else 180


if __name__ == "__main__":
    sys.stdout.write(alerts_table() + "\n")
