"""
The partner file as Corridor sees it: who sends what, who receives what, and how.

Everything in which one partner differs from another is data here; a new partner is one file and no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal

from shared.formats.hl7v2.conformance.rules import Rule
from shared.partners.hl7v2_writing import NO_PREFERENCES, WritingPreferences
from shared.partners.profile import PartnerProfile


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and then `per_second`."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What a partner may post in a day, as the gateway counts it."""

    calls: int
    megabytes: int


USUAL_QUOTA = Quota(calls=250_000, megabytes=10_000)
USUAL_REORDERING = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Sender:
    """
    What a partner may post, and how much: `profile` is what the mapping needs to know of it.

    `certificates` has, per environment, the SHA-256 (64 hexadecimal digits, lower case) of the client certificates
    that it proves itself by: two while one takes the other's place. `reorder_within` is how long a message that comes
    before what it stands on (a discharge before its admission) waits for that. `signing_secret` names the Key Vault
    secret with the keys that it signs each posting with; empty: it does not sign.
    """

    processing_ids: tuple[str, ...]
    refuse_reused_control_ids: bool
    profile: PartnerProfile
    conformance: tuple[Rule, ...] = ()
    reorder_within: timedelta = USUAL_REORDERING
    allowance: Rate | None = None
    quota: Quota = USUAL_QUOTA
    certificates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signing_secret: str = ""


@dataclass(frozen=True, slots=True)
class Credential:
    """
    How Corridor proves itself to a destination; `secret` is the name of a Key Vault secret, never a value.

    The app's managed identity has no secret.
    """

    kind: Literal["oauth2", "hmac", "managed-identity"]
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

    kind: Literal["fhir-r4", "hl7v2", "webhook", "file"]
    url_setting: str
    credential: Credential
    idempotent: bool
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination wants to take, over all workers: deliveries at once (one per patient), and a rate."""

    concurrency: int = 3
    rate: Rate | None = None

    def for_bulk(self) -> Limits:
        """Return what bulk may take of it: of several places one is kept for what comes one by one."""
        return replace(self, concurrency=max(1, self.concurrency - 1))


USUAL_LIMITS = Limits()
# In place of a list: whatever there is may leave.
EVERYTHING = "*"

SECONDARY = "/secondary"
"""What follows a destination's name in the way to its secondary endpoint."""


@dataclass(frozen=True, slots=True)
class Secondary:
    """Where deliveries go once the endpoint has been away for `after`; they come back when it answers again."""

    endpoint: Endpoint
    after: timedelta


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """
    What a message says of a visit, for the filters: as sent, before and after.

    A patient who moves out of a unit concerns the unit that is left as well as the new one.
    """

    facilities: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()


NOWHERE = Whereabouts()


@dataclass(frozen=True, slots=True)
class VisitFilter:
    """
    Which visits a partner wants to hear of, by shell-style patterns (`ICU*`); without patterns all.

    What a message does not say keeps nobody from it: a merge names no unit and concerns every one.
    """

    facilities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def takes(self, where: Whereabouts) -> bool:
        """Tell whether a visit of these whereabouts passes."""
        pairs = (
            (self.facilities, where.facilities),
            (self.classes, where.classes),
            (self.units, where.units),
        )
        return all(
            not patterns or not values or any(fnmatchcase(value, pattern) for value in values for pattern in patterns)
            for patterns, values in pairs
        )


EVERY_VISIT = VisitFilter()


@dataclass(frozen=True, slots=True)
class Receiver:
    """
    What a partner receives: which events, which elements, under which consent rule.

    `allow` maps a FHIR resource type to the elements that may leave (`*`: all of them); a type that is not
    listed does not leave at all. An empty `allow` lets everything pass. Policy: what was sent for training or
    debugging (MSH-11) goes only to a receiver whose `processing_ids` ask for it. Updates of one visit that follow one
    another within `coalesce` become one. `hl7v2` is how HL7 v2 is written for the partner.
    """

    endpoint: Endpoint
    events: tuple[str, ...]
    allow: dict[str, tuple[str, ...]] = field(default_factory=dict)
    consent: Literal["unless-denied", "if-permitted"] = "unless-denied"
    limits: Limits = USUAL_LIMITS
    secondary: Secondary | None = None
    processing_ids: tuple[str, ...] = ("P",)
    visits: VisitFilter = EVERY_VISIT
    coalesce: timedelta = timedelta(0)
    hl7v2: WritingPreferences = NO_PREFERENCES

    def endpoint_over(self, way: str) -> Endpoint | None:
        """Return the endpoint that a way ends at; None when it names a secondary one and there is none any more."""
        if not way.endswith(SECONDARY):
            return self.endpoint
        return self.secondary.endpoint if self.secondary else None

    def wants(self, event_type: str, where: Whereabouts = NOWHERE) -> bool:
        """Tell whether the partner's filter takes this event (shell-style pattern, e.g. `result.*`) of this visit."""
        return any(fnmatchcase(event_type, pattern) for pattern in self.events) and self.visits.takes(where)


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

    def receivers_of(
        self, event_type: str, processing_id: str = "P", where: Whereabouts = NOWHERE
    ) -> tuple[Partner, ...]:
        """Return the partners that take the event of a message with this MSH-11, in the order of their names."""
        return tuple(
            partner
            for name, partner in sorted(self.by_name.items())
            if partner.receives is not None
            and partner.receives.wants(event_type, where)
            and processing_id in partner.receives.processing_ids
        )
