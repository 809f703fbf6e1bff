from __future__ import annotations

import asyncio
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusClient, ServiceBusMessage, TransportType
from azure.servicebus.exceptions import ServiceBusError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from proton.utils import BlockingConnection, LinkDetached

from local.service_bus.tokens import KeySet, TokenError, TokenVerifier
from tests.local.service_bus.conftest import SDK_LEAVES_SOCKETS_OPEN, BrokerProcess, namespace

pytestmark = SDK_LEAVES_SOCKETS_OPEN
BrokerOf = Callable[..., BrokerProcess]
CONFIG = namespace({"q": {}})
ISSUER, AUDIENCE = "https://issuer.test", "https://servicebus.azure.net"


class Issuer:
    """Keys, the file that publishes them and the tokens they sign."""

    def __init__(self, path: Path) -> None:
        self.path, self._keys = path, dict[str, ec.EllipticCurvePrivateKey]()
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        """Sign with a new key from now on and publish it alone."""
        key = ec.generate_private_key(ec.SECP256R1())
        self._keys[key_id], self.key_id = key, key_id
        published = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
        self.path.write_text(json.dumps({"keys": [{**published, "kid": key_id, "use": "sig", "alg": "ES256"}]}))

    def token(self, lifetime: float = 600, key_id: str | None = None, **claims: Any) -> str:
        key_id = key_id or self.key_id
        payload = {"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + lifetime, **claims}
        return jwt.encode(payload, self._keys[key_id], algorithm="ES256", headers={"kid": key_id})


class Credential:
    """A TokenCredential that hands out what it is told to."""

    def __init__(self, *tokens: str, lifetime: float = 600) -> None:
        self._tokens, self._lifetime = list(tokens), lifetime

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token = self._tokens.pop(0) if len(self._tokens) > 1 else self._tokens[0]
        return AccessToken(token, int(time.time() + self._lifetime))


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path / "jwks.json")


@pytest.fixture
def guarded(broker_of: BrokerOf, issuer: Issuer) -> BrokerProcess:
    options = ("--issuer-jwks", str(issuer.path), "--issuer", ISSUER, "--audience", AUDIENCE)
    return broker_of(CONFIG, *options).start()


def client_of(broker: BrokerProcess, credential: Any, retries: int = 0) -> ServiceBusClient:
    return ServiceBusClient(
        f"localhost:{broker.port}", credential, use_tls=False, retry_total=retries, retry_backoff_factor=0.1
    )


def test_a_valid_token_opens_links_and_a_refused_one_does_not(guarded: BrokerProcess, issuer: Issuer) -> None:
    with client_of(guarded, Credential(issuer.token())) as client:
        client.get_queue_sender("q").send_messages(ServiceBusMessage("allowed"))

    with client_of(guarded, Credential(issuer.token(aud="another"))) as client, pytest.raises(ServiceBusError):
        client.get_queue_sender("q").send_messages(ServiceBusMessage("refused"))
    assert "token refused: the token is refused: InvalidAudienceError" in guarded.log.read_text()


def test_a_shared_access_key_is_no_token(guarded: BrokerProcess) -> None:
    with (
        ServiceBusClient.from_connection_string(guarded.connection_string, retry_total=0) as client,
        pytest.raises(ServiceBusError),
    ):
        client.get_queue_sender("q").send_messages(ServiceBusMessage("refused"))


@pytest.mark.parametrize("address", ["q", "q/$management"])
def test_no_link_opens_before_a_token_was_put(guarded: BrokerProcess, address: str) -> None:
    connection = BlockingConnection(f"127.0.0.1:{guarded.port}", timeout=5)
    with pytest.raises(LinkDetached, match="amqp:unauthorized-access"):
        connection.create_sender(address)
    with pytest.raises(LinkDetached, match="amqp:unauthorized-access"):
        connection.create_receiver(address)
    connection.close()


def test_links_are_detached_when_the_token_expires_and_come_back_with_a_new_one(
    guarded: BrokerProcess, issuer: Issuer, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    credential = Credential(issuer.token(lifetime=3), issuer.token())
    with client_of(guarded, credential, retries=2) as client:
        sender = client.get_queue_sender("q")
        sender.send_messages(ServiceBusMessage("before"))
        eventually(lambda: "link detached: amqp:unauthorized-access" in guarded.log.read_text())
        sender.send_messages(ServiceBusMessage("after"))
        peeked = client.get_queue_receiver("q").peek_messages(5)

    assert [str(message) for message in peeked] == ["before", "after"]


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"iss": "https://other.test"}, "InvalidIssuerError"),
        ({"aud": "other"}, "InvalidAudienceError"),
        ({"exp": 1000}, "ExpiredSignatureError"),
        ({"exp": None}, "MissingRequiredClaimError"),
    ],
)
def test_a_token_that_is_not_for_us_is_refused(issuer: Issuer, claims: dict[str, Any], said: str) -> None:
    verifier = TokenVerifier(KeySet(str(issuer.path)), ISSUER, AUDIENCE)

    with pytest.raises(TokenError, match=said):
        asyncio.run(verifier.verify(issuer.token(**claims)))


def test_a_token_of_a_foreign_key_and_no_token_at_all_are_refused(issuer: Issuer, tmp_path: Path) -> None:
    verifier = TokenVerifier(KeySet(str(issuer.path)), ISSUER, AUDIENCE)
    foreign = Issuer(tmp_path / "foreign.json")
    stranger = jwt.encode({"iss": ISSUER}, "0" * 32, algorithm="HS256", headers={"kid": "first"})

    for token, said in (
        (foreign.token(), "InvalidSignatureError"),
        ("no token", "DecodeError"),
        (stranger, "Invalid"),
    ):
        with pytest.raises(TokenError, match=said):
            asyncio.run(verifier.verify(token))
    foreign.rotate("unknown")
    with pytest.raises(TokenError, match="key is not the issuer's"):
        asyncio.run(verifier.verify(foreign.token()))


@pytest.fixture
def key_server(issuer: Issuer) -> Iterator[tuple[str, list[str]]]:
    """Publish the issuer's file over http; the second value lists the requests."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if self.path == "/keys" else 404)
            self.end_headers()
            self.wfile.write(issuer.path.read_bytes())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_keys_are_fetched_when_needed_kept_and_fetched_again_for_an_unknown_key(
    issuer: Issuer, key_server: tuple[str, list[str]]
) -> None:
    url, asked = key_server
    now = [0.0]
    verifier = TokenVerifier(KeySet(f"{url}/keys", lambda: now[0]), ISSUER, AUDIENCE)

    async def verify() -> list[int]:
        counts = [len(asked)]
        for _ in range(3):
            await verifier.verify(issuer.token())
        counts.append(len(asked))
        issuer.rotate("second")
        with pytest.raises(TokenError):  # asked a moment ago
            await verifier.verify(issuer.token())
        counts.append(len(asked))
        now[0] = 1.0
        await verifier.verify(issuer.token())
        counts.append(len(asked))
        return counts

    assert asyncio.run(verify()) == [0, 1, 1, 2]


def test_an_issuer_that_does_not_answer_refuses_new_keys_and_spares_known_ones(
    issuer: Issuer, key_server: tuple[str, list[str]], tmp_path: Path
) -> None:
    url, _ = key_server
    with pytest.raises(TokenError, match="keys cannot be read: OSError"):
        asyncio.run(TokenVerifier(KeySet(f"{url}/nothing"), ISSUER, AUDIENCE).verify(issuer.token()))
    now = [0.0]
    verifier = TokenVerifier(KeySet(str(issuer.path), lambda: now[0]), ISSUER, AUDIENCE)
    asyncio.run(verifier.verify(issuer.token()))
    issuer.rotate("second")
    issuer.path.write_text("no json")
    now[0] = 5.0
    with pytest.raises(TokenError, match="key is not the issuer's"):
        asyncio.run(verifier.verify(issuer.token()))

    asyncio.run(verifier.verify(issuer.token(key_id="first")))


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate for this host, good as its own authority."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = directory / "ca.pem", directory / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return pem, private


def test_with_a_certificate_the_port_speaks_tls_alone(broker_of: BrokerOf, issuer: Issuer, tmp_path: Path) -> None:
    pem, key = certificate(tmp_path)
    broker = broker_of(CONFIG, "--certificate", str(pem), "--key", str(key)).start()
    credential: Any = Credential("any")
    body = bytes(range(256)) * 1500
    with ServiceBusClient(
        "localhost", credential, retry_total=0, connection_verify=str(pem), transport_type=TransportType.Amqp,
        custom_endpoint_address=f"sb://localhost:{broker.port}",
    ) as client:  # fmt: skip
        client.get_queue_sender("q").send_messages(ServiceBusMessage(body))
        receiver = client.get_queue_receiver("q")
        message = receiver.receive_messages(1, max_wait_time=5)[0]
        assert b"".join(message.body) == body
        receiver.complete_message(message)
    with client_of(broker, credential) as client, pytest.raises(ServiceBusError):
        client.get_queue_sender("q").send_messages(ServiceBusMessage("in the clear"))
