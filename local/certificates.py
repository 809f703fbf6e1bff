"""
The local certificate authority: https between stand-ins, trusted by nobody outside the data directory.

    ca.pem                  the bundle that clients verify with (REQUESTS_CA_BUNDLE, SSL_CERT_FILE, connection_verify)
    ca.key                  the authority's key
    <name>.pem, <name>.key  one pair per server, for localhost and 127.0.0.1 unless told otherwise

The directory has mode 0700 and every file 0600. Authority and pairs are renewed when they are used within
the last third of their lives; renewing the authority renews every pair at its next `issue`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.private_files import private_directory, write_private

AUTHORITY_LIFE = timedelta(days=730)
SERVER_LIFE = timedelta(days=90)
LOOPBACK = ("localhost", "127.0.0.1")

Now = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority of one directory. `ca_file` is what clients verify servers with."""

    ca_file: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    now: Now = _utc_now

    def issue(self, name: str, hosts: Sequence[str] = LOOPBACK) -> tuple[Path, Path]:
        """Return the files of a server's certificate and key, kept while they are good. Idempotent."""
        cert_file, key_file = (self.ca_file.parent / f"{name}{suffix}" for suffix in (".pem", ".key"))
        if not self._is_good(cert_file, key_file, hosts):
            key = ec.generate_private_key(ec.SECP256R1())
            write_private(key_file, _key_pem(key))
            write_private(cert_file, _certificate_pem(self._server_certificate(name, hosts, key)))
        return cert_file, key_file

    def _is_good(self, cert_file: Path, key_file: Path, hosts: Sequence[str]) -> bool:
        pair = _load(cert_file, key_file)
        if pair is None or _near_its_end(pair[0], self.now()):
            return False
        names = pair[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if list(names) != _alternative_names(hosts):
            return False
        try:
            pair[0].verify_directly_issued_by(self.certificate)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _server_certificate(
        self, name: str, hosts: Sequence[str], key: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        authority_key = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            _template(_name(name), self.certificate.subject, key.public_key(), self.now(), SERVER_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(_alternative_names(hosts)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_key), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )


def ensure_authority(directory: Path, now: Now = _utc_now) -> Authority:
    """Return the directory's authority, made or renewed when needed. Idempotent."""
    private_directory(directory)
    ca_file, key_file = directory / "ca.pem", directory / "ca.key"
    pair = _load(ca_file, key_file)
    if pair is None or _near_its_end(pair[0], now()):
        key = ec.generate_private_key(ec.SECP256R1())
        pair = (_authority_certificate(key, now()), key)
        write_private(key_file, _key_pem(key))
        write_private(ca_file, _certificate_pem(pair[0]))
    return Authority(ca_file, *pair, now)


def _authority_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name(f"Corridor local authority {now:%Y-%m-%d}")
    return (
        _template(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _template(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # A laptop's clock is set back now and then; a certificate of tomorrow would stop everything.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative_names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _near_its_end(certificate: x509.Certificate, now: datetime) -> bool:
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return now > certificate.not_valid_after_utc - life / 3


def _load(cert_file: Path, key_file: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """Return the pair, or None when a file is absent, cut off, or not the other's partner."""
    try:
        certificate = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        return None
    return certificate, key


def _certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
