"""
The entity configuration, read from a file in the shape of the official emulator's `Config.json`.

    UserConfig.Namespaces[]           one namespace; Name is free
      .Queues[]                       Name, Properties
        .Properties                   LockDuration, MaxDeliveryCount, DefaultMessageTimeToLive,
                                      DeadLetteringOnMessageExpiration, RequiresDuplicateDetection,
                                      DuplicateDetectionHistoryTimeWindow
      .Topics[]                       Name, Properties, Subscriptions
        .Properties                   DefaultMessageTimeToLive, RequiresDuplicateDetection,
                                      DuplicateDetectionHistoryTimeWindow
        .Subscriptions[]              Name, Properties, Rules
          .Properties                 LockDuration, MaxDeliveryCount, DefaultMessageTimeToLive,
                                      DeadLetteringOnMessageExpiration
          .Rules[]                    Name, Properties; without rules a subscription takes everything
            .Properties               FilterType "Sql" with SqlFilter.SqlExpression, or "Correlation" with
                                      CorrelationFilter (ContentType, CorrelationId, Label or Subject, MessageId,
                                      ReplyTo, ReplyToSessionId, SessionId, To, Properties)
    UserConfig.Logging                taken and not used

    refused when true or not empty    RequiresSession, ForwardTo, ForwardDeadLetteredMessagesTo, a rule's Action
    refused always                    any key that is not named here

Durations are ISO 8601 (`PT1M`, `P14D`). Defaults: LockDuration PT1M (at most PT5M), MaxDeliveryCount 10 (1 to
2000), DuplicateDetectionHistoryTimeWindow PT10M (at most P7D), no time to live, everything else false.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from local.service_bus.filters import Filter, FilterError, correlation_filter, sql_filter
from local.service_bus.queues import QueueRules

MAX_ENTITIES = 1000
_ENTITY_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?")
_CHILD_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,48}[A-Za-z0-9])?")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_FOREVER = 100 * 365 * 86400.0  # P10675199D and the like: a time to live that never ends
_QUEUE_KEYS = {
    "LockDuration", "MaxDeliveryCount", "DefaultMessageTimeToLive", "DeadLetteringOnMessageExpiration",
    "RequiresSession", "ForwardTo", "ForwardDeadLetteredMessagesTo",
}  # fmt: skip
_DUPLICATE_KEYS = {"RequiresDuplicateDetection", "DuplicateDetectionHistoryTimeWindow"}
_CORRELATION_KEYS = {
    "ContentType", "CorrelationId", "Label", "Subject", "MessageId", "ReplyTo", "ReplyToSessionId", "SessionId",
    "To",
}  # fmt: skip
_RULE_KEYS = {"FilterType", "SqlFilter", "CorrelationFilter", "Action"}

Record = Mapping[str, object]


class ConfigError(ValueError):
    """A configuration that is wrong or asks for what is not built; the text names the place."""


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """A queue; `duplicate_window` in seconds, None when duplicates are not looked for."""

    name: str
    rules: QueueRules
    duplicate_window: float | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionConfig:
    """A subscription; a message that one of its filters matches is copied to it."""

    name: str
    rules: QueueRules
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class TopicConfig:
    """A topic with its subscriptions."""

    name: str
    time_to_live: float | None
    duplicate_window: float | None
    subscriptions: tuple[SubscriptionConfig, ...]


@dataclass(frozen=True, slots=True)
class NamespaceConfig:
    """Everything that the stand-in serves."""

    queues: tuple[QueueConfig, ...]
    topics: tuple[TopicConfig, ...]


def read_config(path: Path) -> NamespaceConfig:
    """Return the configuration in a file; raise `ConfigError` with the file and the place in it."""
    try:
        return parse_config(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_config(document: object) -> NamespaceConfig:
    """Return the configuration that a decoded `Config.json` describes."""
    root = _record(document, "", {"UserConfig"})
    user = _record(root.get("UserConfig"), "UserConfig", {"Namespaces", "Logging"})
    namespaces = _list(user, "UserConfig", "Namespaces")
    if len(namespaces) != 1:
        raise ConfigError(f"UserConfig.Namespaces: one namespace is served, not {len(namespaces)}")
    place = "UserConfig.Namespaces[0]"
    namespace = _record(namespaces[0], place, {"Name", "Queues", "Topics"})
    queues = tuple(_queue(q, f"{place}.Queues[{i}]") for i, q in enumerate(_list(namespace, place, "Queues")))
    topics = tuple(_topic(t, f"{place}.Topics[{i}]") for i, t in enumerate(_list(namespace, place, "Topics")))
    names = [q.name for q in queues] + [t.name for t in topics]
    _check_names(names, place)
    count = len(names) + sum(len(t.subscriptions) for t in topics)
    if not 0 < count <= MAX_ENTITIES:
        raise ConfigError(f"{place}: {count} entities; 1 to {MAX_ENTITIES} are served")
    return NamespaceConfig(queues, topics)


def _queue(value: object, place: str) -> QueueConfig:
    record = _record(value, place, {"Name", "Properties"})
    properties = _record(record.get("Properties", {}), f"{place}.Properties", _QUEUE_KEYS | _DUPLICATE_KEYS)
    name = _name(record, place, _ENTITY_NAME)
    return QueueConfig(name, _rules(properties, f"{place}.Properties"), _window(properties, f"{place}.Properties"))


def _topic(value: object, place: str) -> TopicConfig:
    record = _record(value, place, {"Name", "Properties", "Subscriptions"})
    inner = f"{place}.Properties"
    properties = _record(record.get("Properties", {}), inner, _DUPLICATE_KEYS | {"DefaultMessageTimeToLive"})
    declared = enumerate(_list(record, place, "Subscriptions"))
    subscriptions = tuple(_subscription(s, f"{place}.Subscriptions[{i}]") for i, s in declared)
    _check_names([s.name for s in subscriptions], f"{place}.Subscriptions")
    return TopicConfig(
        name=_name(record, place, _ENTITY_NAME),
        time_to_live=_time_to_live(properties, inner),
        duplicate_window=_window(properties, inner),
        subscriptions=subscriptions,
    )


def _subscription(value: object, place: str) -> SubscriptionConfig:
    record = _record(value, place, {"Name", "Properties", "Rules"})
    properties = _record(record.get("Properties", {}), f"{place}.Properties", _QUEUE_KEYS)
    rules = _list(record, place, "Rules")
    filters = tuple(_rule(rule, f"{place}.Rules[{i}]") for i, rule in enumerate(rules))
    return SubscriptionConfig(
        name=_name(record, place, _CHILD_NAME),
        rules=_rules(properties, f"{place}.Properties"),
        filters=filters or (sql_filter("TRUE"),),
    )


def _rule(value: object, place: str) -> Filter:
    record = _record(value, place, {"Name", "Properties"})
    _name(record, place, _CHILD_NAME, also="$Default")
    place = f"{place}.Properties"
    properties = _record(record.get("Properties"), place, _RULE_KEYS)
    action = _record(properties.get("Action") or {}, f"{place}.Action", {"SqlExpression"})
    if action.get("SqlExpression"):
        raise ConfigError(f"{place}.Action: rule actions are not implemented")
    kind = str(properties.get("FilterType", "Sql")).lower()
    try:
        if kind == "sql":
            inner = _record(properties.get("SqlFilter"), f"{place}.SqlFilter", {"SqlExpression"})
            return sql_filter(str(inner.get("SqlExpression", "")))
        if kind == "correlation":
            return _correlation(properties.get("CorrelationFilter"), f"{place}.CorrelationFilter")
    except FilterError as error:
        raise ConfigError(f"{place}: {error}") from error
    raise ConfigError(f"{place}.FilterType: Sql or Correlation, not {kind!r}")


def _correlation(value: object, place: str) -> Filter:
    record = _record(value, place, _CORRELATION_KEYS | {"Properties"})
    user = _record(record.get("Properties", {}), f"{place}.Properties", None)
    system = {key.lower(): v for key, v in record.items() if key != "Properties"}
    if not system and not user:
        raise ConfigError(f"{place}: it names no property")
    return correlation_filter(system, user)


def _rules(properties: Record, place: str) -> QueueRules:
    if _flag(properties, place, "RequiresSession"):
        raise ConfigError(f"{place}.RequiresSession: sessions are not implemented")
    for key in ("ForwardTo", "ForwardDeadLetteredMessagesTo"):
        if properties.get(key):
            raise ConfigError(f"{place}.{key}: forwarding is not implemented")
    lock = _duration(properties, place, "LockDuration", 60.0)
    if not 0 < lock <= 300:
        raise ConfigError(f"{place}.LockDuration: more than PT0S and at most PT5M")
    attempts = properties.get("MaxDeliveryCount", 10)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or not 1 <= attempts <= 2000:
        raise ConfigError(f"{place}.MaxDeliveryCount: a whole number from 1 to 2000")
    return QueueRules(
        lock_duration=lock,
        max_delivery_count=attempts,
        time_to_live=_time_to_live(properties, place),
        dead_letter_expired=_flag(properties, place, "DeadLetteringOnMessageExpiration"),
    )


def _window(properties: Record, place: str) -> float | None:
    window = _duration(properties, place, "DuplicateDetectionHistoryTimeWindow", 600.0)
    if not 0 < window <= 7 * 86400:
        raise ConfigError(f"{place}.DuplicateDetectionHistoryTimeWindow: more than PT0S and at most P7D")
    return window if _flag(properties, place, "RequiresDuplicateDetection") else None


def _time_to_live(properties: Record, place: str) -> float | None:
    seconds = _duration(properties, place, "DefaultMessageTimeToLive", _FOREVER)
    if seconds <= 0:
        raise ConfigError(f"{place}.DefaultMessageTimeToLive: more than PT0S")
    return seconds if seconds < _FOREVER else None


def _record(value: object, place: str, keys: set[str] | None) -> Record:
    if not isinstance(value, dict):
        raise ConfigError(f"{place or 'the file'}: an object is wanted")
    unknown = value.keys() - keys if keys is not None else set()
    if unknown:
        raise ConfigError(f"{place or 'the file'}: not known: {', '.join(sorted(unknown))}")
    return cast(Record, value)


def _list(record: Record, place: str, key: str) -> list[object]:
    value = record.get(key, [])
    if not isinstance(value, list):
        raise ConfigError(f"{place}.{key}: a list is wanted")
    return value


def _name(record: Record, place: str, shape: re.Pattern[str], also: str = "") -> str:
    name = record.get("Name")
    if not isinstance(name, str) or (name != also and not shape.fullmatch(name)):
        raise ConfigError(f"{place}.Name: letters, digits, '.', '-', '_'; a letter or digit at both ends")
    if "/subscriptions/" in f"/{name}/".lower():
        raise ConfigError(f"{place}.Name: 'Subscriptions' is the service's own word in a path")
    return name


def _check_names(names: list[str], place: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ConfigError(f"{place}: two entities are named {name!r}")
        seen.add(name.lower())


def _flag(properties: Record, place: str, key: str) -> bool:
    value = properties.get(key, False)
    if not isinstance(value, bool):
        raise ConfigError(f"{place}.{key}: true or false")
    return value


def _duration(properties: Record, place: str, key: str, default: float) -> float:
    value = properties.get(key)
    if value is None:
        return default
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or not any(match.groups()):
        raise ConfigError(f"{place}.{key}: an ISO 8601 duration like PT1M or P14D")
    days, hours, minutes, seconds = (float(group or 0) for group in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds
