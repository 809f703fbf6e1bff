"""The official SDK publishes over https with a token; what is no CloudEvent, or nobody's, is refused."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridEvent, EventGridPublisherClient

from local.certificates import ensure_authority
from local.event_grid.config import Subscription, Topics, load_topics
from local.event_grid.publishing import Publishing
from local.event_grid.store import EventStore
from local.service_bus.tokens import KeySet, TokenVerifier
from local.supervisor.ports import listen
from shared.adapters.azure_event_grid import EventGridFactPublisher
from shared.errors import ConfigurationError, TransientError
from tests.local.service_bus.test_tls_and_tokens import ISSUER, Issuer

AUDIENCE = "https://eventgrid.azure.net"
TOPICS = Topics(frozenset({"facts"}), (Subscription("analytics", "facts", ("result.finalized",), queue="q"),))
FACT = {
    "specversion": "1.0",
    "id": "3f1d",
    "type": "result.finalized",
    "source": "urn:corridor:partner:riverside-lab",
    "subject": "messages/17",
    "time": "2026-03-14T12:00:00.000Z",
    "dataschema": "urn:corridor:event:result.finalized:1",
    "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
}


@dataclass
class Token:
    """A credential with one token."""

    value: str

    def get_token(self, *scopes: str, **options: object) -> AccessToken:
        return AccessToken(self.value, int(time.time()) + 600)


@dataclass
class Served:
    """The stand-in as a server of this process."""

    store: EventStore
    issuer: Issuer
    port: int
    trust: ssl.SSLContext

    def client(self, topic: str = "facts", token: str = "") -> EventGridPublisherClient:
        return EventGridPublisherClient(
            f"https://localhost:{self.port}/{topic}/api/events", Token(token or self.issuer.token(aud=AUDIENCE))
        )

    def owed(self) -> list[dict[str, object]]:
        return [delivery.event for delivery in self.store.due("analytics", 1e12)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("event-grid")
    authority = ensure_authority(folder / "certificates")
    certificate, key = authority.issue("event-grid")
    issuer, store = Issuer(folder / "keys.json"), EventStore(folder / "events.sqlite")
    tokens = TokenVerifier(KeySet(str(folder / "keys.json")), ISSUER, AUDIENCE)
    app = Publishing(TOPICS, store, tokens, lambda: None).application()
    socket = listen("event-grid", 0)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, ssl_certfile=certificate, ssl_keyfile=key, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, args=([socket],))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        thread.start()
        yield Served(store, issuer, socket.getsockname()[1], ssl.create_default_context(cafile=authority.ca_file))
        server.should_exit = True
        thread.join(10)
    store.close()


@pytest.fixture(autouse=True)
def _nothing_owed(served: Served) -> None:
    for delivery in served.store.due("analytics", 1e12):
        served.store.done(delivery)


def test_a_fact_that_the_product_publishes_is_owed_to_who_asked_for_its_type(served: Served) -> None:
    with served.client() as client:
        EventGridFactPublisher(client).publish([FACT, {**FACT, "id": "3f1e", "type": "encounter.admitted"}])

    (owed,) = served.owed()
    assert FACT == {key: owed[key] for key in FACT}


def test_nothing_is_published_without_a_token_for_event_grid(served: Served) -> None:
    with served.client(token=served.issuer.token()) as client:
        with pytest.raises(ClientAuthenticationError):
            client.send(CloudEvent("/x", "y"))
        with pytest.raises(TransientError, match="event-grid-unavailable"):
            EventGridFactPublisher(client).publish([FACT])
    assert [] == served.owed()


def test_a_topic_that_is_not_there_is_not_found(served: Served) -> None:
    with served.client("other") as client, pytest.raises(ResourceNotFoundError):
        client.send(CloudEvent("/x", "y"))


def test_events_of_the_older_schema_are_refused(served: Served) -> None:
    with served.client() as client, pytest.raises(HttpResponseError):
        client.send(EventGridEvent("s", "t", {}, "1"))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 400),
        (json.dumps([{**FACT, "specversion": "0.3"}]).encode(), 400),
        (json.dumps({key: FACT[key] for key in ("specversion", "id", "type")}).encode(), 400),
        (b'["text"]', 400),
        (b'"' + b"x" * (1 << 20) + b'"', 413),
    ],
    ids=["no-json", "version", "no-source", "no-object", "too-large"],
)
def test_what_is_no_cloudevent_is_refused(served: Served, body: bytes, status: int) -> None:
    url = f"https://localhost:{served.port}/facts/api/events"
    headers = {
        "Authorization": f"Bearer {served.issuer.token(aud=AUDIENCE)}",
        "Content-Type": "application/cloudevents-batch+json",
    }

    assert status == httpx.post(url, content=body, headers=headers, verify=served.trust).status_code
    assert 401 == httpx.post(url, content=body, verify=served.trust).status_code
    assert 200 == httpx.get(f"https://localhost:{served.port}/healthz", verify=served.trust).status_code
    assert [] == served.owed()


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "{}",
        '{"topics": [], "subscriptions": [{"name": "s", "topic": "absent", "queue": "q"}]}',
        '{"topics": ["t"], "subscriptions": [{"name": "s", "topic": "t"}]}',
        '{"topics": ["t"], "subscriptions": [{"name": "s", "topic": "t", "queue": "q", "webhook": "w"}]}',
    ],
    ids=["no-json", "empty", "no-topic", "nowhere", "two-ways"],
)
def test_a_configuration_that_cannot_be_meant_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "topics.json").write_text(content)

    with pytest.raises(ConfigurationError, match="event-grid-config-invalid"):
        load_topics(tmp_path / "topics.json")
