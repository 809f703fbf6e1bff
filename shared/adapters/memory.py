"""Fakes of the outward ports, for unit tests: they keep what they were given and fail when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.catalog.model import TrafficClass
from shared.errors import IntegrationError, RejectedError, TransientError
from shared.landing import Sighting
from shared.ledger import Hint
from shared.ports import DeadLetter, Destination, Sent


@dataclass
class FixedClock:
    """A clock that stands until it is moved."""

    now: datetime

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def advance(self, step: timedelta) -> None:
        """Move the time on."""
        self.now += step


@dataclass
class MemoryArchive:
    """A create-only archive in a dictionary."""

    contents: dict[str, bytes] = field(default_factory=dict)

    def put(self, name: str, content: bytes) -> None:
        """Keep `content`; other content under the same name is refused."""
        if self.contents.setdefault(name, content) != content:
            raise RejectedError("archive-conflict", text="the name is taken by other content")

    def get(self, name: str) -> bytes:
        """Return the content; RejectedError `archive-missing` if there is none."""
        try:
            return self.contents[name]
        except KeyError as error:
            raise RejectedError("archive-missing", text="the archive holds nothing under this name") from error

    def free_bytes(self) -> int | None:
        """Return None: memory is not what a test runs out of."""
        return None


@dataclass
class OpenDoor:
    """An intake gate that refuses whom it is told to, with the error it is told."""

    refused: dict[str, IntegrationError] = field(default_factory=dict)

    def admit(self, partner: str, traffic_class: TrafficClass = TrafficClass.REALTIME) -> None:
        """Let the partner in, or refuse it as told."""
        if error := self.refused.get(partner):
            raise error


@dataclass
class RecordedHints:
    """Keeps hints instead of sending them."""

    sent: list[Hint] = field(default_factory=list)

    def send(self, hints: Sequence[Hint]) -> None:
        """Keep the hints."""
        self.sent.extend(hints)

    def take(self) -> list[Hint]:
        """Return what was sent since the last call."""
        taken, self.sent = self.sent, []
        return taken


@dataclass
class RecordedFacts:
    """Keeps published events."""

    published: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, events: Sequence[dict[str, Any]]) -> None:
        """Keep the events."""
        self.published.extend(events)


@dataclass
class FewDeadLetters:
    """Dead letters that wait to be drained; one that is not taken stays."""

    waiting: list[DeadLetter] = field(default_factory=list)

    def drain(self, take: Callable[[DeadLetter], None]) -> int:
        """Hand each letter to `take`, and forget it then."""
        drained = 0
        while self.waiting:
            take(self.waiting[0])
            self.waiting.pop(0)
            drained += 1
        return drained


@dataclass
class MemoryLanding:
    """A landing storage in a dictionary; whatever is `put` gets a new etag. It fails while `away`."""

    clock: Callable[[], datetime]
    contents: dict[tuple[str, str], tuple[Sighting, bytes]] = field(default_factory=dict)
    away: bool = False
    piece: int = 64
    writes: int = 0

    def put(self, container: str, name: str, content: bytes) -> Sighting:
        """Make or replace a file, as its sender does."""
        self.writes += 1
        sighting = Sighting(container, name, f"etag-{self.writes}", len(content), self.clock())
        self.contents[container, name] = sighting, content
        return sighting

    def look(self, container: str, name: str) -> Sighting | None:
        """Return the file as it is now."""
        self._reach()
        found = self.contents.get((container, name))
        return found[0] if found else None

    def read(self, file: Sighting, position: int) -> Iterator[bytes]:
        """Yield small pieces; each is of the version that was asked for."""
        while position < file.size:
            self._reach()
            now, content = self.contents.get((file.container, file.name), (None, b""))
            if now != file:
                raise RejectedError("file-changed", "", "the file is no longer what it was")
            yield content[position : position + self.piece]
            position += self.piece

    def write(self, container: str, name: str, content: Iterable[bytes]) -> None:
        """Make the file of all of `content`."""
        self._reach()
        self.put(container, name, b"".join(content))

    def _reach(self) -> None:
        if self.away:
            raise TransientError("landing-unavailable", text="the landing storage cannot be reached")


@dataclass
class FakeDestination:
    """
    A destination that remembers what it took, by idempotency key.

    Each error in `failures` is raised once, in order, before deliveries succeed. With `forgetful` it does not
    honour the key.
    """

    failures: list[IntegrationError] = field(default_factory=list)
    effects: list[tuple[str, bytes]] = field(default_factory=list)
    forgetful: bool = False

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """Take the body, or fail as told."""
        if self.failures:
            raise self.failures.pop(0)
        if self.forgetful or all(key != idempotency_key for key, _ in self.effects):
            self.effects.append((idempotency_key, body))
        return Sent("taken")


@dataclass
class FakeDestinations:
    """Destinations by name; an unknown name gets a new one that always succeeds."""

    by_name: dict[str, FakeDestination] = field(default_factory=dict)

    def named(self, name: str) -> Destination:
        """Return the destination."""
        return self.by_name.setdefault(name, FakeDestination())


@dataclass
class KnownSecrets:
    """Secrets by name; `rotated` ones are seen once the old one is forgotten."""

    current: dict[str, str] = field(default_factory=dict)
    rotated: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return the secret."""
        return self.current[name]

    def forget(self, name: str) -> None:
        """See what it was rotated to."""
        if name in self.rotated:
            self.current[name] = self.rotated.pop(name)


@dataclass
class KnownTokens:
    """Tokens that are good, with their claims."""

    claims: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a known token; RejectedError `token-invalid` for any other."""
        try:
            return self.claims[token]
        except KeyError as error:
            raise RejectedError("token-invalid", "Authorization", "the bearer token is not valid") from error
