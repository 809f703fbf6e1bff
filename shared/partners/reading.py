"""
Reads partner files (`partners/<name>.yaml`) strictly: an unknown key or a wrong type names its place.

Errors are ConfigurationError `partner-file-invalid` with a location such as `riverside-lab.yaml: sends.time-zone`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from shared.errors import ConfigurationError
from shared.partners.model import Credential, Endpoint, Partner, Partners, Receiver, Sender
from shared.partners.profile import CodeMapping, ExtensionMapping, PartnerProfile

T = TypeVar("T")
_CONSENT_RULES = ("unless-denied", "if-permitted")
_ENDPOINT_KINDS = ("fhir-r4", "webhook")
_CREDENTIAL_KINDS = ("oauth2", "hmac")


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
    zone = section.take("time-zone", str, "")
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise _invalid(section.at("time-zone"), "no such time zone") from error
    sender = Sender(
        processing_ids=section.texts("processing-ids", ("P",)),
        refuse_reused_control_ids=section.take("refuse-reused-control-ids", bool, False),
        profile=PartnerProfile(
            name=name,
            time_zone=zone or None,
            default_charset=section.take("default-character-set", str, "") or None,
            assigning_authorities=section.take("assigning-authorities", dict, {}),
            code_maps=_code_maps(section),
            z_fields=_z_fields(section),
        ),
    )
    section.finish()
    return sender


def _code_maps(section: _Section) -> dict[str, dict[str, CodeMapping]]:
    maps: dict[str, dict[str, CodeMapping]] = {}
    for field, codes in section.take("code-maps", dict, {}).items():
        entries = _Section(codes, section.at(f"code-maps.{field}"))
        maps[field] = {code: _code(entries.section(code)) for code in entries.names()}
    return maps


def _z_fields(section: _Section) -> dict[str, ExtensionMapping]:
    fields = _Section(section.take("z-fields", dict, {}), section.at("z-fields"))
    return {name: _extension(fields.section(name)) for name in fields.names()}


def _extension(section: _Section) -> ExtensionMapping:
    mapping = ExtensionMapping(resource=section.take("resource", str), url=section.take("url", str))
    section.finish()
    return mapping


def _code(section: _Section) -> CodeMapping:
    mapping = CodeMapping(
        system=section.take("system", str),
        code=section.take("code", str),
        display=section.take("display", str, "") or None,
    )
    section.finish()
    return mapping


def _receiver(section: _Section) -> Receiver:
    allow = {
        kind: tuple(elements) if isinstance(elements, list) else (str(elements),)
        for kind, elements in section.take("allow", dict, {}).items()
    }
    receiver = Receiver(
        endpoint=_endpoint(section.section("endpoint")),
        events=section.texts("events", ()),
        allow=allow,
        consent=section.choice("consent", _CONSENT_RULES, "unless-denied"),  # type: ignore[arg-type]
    )
    section.finish()
    return receiver


def _endpoint(section: _Section) -> Endpoint:
    credential = section.section("credential")
    endpoint = Endpoint(
        kind=section.choice("kind", _ENDPOINT_KINDS),  # type: ignore[arg-type]
        url_setting=section.take("url-setting", str),
        credential=Credential(
            kind=credential.choice("kind", _CREDENTIAL_KINDS),  # type: ignore[arg-type]
            secret=credential.take("secret", str),
            client_id=credential.take("client-id", str, ""),
            token_url_setting=credential.take("token-url-setting", str, ""),
            scope=credential.take("scope", str, ""),
        ),
        idempotent=section.take("idempotent", bool, False),
        timeout_seconds=float(section.take("timeout-seconds", int, 10)),
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
