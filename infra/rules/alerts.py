"""Alerts: each is switched on and wakes somebody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import items, of_kinds, value, with_id

# Where each kind of alert names its action groups: a list of ids, or a list of objects with the id in a property.
_ACTIONS = {
    "monitor:ActivityLogAlert": ("actions.actionGroups", "actionGroupId"),
    "monitor:MetricAlert": ("actions", "actionGroupId"),
    "monitor:ScheduledQueryRule": ("actions.actionGroups", ""),
}


def every_alert_has_an_action_group(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find alerts that tell nobody, or a group that the stack does not have."""
    groups = of_kinds(resources, "monitor:ActionGroup")
    for alert in of_kinds(resources, *_ACTIONS):
        path, key = _ACTIONS[alert.kind]
        named = [each.get(key) if isinstance(each, dict) else each for each in items(alert, path)]
        if not named:
            yield error("alert-action", alert, path, "tells nobody: name an action group")
        elif not any(next(with_id(groups, each), None) for each in named):
            yield error("alert-action", alert, path, "tells a group that this stack does not have")


def every_alert_is_on(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find alerts that are declared and switched off."""
    for alert in of_kinds(resources, *_ACTIONS):
        if value(alert, "enabled") is False:
            yield error("alert-off", alert, "enabled", "is false: an alert that is not wanted is removed")


def every_action_group_reaches_somebody(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find action groups without a receiver."""
    for group in of_kinds(resources, "monitor:ActionGroup"):
        receivers = [key for key in group.inputs if key.endswith("Receivers") and items(group, key)]
        if not receivers or value(group, "enabled") is False:
            yield error("action-group", group, "", "reaches nobody: give it a receiver and switch it on")


RULES = (every_alert_has_an_action_group, every_alert_is_on, every_action_group_reaches_somebody)
