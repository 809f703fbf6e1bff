"""What can be done to a bus from outside: its messages doubled and shuffled, and messages that nobody can read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import httpx

from local.platform.principals import APP_CLIENT_ID
from shared.catalog.index import queues

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.servicebus import ServiceBusClient

    from local.platform.running import Platform

_PEEKED_AT_ONCE = 100
_LATEST_SECONDS = 4.0
_INSISTENCE_SECONDS = 20.0
_PAUSE_SECONDS = 0.3
_UNREADABLE = (b"\x00\xff no hint at all", b'{"stream": "none"}', b"{}")
_API_VERSION = "2019-08-01"


@dataclass(frozen=True, slots=True)
class _Identity:
    """The app's own identity, asked for where the app asks for it."""

    url: str
    header: str

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        asked = {
            "resource": scopes[0].removesuffix("/.default"),
            "api-version": _API_VERSION,
            "client_id": APP_CLIENT_ID,
        }
        headers = {"X-IDENTITY-HEADER": self.header}
        answer = httpx.get(self.url, params=asked, headers=headers, timeout=10, trust_env=False).raise_for_status()
        return AccessToken(answer.json()["access_token"], int(answer.json()["expires_on"]))


@contextmanager
def _client(platform: Platform) -> Iterator[ServiceBusClient]:
    from azure.servicebus import ServiceBusClient, TransportType

    layout = platform.layout
    identity = _Identity(f"{layout.issuer_url}/identity", platform.principals.secret("identity-header"))
    with ServiceBusClient(
        "localhost",
        identity,
        custom_endpoint_address=f"sb://localhost:{layout.ports.service_bus}",
        transport_type=TransportType.Amqp,
        connection_verify=str(layout.folder("certificates") / "ca.pem"),
        retry_total=0,
    ) as client:
        yield client


def disorder(platform: Platform, seed: int, seconds: float) -> str:
    """Send every hint that can be seen in the queues again, twice, at times drawn anew: doubled and reordered."""
    rng = Random(f"disorder {seed}")  # noqa: S311 -- it must be repeatable, not secret
    seen: set[tuple[str, int]] = set()
    counts = [0]

    def act(client: ServiceBusClient) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for queue in queues():
                counts[0] += _double(client, queue.name, seen, rng)

    told = _insisting(platform, act)
    return f"{counts[0]} copies of hints sent out of order{told}"


def poison(platform: Platform) -> str:
    """Put messages that nobody can read into every queue."""
    from azure.servicebus import ServiceBusMessage

    left = [queue.name for queue in queues()]
    wanted = len(left)

    def act(client: ServiceBusClient) -> None:
        while left:
            with client.get_queue_sender(left[-1]) as sender:
                sender.send_messages([ServiceBusMessage(body) for body in _UNREADABLE])
            left.pop()

    told = _insisting(platform, act)
    return f"{(wanted - len(left)) * len(_UNREADABLE)} unreadable messages{told}"


def _insisting(platform: Platform, act: Callable[[ServiceBusClient], None]) -> str:
    """Act, again where the bus was away (another fault may have it), and return what to add to the note."""
    from azure.servicebus.exceptions import ServiceBusError

    deadline = time.monotonic() + _INSISTENCE_SECONDS
    while True:
        try:
            with _client(platform) as client:
                act(client)
            return ""
        except (ServiceBusError, httpx.HTTPError) as error:
            if time.monotonic() > deadline:
                return f", then the bus was away ({type(error).__name__})"
            time.sleep(_PAUSE_SECONDS)


def _double(client: ServiceBusClient, queue: str, seen: set[tuple[str, int]], rng: Random) -> int:
    """Schedule two copies of each message of the queue that was not seen before; return how many were scheduled."""
    from azure.servicebus import ServiceBusMessage

    with client.get_queue_receiver(queue) as receiver:
        peeked = receiver.peek_messages(_PEEKED_AT_ONCE)
    fresh = [one for one in peeked if (queue, one.sequence_number or 0) not in seen]
    seen |= {(queue, one.sequence_number or 0) for one in fresh}
    bodies = [b"".join(one.body) for one in fresh] * 2
    if bodies:
        now = datetime.now(UTC)
        with client.get_queue_sender(queue) as sender:
            for body in rng.sample(bodies, len(bodies)):
                sender.schedule_messages(
                    ServiceBusMessage(body), now + timedelta(seconds=rng.random() * _LATEST_SECONDS)
                )
    return len(bodies)
