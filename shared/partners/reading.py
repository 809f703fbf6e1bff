"""
Reads partner files (`partners/<name>.yaml`) strictly: an unknown key or a wrong type names its place.

Errors are ConfigurationError `partner-file-invalid` with a location such as `riverside-lab.yaml: sends.time-zone`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from shared.formats.hl7v2.conformance.rules import USAGES, Rule, read_place
from shared.formats.hl7v2.structures import is_defined
from shared.partners.hl7v2_writing import NO_PREFERENCES, read_writing_preferences
from shared.partners.model import (
    EVERYTHING,
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
from shared.partners.sections import Section, invalid, read_file

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
    top = read_file(file)
    name = top.take("name", str)
    if name != file.stem:
        raise invalid(f"{file.name}: name", "the name is the name of the file")
    partner = Partner(
        name=name,
        title=top.take("title", str),
        contact=top.take("contact", str),
        sends=_sender(name, top.section("sends")) if top.has("sends") else None,
        receives=_receiver(top.section("receives")) if top.has("receives") else None,
    )
    top.finish()
    return partner


def _sender(name: str, section: Section) -> Sender:
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


def _quota(section: Section) -> Quota:
    quota = Quota(
        calls=section.at_least("per-day", 1, USUAL_QUOTA.calls),
        megabytes=section.at_least("megabytes-per-day", 1, USUAL_QUOTA.megabytes),
    )
    section.finish()
    return quota


def _signature(section: Section) -> str:
    secret = str(section.take("secret", str))
    section.finish()
    return secret


def _certificates(section: Section) -> dict[str, tuple[str, ...]]:
    if not section.has("certificates"):
        return {}
    environments = section.section("certificates")
    found = {name: environments.texts(name, ()) for name in environments.names()}
    for name, prints in found.items():
        if not 1 <= len(prints) <= 2 or not all(_SHA_256.fullmatch(each) for each in prints):
            raise invalid(environments.at(name), "one or two SHA-256 of certificates, in 64 hexadecimal digits")
    return {name: tuple(each.lower() for each in prints) for name, prints in found.items()}


def _conformance(section: Section) -> tuple[Rule, ...]:
    places = Section(section.take("conformance", dict, {}), section.at("conformance"))
    return tuple(_rule(places, place) for place in places.names())


def _rule(places: Section, place: str) -> Rule:
    where = read_place(place)
    if where is None:
        raise invalid(places.at(place), "a place such as PID, PID-5 or PID-5.1")
    section = places.section(place)
    usage = section.choice("usage", USAGES, "O")
    length = section.at_least("length", 1) if section.has("length") else None
    if length and not where[1]:
        raise invalid(section.at("length"), "the most characters of a field or component")
    if not is_defined(*where[:2]):
        raise invalid(places.at(place), "no version of HL7 v2 has such a segment or field")
    section.finish()
    return Rule(*where, usage=usage, length=length)  # type: ignore[arg-type]


def _receiver(section: Section) -> Receiver:
    allow = _allow(Section(section.take("allow", dict, {}), section.at("allow")))
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


def _allow(section: Section) -> dict[str, tuple[str, ...]]:
    everything = {kind for kind in section.names() if section.has_value(kind, EVERYTHING)}
    return {kind: (EVERYTHING,) if kind in everything else section.texts(kind, ()) for kind in section.names()}


def _limits(section: Section) -> Limits:
    rate = section.section("rate") if section.has("rate") else None
    limits = Limits(
        concurrency=section.at_least("concurrency", 1, USUAL_LIMITS.concurrency),
        rate=_rate(rate, rate.at_least("per-second", 1), seconds=1) if rate else None,
    )
    section.finish()
    return limits


def _allowance(section: Section) -> Rate:
    return _rate(section, section.at_least("per-minute", 1), seconds=60)


def _rate(section: Section, amount: int, *, seconds: int) -> Rate:
    rate = Rate(per_second=amount / seconds, burst=section.at_least("burst", 1, amount))
    section.finish()
    return rate


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def _secondary(section: Section, kind: str) -> Secondary:
    secondary = Secondary(
        endpoint=_endpoint(section.section("endpoint")),
        after=timedelta(minutes=section.at_least("after-minutes", 1, 5)),
    )
    if secondary.endpoint.kind != kind:
        raise invalid(f"{section.at('endpoint')}.kind", f"{kind}, as the endpoint: both get the same bodies")
    section.finish()
    return secondary


def _endpoint(section: Section) -> Endpoint:
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
