"""
The partner file as Corridor sees it: who sends what, who receives what, and how.

Everything in which one partner differs from another is data here; a new partner is one file and no code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from shared.partners.profile import PartnerProfile


@dataclass(frozen=True, slots=True)
class Sender:
    """What a partner may post: `profile` is what the mapping needs to know of it."""

    processing_ids: tuple[str, ...]
    refuse_reused_control_ids: bool
    profile: PartnerProfile


@dataclass(frozen=True, slots=True)
class Credential:
    """How Corridor proves itself to a destination; `secret` is the name of a Key Vault secret, never a value."""

    kind: Literal["oauth2", "hmac"]
    secret: str
    client_id: str = ""
    token_url_setting: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """
    Where deliveries go. The URL is the value of the setting `url_setting`, since it differs per environment.

    `idempotent` says whether the destination honours our idempotency key; where it does not, a delivery that
    may have arrived twice is recorded as possibly repeated (invariant 2).
    """

    kind: Literal["fhir-r4", "webhook"]
    url_setting: str
    credential: Credential
    idempotent: bool
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Receiver:
    """
    What a partner receives: which events, which elements, under which consent rule.

    `allow` maps a FHIR resource type to the elements that may leave (`*`: all of them); a type that is not
    listed does not leave at all. An empty `allow` lets everything pass.
    """

    endpoint: Endpoint
    events: tuple[str, ...]
    allow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    consent: Literal["unless-denied", "if-permitted"] = "unless-denied"

    def wants(self, event_type: str) -> bool:
        """Tell whether the partner's filter takes this event (shell-style pattern, e.g. `result.*`)."""
        return any(fnmatchcase(event_type, pattern) for pattern in self.events)


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner file."""

    name: str
    title: str
    contact: str
    sends: Sender | None
    receives: Receiver | None


@dataclass(frozen=True)
class Partners:
    """Every partner by name."""

    by_name: dict[str, Partner]

    def get(self, name: str) -> Partner | None:
        """Return the partner, or None."""
        return self.by_name.get(name)

    def receivers_of(self, event_type: str) -> tuple[Partner, ...]:
        """Return the partners whose filter takes the event, in the order of their names."""
        return tuple(
            partner
            for name, partner in sorted(self.by_name.items())
            if partner.receives is not None and partner.receives.wants(event_type)
        )
