"""
What the environment and host.json say, read once.

    CORRIDOR_FUNCTION_KEY            key of functions with auth level FUNCTION; unset: they are open, as in local tools
    CORRIDOR_MASTER_KEY              key of /admin and of auth level ADMIN, accepted everywhere
    CORRIDOR_EVENT_GRID_KEY          key of the Event Grid webhook
    CORRIDOR_CA_FILE                 PEM of the authority that signed the local broker's certificate
    CORRIDOR_HOST_STATE              directory of the timers' schedule status; unset: kept in memory
    CORRIDOR_HOST_GRACE_SECONDS      how long running invocations may finish after SIGTERM (10)
    FUNCTIONS_WORKER_PROCESS_COUNT   worker processes that share the port and the queues, 1 to 10 (1)
    PYTHON_THREADPOOL_THREAD_COUNT   threads for synchronous functions in each worker (Python's default)
    FUNCTIONS_REQUEST_BODY_SIZE_LIMIT  bytes of the largest request body (104857600)
    AzureFunctionsJobHost__a__b      overrides a.b of host.json
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

_DEFAULT_BODY_LIMIT = 104_857_600
_MOST_THREADS = 1000
_MOST_WORKERS = 10
_OVERRIDE = "AzureFunctionsJobHost__"
_PLACEHOLDER = re.compile(r"%([^%]+)%")
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?")


@dataclass(frozen=True, slots=True)
class ServiceBusOptions:
    """`extensions.serviceBus` of host.json."""

    max_concurrent_calls: int = 16
    prefetch_count: int = 0
    auto_complete: bool = True
    max_batch_size: int = 1000
    max_renewal: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Everything that the host is told from outside."""

    app_dir: Path
    environment: Mapping[str, str]
    route_prefix: str = "api"
    log_level: str = "Information"
    service_bus: ServiceBusOptions = ServiceBusOptions()
    function_key: str | None = None
    master_key: str | None = None
    event_grid_key: str | None = None
    ca_file: str | None = None
    state_dir: Path | None = None
    grace: float = 10.0
    workers: int = 1
    threads: int | None = None
    body_limit: int = _DEFAULT_BODY_LIMIT

    def resolve(self, text: str) -> str:
        """Return `text` with every `%NAME%` replaced by that setting; an unset one is a ConfigurationError."""

        def value_of(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.environment:
                raise ConfigurationError("setting-missing", name, f"'%{name}%' does not resolve to a value")
            return self.environment[name]

        return _PLACEHOLDER.sub(value_of, text)


def read_settings(app_dir: Path, environment: Mapping[str, str]) -> HostSettings:
    """Return the settings of the app in `app_dir`; what cannot be understood is a ConfigurationError."""
    host_file = _host_file(app_dir, environment)
    extensions = _section(host_file, "extensions")
    return HostSettings(
        app_dir=app_dir,
        environment=environment,
        route_prefix=str(_section(extensions, "http").get("routePrefix", "api")).strip("/"),
        log_level=str(_section(_section(host_file, "logging"), "logLevel").get("default", "Information")),
        service_bus=_service_bus_options(_section(extensions, "serviceBus")),
        function_key=environment.get("CORRIDOR_FUNCTION_KEY") or None,
        master_key=environment.get("CORRIDOR_MASTER_KEY") or None,
        event_grid_key=environment.get("CORRIDOR_EVENT_GRID_KEY") or None,
        ca_file=environment.get("CORRIDOR_CA_FILE") or None,
        state_dir=Path(state) if (state := environment.get("CORRIDOR_HOST_STATE")) else None,
        grace=float(_number(environment.get("CORRIDOR_HOST_GRACE_SECONDS", "10"), "CORRIDOR_HOST_GRACE_SECONDS")),
        workers=_workers(environment.get("FUNCTIONS_WORKER_PROCESS_COUNT", "1")),
        threads=_threads(environment.get("PYTHON_THREADPOOL_THREAD_COUNT")),
        body_limit=_number(
            environment.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", _DEFAULT_BODY_LIMIT),
            "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
        ),
    )


def time_span(text: str) -> timedelta | None:
    """
    Return what .NET's TimeSpan reads in `text`, or None when it is no TimeSpan.

    `hh:mm:ss`, `d.hh:mm:ss`; as in Azure, a first number of 24 or more counts days (`24:00:00` is 24 days).
    """
    match = _TIME_SPAN.fullmatch(text.strip())
    if match is None:
        return None
    days, first, second, third, fraction = match.groups()
    if days is None and int(first) >= 24:
        return timedelta(days=int(first), hours=int(second), minutes=int(third or 0))
    return timedelta(
        days=int(days or 0),
        hours=int(first),
        minutes=int(second),
        seconds=int(third or 0),
        microseconds=int((fraction or "0")[:6].ljust(6, "0")),
    )


def _host_file(app_dir: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    path = app_dir / "host.json"
    try:
        host_file = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError("host-file-missing", "host.json", f"{path} does not exist") from error
    except ValueError as error:
        raise ConfigurationError("host-file-unreadable", "host.json", f"{path} is not JSON: {error}") from error
    if not isinstance(host_file, dict) or host_file.get("version") != "2.0":
        raise ConfigurationError("host-file-version", "host.json", 'host.json must say "version": "2.0"')
    for name, value in environment.items():
        if name.startswith(_OVERRIDE):
            *sections, leaf = name.removeprefix(_OVERRIDE).split("__")
            place = host_file
            for section in sections:
                place = place.setdefault(section, {})
            place[leaf] = value
    return host_file


def _section(host_file: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = host_file.get(name, {})
    if not isinstance(section, dict):
        raise ConfigurationError("host-file-section", f"host.json {name}", f"{name} must be an object")
    return section


def _service_bus_options(section: Mapping[str, Any]) -> ServiceBusOptions:
    def number(name: str, default: int) -> int:
        return _number(section.get(name, default), f"host.json extensions.serviceBus.{name}")

    renewal_text = str(section.get("maxAutoLockRenewalDuration", "00:05:00"))
    renewal = time_span(renewal_text)
    if renewal is None:
        raise ConfigurationError("host-file-value", "maxAutoLockRenewalDuration", f"{renewal_text} is no TimeSpan")
    return ServiceBusOptions(
        max_concurrent_calls=max(1, number("maxConcurrentCalls", 16)),
        prefetch_count=max(0, number("prefetchCount", 0)),
        auto_complete=str(section.get("autoCompleteMessages", True)).lower() == "true",
        max_batch_size=max(1, number("maxMessageBatchSize", 1000)),
        max_renewal=renewal,
    )


def _number(value: object, location: str) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise ConfigurationError("setting-invalid", location, f"{value!r} is not a whole number") from error


def _workers(text: str) -> int:
    name = "FUNCTIONS_WORKER_PROCESS_COUNT"
    count = _number(text, name)
    if not 1 <= count <= _MOST_WORKERS:
        raise ConfigurationError("setting-invalid", name, f"{name}={count} is not 1 to {_MOST_WORKERS}")
    return count


def _threads(text: str | None) -> int | None:
    if text is None:
        return None
    count = _number(text, "PYTHON_THREADPOOL_THREAD_COUNT")
    # The worker falls back to Python's default outside these bounds; so do we.
    return count if 1 <= count <= _MOST_THREADS else None
