from __future__ import annotations

import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509

from local.certificates import AUTHORITY_LIFE, SERVER_LIFE, Authority, ensure_authority

TODAY = datetime(2026, 3, 1, tzinfo=UTC)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """A test's output is its assertion."""


def status_over_https(authority: Authority, trusted: Path, host: str) -> int:
    """Serve one request with a certificate of this authority and ask for it over TLS, strictly verified."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*authority.issue("answer"))
    client = ssl.create_default_context(cafile=str(trusted))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        server.socket = served.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        connection = HTTPSConnection(host, server.server_port, context=client, timeout=10)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        finally:
            connection.close()
            thread.join()


def expiry(cert_file: Path) -> datetime:
    return x509.load_pem_x509_certificate(cert_file.read_bytes()).not_valid_after_utc


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_with_an_issued_certificate_is_trusted_by_both_names_of_this_machine(
    host: str, tmp_path: Path
) -> None:
    authority = ensure_authority(tmp_path)

    assert 204 == status_over_https(authority, authority.ca_file, host)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_of_another_authority_is_not_trusted(tmp_path: Path) -> None:
    ours, theirs = ensure_authority(tmp_path / "ours"), ensure_authority(tmp_path / "theirs")

    with pytest.raises(ssl.SSLCertVerificationError):
        status_over_https(theirs, ours.ca_file, "localhost")


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    directory = tmp_path / "certificates"
    ensure_authority(directory).issue("vault")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}

    assert dict.fromkeys(("ca.pem", "ca.key", "vault.pem", "vault.key"), 384) == modes
    assert 0o700 == stat.S_IMODE(directory.stat().st_mode)


def test_the_same_files_serve_until_a_third_of_their_life_is_left(tmp_path: Path) -> None:
    ensure_authority(tmp_path, lambda: TODAY).issue("vault")
    first = expiry(tmp_path / "vault.pem")

    ensure_authority(tmp_path, lambda: TODAY + SERVER_LIFE / 2).issue("vault")
    kept = expiry(tmp_path / "vault.pem")
    ensure_authority(tmp_path, lambda: TODAY + SERVER_LIFE * 0.8).issue("vault")
    renewed = expiry(tmp_path / "vault.pem")

    assert first == kept
    assert first + SERVER_LIFE * 0.8 == renewed


def test_a_renewed_authority_renews_what_it_issued(tmp_path: Path) -> None:
    shortly_before = TODAY + AUTHORITY_LIFE * 2 / 3 - timedelta(days=2)
    ensure_authority(tmp_path, lambda: TODAY)
    old = ensure_authority(tmp_path, lambda: shortly_before)
    cert_file, _ = old.issue("vault")
    x509.load_pem_x509_certificate(cert_file.read_bytes()).verify_directly_issued_by(old.certificate)

    new = ensure_authority(tmp_path, lambda: shortly_before + timedelta(days=3))
    new.issue("vault")

    assert old.certificate != new.certificate
    x509.load_pem_x509_certificate(cert_file.read_bytes()).verify_directly_issued_by(new.certificate)


def test_other_hosts_and_damaged_files_make_a_new_pair(tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path)
    cert_file, key_file = authority.issue("vault")
    for_localhost = cert_file.read_bytes()
    authority.issue("vault", ["vault.example", "127.0.0.1"])
    for_others = cert_file.read_bytes()
    key_file.write_bytes(key_file.read_bytes()[:100])

    authority.issue("vault", ["vault.example", "127.0.0.1"])

    assert 3 == len({for_localhost, for_others, cert_file.read_bytes()})
