"""
The ports of Corridor, named by role. Use cases know these; adapters fulfil them.

The ledger's own are in `shared.ledger_ports`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from shared.catalog.model import TrafficClass
from shared.landing import Landing
from shared.ledger import Hint
from shared.ledger_ports import Ledger
from shared.partners.model import Partners

Clock = Callable[[], datetime]


class Archive(Protocol):
    """Payloads as received and as sent: create-only, durable when `put` returns."""

    def put(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`; the same content again is success, other content raises RejectedError."""

    def get(self, name: str) -> bytes:
        """Return what is kept under `name`; RejectedError `archive-missing` if nothing is."""

    def free_bytes(self) -> int | None:
        """Return how much more fits; None where there is no limit that we could run into."""


class IntakeGate(Protocol):
    """Refuses a posting before a store fills or a partner posts more than was agreed (requirement D11)."""

    def admit(self, partner: str, traffic_class: TrafficClass = TrafficClass.REALTIME) -> None:
        """
        Return when the partner may post now; TransientError with `retry_after` when it may not.

        Bulk uses nothing of the partner's allowance, and stops long before anybody else must.
        """


class HintSender(Protocol):
    """Wakes workers over the bus. A failure to send is logged, never raised: the sweeper sends again."""

    def send(self, hints: Sequence[Hint]) -> None:
        """Send each hint to the queue of its function."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the bus gave up on, at `entity`; `reason` is the bus's own word, `is_fact` marks a subscription's."""

    entity: str
    sequence: int
    reason: str
    body: bytes
    enqueued_at: datetime | None
    is_fact: bool


class DeadLetters(Protocol):
    """The native dead-letter queues of every entity that the catalogue names."""

    def drain(self, take: Callable[[DeadLetter], None]) -> int:
        """Hand each letter to `take` and remove it afterwards; return how many. TransientError `bus-unavailable`."""


class FactPublisher(Protocol):
    """Publishes PHI-free facts as CloudEvents 1.0, to the topic `events` of the bus or that of Event Grid."""

    def publish(self, events: Sequence[dict[str, Any]]) -> None:
        """Send all or raise TransientError."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a destination answered: its own words reduced to a short receipt (status, version, location)."""

    receipt: str


class Destination(Protocol):
    """A system that takes deliveries."""

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """Deliver; TransientError when it may heal, RejectedError when the destination refuses the content."""


class Destinations(Protocol):
    """Every destination by the name of its partner file; `<name>/secondary` is its secondary endpoint."""

    def named(self, name: str) -> Destination:
        """Return the destination; ConfigurationError if it is not configured here."""


class Secrets(Protocol):
    """What Key Vault holds; rotated secrets are picked up within minutes."""

    def get(self, name: str) -> str:
        """Return the secret; ConfigurationError `secret-missing`, TransientError `key-vault-unavailable`."""

    def forget(self, name: str) -> None:
        """Ask anew next time: the other side says that it was rotated."""


class TokenVerifier(Protocol):
    """Checks a bearer token: signature, issuer, audience, expiry."""

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims; RejectedError `token-invalid` when the token is not good."""


@dataclass(frozen=True, repr=False)  # what a port holds, payloads among it, is nothing for a text
class Ports:
    """
    Everything that a use case may reach.

    `lease` is how long a worker may hold a stream without a sign of life. Replays of more deliveries than
    `four_eyes_above` are approved by somebody else than the planner. `behind_gateway`: calls must prove that they
    came by way of the gateway. `event_grid` is the enterprise's topic, where there is one.
    """

    ledger: Ledger
    archive: Archive
    hints: HintSender
    facts: FactPublisher
    destinations: Destinations
    tokens: TokenVerifier
    secrets: Secrets
    partners: Partners
    clock: Clock
    jitter: Random
    lease: timedelta
    max_body_bytes: int
    instance: str
    intake: IntakeGate
    dead_letters: DeadLetters
    landing: Landing
    four_eyes_above: int
    behind_gateway: bool = False
    event_grid: FactPublisher | None = None
