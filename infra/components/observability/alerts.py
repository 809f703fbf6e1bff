"""The alerts of every flow, of the platform's own services, and of Azure's health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from infra.alerting import BusAlert, LogAlert, bus_alerts, live_flows, log_alerts
from infra.components.place import Place

_MOST_URGENT = 1


@dataclass(frozen=True)
class AlertsArgs:
    """What is watched, and whom an alert reaches; `subscription_scope` is where Azure says how it is itself."""

    place: Place
    group_id: pulumi.Input[str]
    workspace_id: pulumi.Input[str]
    bus_id: pulumi.Input[str]
    database_id: pulumi.Input[str]
    subscription_scope: pulumi.Input[str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class _Metric:
    """A metric of one resource, and what of it wakes somebody."""

    name: str
    sentence: str
    metric: str
    namespace: str
    aggregation: str
    operator: str
    threshold: float


_DATABASE, _BUS = "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.ServiceBus/namespaces"
_OF_DATABASE = (
    _Metric("database-away", "the database does not answer", "is_db_alive", _DATABASE, "Maximum", "LessThan", 1),
    _Metric(
        "database-full", "85 % of its storage is used", "storage_percent", _DATABASE, "Average", "GreaterThan", 85
    ),
)
_OF_BUS = (
    _Metric("bus-errors", "the bus fails by itself", "ServerErrors", _BUS, "Total", "GreaterThan", 10),
    _Metric("bus-throttled", "the bus is too small", "ThrottledRequests", _BUS, "Total", "GreaterThan", 100),
)


class Alerts(pulumi.ComponentResource):
    """Every alert is on, resolves itself where its cause is gone, and names the one action group."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Alerts", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        for flow in live_flows():
            for alert in log_alerts(flow):
                self._on_logs(alert)
            for each in bus_alerts(flow):
                self._on_queues(each)
        for metric in _OF_DATABASE:
            self._on_metric(metric, args.database_id)
        for metric in _OF_BUS:
            self._on_metric(metric, args.bus_id)
        self._on_activity("service-health", "ServiceHealth", "Azure says that a service we use is not well")
        self._on_activity("resource-health", "ResourceHealth", "Azure says that a resource of ours is not well")
        self.register_outputs({})

    def _on_logs(self, alert: LogAlert) -> None:
        args = self._args
        monitor.ScheduledQueryRule(
            alert.name,
            rule_name=args.place.names.in_group(alert.name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            kind="LogAlert",
            display_name=alert.name,
            description=alert.sentence,
            enabled=True,
            severity=alert.severity,
            scopes=[args.workspace_id],
            evaluation_frequency=_minutes(alert.every),
            window_size=_minutes(alert.window),
            auto_mitigate=True,
            # Its tables are there once the first telemetry is: on the first day Azure could not check the query.
            skip_query_validation=True,
            criteria=monitor.ScheduledQueryRuleCriteriaArgs(
                all_of=[
                    monitor.ConditionArgs(
                        query=alert.kql,
                        time_aggregation=monitor.TimeAggregation.COUNT,
                        operator="GreaterThan",  # the SDK's enumeration is another API's, with other spelling
                        threshold=0,
                        failing_periods=monitor.ConditionFailingPeriodsArgs(
                            number_of_evaluation_periods=1, min_failing_periods_to_alert=1
                        ),
                    )
                ]
            ),
            actions=monitor.ActionsArgs(action_groups=[args.group_id]),
            tags=args.tags,
            opts=self._options,
        )

    def _on_queues(self, alert: BusAlert) -> None:
        queues = monitor.MetricDimensionArgs(name="EntityName", operator="Include", values=list(alert.queues))
        metric = _Metric(alert.name, alert.sentence, alert.metric, _BUS, alert.aggregation, "GreaterThan", alert.above)
        self._on_metric(metric, self._args.bus_id, alert.severity, queues)

    def _on_metric(
        self,
        metric: _Metric,
        resource_id: pulumi.Input[str],
        severity: int = _MOST_URGENT,
        dimension: monitor.MetricDimensionArgs | None = None,
    ) -> None:
        args = self._args
        monitor.MetricAlert(
            metric.name,
            rule_name=args.place.names.in_group(metric.name),
            resource_group_name=args.place.resource_group,
            location="global",
            description=metric.sentence,
            enabled=True,
            severity=severity,
            scopes=[resource_id],
            evaluation_frequency=_minutes(5),
            window_size=_minutes(15),
            auto_mitigate=True,
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                all_of=[
                    monitor.MetricCriteriaArgs(
                        criterion_type="StaticThresholdCriterion",
                        name=metric.metric,
                        metric_name=metric.metric,
                        metric_namespace=metric.namespace,
                        time_aggregation=metric.aggregation,
                        operator=metric.operator,
                        threshold=metric.threshold,
                        dimensions=[dimension] if dimension else None,
                    )
                ],
            ),
            actions=[monitor.MetricAlertActionArgs(action_group_id=args.group_id)],
            tags=args.tags,
            opts=self._options,
        )

    def _on_activity(self, name: str, category: str, sentence: str) -> None:
        args = self._args
        monitor.ActivityLogAlert(
            name,
            activity_log_alert_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location="global",
            description=sentence,
            enabled=True,
            scopes=[args.subscription_scope],
            condition=monitor.AlertRuleAllOfConditionArgs(
                all_of=[monitor.AlertRuleAnyOfOrLeafConditionArgs(field="category", equals=category)]
            ),
            actions=monitor.ActionListArgs(action_groups=[monitor.ActionGroupArgs(action_group_id=args.group_id)]),
            tags=args.tags,
            opts=self._options,
        )


def _minutes(number: int) -> str:
    days, rest = divmod(number, 1440)
    hours, minutes = divmod(rest, 60)
    if days and not rest:
        return f"P{days}D"
    return f"PT{hours}H" if hours and not minutes else f"PT{number}M"
