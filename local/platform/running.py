"""
The whole platform on one machine: what it consists of, in which order it starts, and where to find it afterwards.

    with running_platform(data, port) as platform:
        platform.layout.api_url

`environment.json` in the data folder tells the command line where everything is (mode 0600: it holds secrets).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.certificates import ensure_authority
from local.platform import programs
from local.platform.bus_entities import emulator_config
from local.platform.database import OPERATOR_LOGIN
from local.platform.event_topics import event_topics
from local.platform.layout import ENVIRONMENT_FILE, USUAL, Layout, Ports, Variation
from local.platform.principals import (
    APP_CLIENT_ID,
    AUDIENCE,
    OPERATOR_CLIENT_ID,
    SETUP_CLIENT_ID,
    STEWARD_CLIENT_ID,
    Principals,
    ensure_principals,
)
from local.platform.programs import DATABASE, PARTNERS, ROOT, Program
from local.private_files import write_private
from local.supervisor.component import Component, Policy
from local.supervisor.supervisor import Supervisor
from shared.partners.model import Partners
from shared.partners.reading import read_partners


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that runs: `supervisor` keeps it so."""

    layout: Layout
    principals: Principals
    partners: Partners
    supervisor: Supervisor

    @property
    def environment(self) -> dict[str, Any]:
        """Return what `environment.json` says."""
        content: dict[str, Any] = json.loads((self.layout.data / ENVIRONMENT_FILE).read_bytes())
        return content


@contextmanager
def running_platform(
    data: Path,
    port: int,
    policy: Policy | None = None,
    unless: threading.Event | None = None,
    external_postgres: str = "",
    variation: Variation = USUAL,
) -> Iterator[Platform]:
    """
    Start everything, yield, stop everything in reverse order.

    ConfigurationError when another platform runs on this data, a port is taken, or a component does not start.
    When `unless` is set during the start, everything is stopped already and the block may look but not use.
    """
    layout = Layout(data.resolve(), Ports(port), external_postgres, variation)
    partners = read_partners(variation.partners or PARTNERS)
    principals = ensure_principals(layout, partners)
    supervisor = Supervisor(layout.data, _components(layout, principals), policy)
    supervisor.start(unless)
    try:
        write_private(layout.data / ENVIRONMENT_FILE, json.dumps(_whereabouts(layout, principals, partners)).encode())
        yield Platform(layout, principals, partners, supervisor)
    finally:
        supervisor.stop()


def _components(layout: Layout, principals: Principals) -> list[Component]:
    authority = ensure_authority(layout.folder("certificates"))
    write_private(layout.folder("service-bus") / "Config.json", json.dumps(emulator_config(), indent=2).encode())
    topics = json.dumps(event_topics(layout, principals), indent=2).encode()
    write_private(layout.folder("event-grid") / "topics.json", topics)
    policies = {"policies": {APP_CLIENT_ID: "user", SETUP_CLIENT_ID: "officer"}}
    write_private(layout.folder("key-vault") / "policy.json", json.dumps(policies).encode())
    setup = programs.setup(layout, principals)
    own_postgres = [] if layout.external_postgres else [_component(layout, programs.postgres(layout))]
    ledger = tuple(component.name for component in own_postgres)
    return [
        *own_postgres,
        _component(layout, programs.issuer(layout)),
        _component(layout, programs.service_bus(layout, authority)),
        _component(layout, programs.key_vault(layout, authority)),
        _component(layout, programs.event_grid(layout, authority, principals), after=("issuer", "service-bus")),
        _component(layout, programs.destinations(layout)),
        _component(layout, setup, after=(*ledger, "issuer", "key-vault")),
        _component(
            layout,
            programs.functions_host(layout, authority, principals),
            after=("setup", "service-bus", "destinations", "event-grid"),
        ),
    ]


def _component(layout: Layout, program: Program, after: tuple[str, ...] = ()) -> Component:
    return Component(
        name=program.name,
        argv=tuple(program.argv),
        log_file=layout.folder("logs") / f"{program.name}.log",
        env={"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **program.environment},
        cwd=layout.data,
        after=after,
        port=program.port or None,
        health=_health(program),
    )


def _health(program: Program) -> Callable[[], bool] | None:
    """Return how to see that a component is well: by its own word, else by its taking a connection."""
    if program.health_url:
        headers = dict(program.health_headers)
        return lambda: httpx.get(program.health_url, headers=headers, timeout=3, trust_env=False).is_success
    if program.port:
        return lambda: _takes_a_connection(program.port)
    return None


def _takes_a_connection(port: int) -> bool:
    with socket.create_connection(("localhost", port), timeout=3):
        return True


def _whereabouts(layout: Layout, principals: Principals, partners: Partners) -> dict[str, Any]:
    password = principals.secret("database-operator")
    return {
        "api_url": layout.api_url,
        "token_url": layout.token_url,
        "scope": f"{AUDIENCE}/.default",
        "destinations_url": f"http://localhost:{layout.ports.destinations}",
        "operator_database_url": f"postgresql://{OPERATOR_LOGIN}:{password}@{layout.postgres_address}/{DATABASE}",
        "operator": {"client_id": OPERATOR_CLIENT_ID, "client_secret": principals.secret("operator")},
        "steward": {"client_id": STEWARD_CLIENT_ID, "client_secret": principals.secret("steward")},
        "landing": str(layout.landing),
        "event_grid_url": f"https://localhost:{layout.ports.event_grid}",
        "logs": str(layout.folder("logs")),
        "partners": {
            name: {
                "client_id": name,
                "client_secret": principals.secret(f"partner-{name}"),
                **({"signing_key": principals.secret(secret)} if (secret := partner.sends.signing_secret) else {}),
            }
            for name, partner in partners.by_name.items()
            if partner.sends
        },
    }
