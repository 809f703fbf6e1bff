"""
Who may call the gateway and how much: one caller per partner that sends, read from its file.

    per minute   the partner's allowance; its burst comes on top, so that the gateway never refuses what the
                 function behind it would take: that one keeps the exact book
    per day      the partner's quota, which nobody else counts
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.partners.model import Partner, Rate, Sender

_KILOBYTES = 1000
_USUAL = Rate(per_second=50, burst=3000)


@dataclass(frozen=True, slots=True)
class Caller:
    """One partner as the gateway knows it; without `certificates` its token alone proves it."""

    name: str
    title: str
    calls_per_minute: int
    calls_per_day: int
    kilobytes_per_day: int
    certificates: tuple[str, ...]


def callers(partners: Iterable[Partner], environment: str, *, mutual_tls: bool) -> tuple[Caller, ...]:
    """Return the callers in the order of their names; ValueError for one without a certificate where one is asked."""
    senders = [(partner, partner.sends) for partner in partners if partner.sends is not None]
    found = tuple(_caller(partner, sender, environment, mutual_tls) for partner, sender in senders)
    return tuple(sorted(found, key=lambda caller: caller.name))


def _caller(partner: Partner, sender: Sender, environment: str, mutual_tls: bool) -> Caller:
    certificates = sender.certificates.get(environment, ()) if mutual_tls else ()
    if mutual_tls and not certificates:
        raise ValueError(
            f"partners/{partner.name}.yaml: sends.certificates.{environment}: "
            "give the SHA-256 of the partner's certificate, or set corridor:mutualTls to false"
        )
    allowance = sender.allowance or _USUAL
    return Caller(
        name=partner.name,
        title=partner.title,
        calls_per_minute=round(allowance.per_second * 60) + allowance.burst,
        calls_per_day=sender.quota.calls,
        kilobytes_per_day=sender.quota.megabytes * _KILOBYTES,
        certificates=certificates,
    )
