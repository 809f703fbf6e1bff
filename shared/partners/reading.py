"""
Reads partner files (`partners/<name>.yaml`) strictly: an unknown key or a wrong type names its place.

Errors are ConfigurationError `partner-file-invalid` with a location such as `riverside-lab.yaml: sends.time-zone`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml

from shared.errors import ConfigurationError
from shared.formats.hl7v2.conformance.rules import USAGES, Rule, read_place
from shared.partners.hl7v2_writing import NO_PREFERENCES, read_writing_preferences
from shared.partners.model import (
    USUAL_LIMITS,
    USUAL_QUOTA,
    USUAL_REORDERING,
    Credential,
    Endpoint,
    Limits,
    Partner,
    Partners,
    Quota,
    Rate,
    Receiver,
    Secondary,
    Sender,
    VisitFilter,
)
from shared.partners.profile_reading import read_profile

T = TypeVar("T")
_CONSENT_RULES = ("unless-denied", "if-permitted")
_ENDPOINT_KINDS = ("fhir-r4", "hl7v2", "webhook", "file")
_MANAGED_IDENTITY = "managed-identity"
_CREDENTIAL_KINDS = ("oauth2", "hmac", _MANAGED_IDENTITY)
_SHA_256 = re.compile(r"[0-9a-fA-F]{64}")


def read_partners(folder: Path) -> Partners:
    """Return every partner below `folder`; the first fault stops start-up."""
    partners = [read_partner(file) for file in sorted(folder.glob("*.yaml"))]
    return Partners({partner.name: partner for partner in partners})


def read_partner(file: Path) -> Partner:
    """Return the partner that `file` describes; its `name` is the file's name."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _invalid(file.name, "not readable as YAML in UTF-8") from error
    top = _Section(content, f"{file.name}: ")
    name = top.take("name", str)
    if name != file.stem:
        raise _invalid(f"{file.name}: name", "the name is the name of the file")
    partner = Partner(
        name=name,
        title=top.take("title", str),
        contact=top.take("contact", str),
        sends=_sender(name, top.section("sends")) if top.has("sends") else None,
        receives=_receiver(top.section("receives")) if top.has("receives") else None,
    )
    top.finish()
    return partner


def _sender(name: str, section: _Section) -> Sender:
    sender = Sender(
        processing_ids=section.texts("processing-ids", ("P",)),
        refuse_reused_control_ids=section.take("refuse-reused-control-ids", bool, False),
        allowance=_allowance(section.section("allowance")) if section.has("allowance") else None,
        profile=read_profile(name, section),
        conformance=_conformance(section),
        reorder_within=timedelta(seconds=section.at_least("reorder-seconds", 0, _seconds(USUAL_REORDERING))),
        quota=_quota(section.section("quota")) if section.has("quota") else USUAL_QUOTA,
        certificates=_certificates(section),
        signing_secret=_signature(section.section("signature")) if section.has("signature") else "",
    )
    section.finish()
    return sender


def _quota(section: _Section) -> Quota:
    quota = Quota(
        calls=section.at_least("per-day", 1, USUAL_QUOTA.calls),
        megabytes=section.at_least("megabytes-per-day", 1, USUAL_QUOTA.megabytes),
    )
    section.finish()
    return quota


def _signature(section: _Section) -> str:
    secret = str(section.take("secret", str))
    section.finish()
    return secret


def _certificates(section: _Section) -> dict[str, tuple[str, ...]]:
    if not section.has("certificates"):
        return {}
    environments = section.section("certificates")
    found = {name: environments.texts(name, ()) for name in environments.names()}
    for name, prints in found.items():
        if not 1 <= len(prints) <= 2 or not all(_SHA_256.fullmatch(each) for each in prints):
            raise _invalid(environments.at(name), "one or two SHA-256 of certificates, in 64 hexadecimal digits")
    return {name: tuple(each.lower() for each in prints) for name, prints in found.items()}


def _conformance(section: _Section) -> tuple[Rule, ...]:
    places = _Section(section.take("conformance", dict, {}), section.at("conformance"))
    return tuple(_rule(places, place) for place in places.names())


def _rule(places: _Section, place: str) -> Rule:
    where = read_place(place)
    if where is None:
        raise _invalid(places.at(place), "a place such as PID, PID-5 or PID-5.1")
    section = places.section(place)
    usage = section.choice("usage", USAGES, "O")
    length = section.take("length", int, 0)
    if length < 0 or (length and not where[1]):
        raise _invalid(section.at("length"), "the most characters of a field or component")
    section.finish()
    return Rule(*where, usage=usage, length=length or None)  # type: ignore[arg-type]


def _receiver(section: _Section) -> Receiver:
    allow = {
        kind: tuple(elements) if isinstance(elements, list) else (str(elements),)
        for kind, elements in section.take("allow", dict, {}).items()
    }
    endpoint = _endpoint(section.section("endpoint"))
    receiver = Receiver(
        endpoint=endpoint,
        events=section.texts("events", ()),
        processing_ids=section.texts("processing-ids", ("P",)),
        allow=allow,
        consent=section.choice("consent", _CONSENT_RULES, "unless-denied"),  # type: ignore[arg-type]
        limits=_limits(section.section("limits")) if section.has("limits") else USUAL_LIMITS,
        secondary=_secondary(section.section("secondary"), endpoint.kind) if section.has("secondary") else None,
        visits=VisitFilter(section.texts("facilities", ()), section.texts("classes", ()), section.texts("units", ())),
        coalesce=timedelta(seconds=section.at_least("coalesce-seconds", 0, 0)),
        hl7v2=read_writing_preferences(section.section("hl7v2")) if section.has("hl7v2") else NO_PREFERENCES,
    )
    section.finish()
    return receiver


def _limits(section: _Section) -> Limits:
    rate = section.section("rate") if section.has("rate") else None
    limits = Limits(
        concurrency=section.at_least("concurrency", 1, USUAL_LIMITS.concurrency),
        rate=_rate(rate, rate.at_least("per-second", 1), seconds=1) if rate else None,
    )
    section.finish()
    return limits


def _allowance(section: _Section) -> Rate:
    return _rate(section, section.at_least("per-minute", 1), seconds=60)


def _rate(section: _Section, amount: int, *, seconds: int) -> Rate:
    rate = Rate(per_second=amount / seconds, burst=section.at_least("burst", 1, amount))
    section.finish()
    return rate


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def _secondary(section: _Section, kind: str) -> Secondary:
    secondary = Secondary(
        endpoint=_endpoint(section.section("endpoint")),
        after=timedelta(minutes=section.at_least("after-minutes", 1, 5)),
    )
    if secondary.endpoint.kind != kind:
        raise _invalid(f"{section.at('endpoint')}.kind", f"{kind}, as the endpoint: both get the same bodies")
    section.finish()
    return secondary


def _endpoint(section: _Section) -> Endpoint:
    credential = section.section("credential")
    proof = credential.choice("kind", _CREDENTIAL_KINDS)
    endpoint = Endpoint(
        kind=section.choice("kind", _ENDPOINT_KINDS),  # type: ignore[arg-type]
        url_setting=section.take("url-setting", str),
        credential=Credential(
            kind=proof,  # type: ignore[arg-type]
            secret=credential.take("secret", str, "" if proof == _MANAGED_IDENTITY else None),
            client_id=credential.take("client-id", str, ""),
            token_url_setting=credential.take("token-url-setting", str, ""),
            scope=credential.take("scope", str, ""),
        ),
        idempotent=section.take("idempotent", bool, False),
        timeout_seconds=float(section.at_least("timeout-seconds", 1, 10)),
    )
    credential.finish()
    section.finish()
    return endpoint


class _Section:
    """One mapping of the file, read key by key; `finish` refuses what nobody asked for."""

    def __init__(self, content: object, where: str) -> None:
        if not isinstance(content, Mapping):
            raise _invalid(where, "expected a mapping")
        self._content: dict[str, Any] = {str(key): value for key, value in content.items()}
        self._where = where
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """Return the place of `key` for an error."""
        return f"{self._where}{key}" if self._where.endswith(": ") else f"{self._where}.{key}"

    def has(self, key: str) -> bool:
        """Tell whether the section has `key`."""
        return key in self._content

    def names(self) -> list[str]:
        """Return the keys, where they are data rather than vocabulary."""
        return list(self._content)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return the value of `key`, of type `kind`; `default` when absent, an error without one."""
        self._asked.add(key)
        value = self._content.get(key, default)
        if value is None:
            raise _invalid(self.at(key), "required")
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise _invalid(self.at(key), f"expected {kind.__name__}")
        return value

    def at_least(self, key: str, least: int, default: int | None = None) -> int:
        """Return a whole number that is not below `least`."""
        value = self.take(key, int, default)
        if value < least:
            raise _invalid(self.at(key), f"at least {least}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Return one of `allowed`."""
        value = self.take(key, str, default)
        if value not in allowed:
            raise _invalid(self.at(key), f"one of {', '.join(allowed)}")
        return value

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list of strings."""
        values = self.take(key, list, list(default))
        if not all(isinstance(value, str) for value in values):
            raise _invalid(self.at(key), "expected a list of strings")
        return tuple(values)

    def section(self, key: str) -> _Section:
        """Return a section within this one."""
        self._asked.add(key)
        return _Section(self._content.get(key), self.at(key))

    def finish(self) -> None:
        """Refuse keys that nobody asked for: a typing error must not pass as silence."""
        for key in self._content:
            if key not in self._asked:
                raise _invalid(self.at(key), "unknown key")


def _invalid(location: str, text: str) -> ConfigurationError:
    return ConfigurationError("partner-file-invalid", location, text)
