"""What watches an environment, made from its dials: the log store first, because everything else reports to it."""

from __future__ import annotations

from infra.components.estate import Concern, Estate
from infra.components.network.landing_zone import LandingZone
from infra.components.observability.alerts import Alerts, AlertsArgs
from infra.components.observability.dashboards import Dashboards, DashboardsArgs
from infra.components.observability.log_store import LogStore, LogStoreArgs
from infra.components.observability.private_monitoring import PrivateMonitoring, PrivateMonitoringArgs
from infra.components.observability.responders import Responders, RespondersArgs
from infra.components.observability.workbooks import Workbooks, WorkbooksArgs
from infra.dials import Dials
from infra.rooms import Rooms
from infra.tags import Tags
from shared.catalog.flows import FLOWS
from shared.catalog.model import DataClass


def make_log_store(dials: Dials, estate: Estate, tags: Tags) -> LogStore:
    """Make the workspace to which every resource reports."""
    return LogStore(
        "log-store",
        LogStoreArgs(
            place=estate.places[Concern.OBSERVE],
            retention_days=dials.log_retention_days,
            daily_gb=dials.log_daily_gb,
            private=dials.private_monitoring,
            tags=tags.of(FLOWS, DataClass.NONE),
        ),
    )


def make_watch(dials: Dials, estate: Estate, zone: LandingZone, rooms: Rooms, tags: Tags) -> None:
    """Make the private way to the logs, whom an alert reaches, the alerts, the workbooks and the dashboards."""
    place, store = estate.places[Concern.OBSERVE], rooms.logs
    watch_tags = tags.of(FLOWS, DataClass.NONE)
    if dials.private_monitoring:
        PrivateMonitoring("monitor", PrivateMonitoringArgs(place, zone.access, store, watch_tags))
    responders = Responders("responders", RespondersArgs(place, dials.alert_emails, dials.alert_webhooks, watch_tags))
    Alerts(
        "alerts",
        AlertsArgs(
            place=place,
            group_id=responders.group_id,
            workspace_id=store.workspace_id,
            bus_id=rooms.messaging.namespace_id,
            database_id=rooms.database.server_id,
            subscription_scope=estate.subscription_scope,
            tags=watch_tags,
        ),
    )
    Workbooks("workbooks", WorkbooksArgs(place, store.workspace_id, watch_tags))
    Dashboards("dashboards", DashboardsArgs(place, store.workspace_id, watch_tags))
